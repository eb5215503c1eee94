"""Python values to ClickHouse's Native format, for the handful of types the house uses.

Native is columns in blocks: number of columns and of rows (variable-length integers), then for each column its
name, its type and its values (https://clickhouse.com/docs/interfaces/formats/Native). Blocks of one table may be
joined by putting them behind one another, which is what lets the queue keep rows ready to insert.

``LowCardinality`` is left out on the wire: the server adds it, as ``input_format_native_allow_types_conversion``
is on by default.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, chain
from typing import Any

from spanglass_store.sheet import Sheet, joined

Encode = Callable[[Sequence[Any]], bytes]

_INTEGERS = {"UInt8": "B", "UInt16": "H", "UInt32": "I", "UInt64": "Q", "Int64": "q", "Float64": "d", "Bool": "B"}
_ZERO: Mapping[str, Any] = {"String": "", "UInt32": 0, "UInt64": 0, "Float64": 0.0}


@dataclass(frozen=True, slots=True)
class Block:
    """``rows`` rows of ``table`` as Native bytes, ready to insert."""

    table: str
    body: bytes
    rows: int

    @staticmethod
    def concat(blocks: Sequence[Block]) -> Block:
        """One block of all rows, in order. Raises ValueError for no blocks or for blocks of several tables."""
        tables = {block.table for block in blocks}
        if len(tables) != 1:
            msg = f"blocks of exactly one table can be joined, got {sorted(tables)}"
            raise ValueError(msg)
        return Block(tables.pop(), b"".join(b.body for b in blocks), sum(b.rows for b in blocks))


def block_from_columns(table: str, columns: Sequence[tuple[str, str, Sequence[Any]]]) -> Block:
    """A block from (name, ClickHouse type, values) triples of equal length; no rows make an empty body."""
    rows = len(columns[0][2]) if columns else 0
    if not rows:
        return Block(table, b"", 0)
    parts = [varint(len(columns)), varint(rows)]
    for name, type_, values in columns:
        parts += (head(name, type_), _encoder(type_)(values))
    return Block(table, b"".join(parts), rows)


def block_from_sheets(table: str, columns: Sequence[tuple[str, str, Any]], sheets: Sequence[Sheet]) -> Block:
    """A block of all rows of the sheets: (name, ClickHouse type, default) triples. Raises KeyError for a name that is
    no column.
    """
    count = sum(sheet.count for sheet in sheets)
    if not count:
        return Block(table, b"", 0)
    known = {name for name, _, _ in columns}
    for sheet in sheets:
        if strange := sheet.columns.keys() - known:
            raise KeyError(*strange)
    parts = [varint(len(columns)), varint(count)]
    for name, type_, default in columns:
        values = joined(sheets, name, default)
        parts.append(head(name, type_))
        parts.append(_blank(type_, default, count) if values is None else _encoder(type_)(values))
    return Block(table, b"".join(parts), count)


@cache
def head(name: str, type_: str) -> bytes:
    """What stands before the values of a column."""
    return _text(name) + _text(wire_type(type_))


def _blank(type_: str, default: Any, count: int) -> bytes:
    """A column of nothing but its default."""
    if type_.startswith("Nullable"):
        return _encoder(type_)([None] * count)
    if type_.startswith(("Array", "Map")):
        return bytes(8 * count)
    return _encoder(type_)([default]) * count


def wire_type(type_: str) -> str:
    """The type as it is sent: without LowCardinality."""
    return re.sub(r"LowCardinality\((\w+)\)", r"\1", type_)


def varint(number: int) -> bytes:
    """LEB128, as protobuf has it."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


_VARINTS = tuple(varint(n) for n in range(16_384))


def _text(value: str) -> bytes:
    data = value.encode("utf-8", "replace")
    size = len(data)
    return (_VARINTS[size] if size < len(_VARINTS) else varint(size)) + data


def _texts(values: Sequence[str]) -> bytes:
    """Texts that are mostly new."""
    encoded = [value.encode("utf-8", "replace") if value else b"" for value in values]
    sizes = [_VARINTS[len(each)] if len(each) < len(_VARINTS) else varint(len(each)) for each in encoded]
    return b"".join(chain.from_iterable(zip(sizes, encoded, strict=True)))


class _Words(dict[str, bytes]):
    """Texts that come again and again, encoded once; bounded, because clients choose them."""

    def __missing__(self, value: str) -> bytes:
        if len(self) >= _MAX_WORDS:
            self.clear()
        encoded = self[value] = _text(value)
        return encoded


_MAX_WORDS = 20_000
_WORDS = _Words()


def _words(values: Sequence[str]) -> bytes:
    return b"".join([_WORDS[value] for value in values])


@cache
def _encoder(type_: str) -> Encode:
    """The function that writes a column of this type. Raises ValueError for a type the house does not use."""
    if type_ == "String":
        return _texts
    if type_ == "LowCardinality(String)":
        return _words
    if code := _INTEGERS.get(type_):
        return lambda values: array(code, values).tobytes()
    name, _, rest = type_.partition("(")
    inner = rest[:-1]
    match name:
        case "FixedString":
            return b"".join
        case "DateTime64":
            return lambda values: array("q", values).tobytes()
        case "Decimal":
            return lambda values: array("q", values).tobytes()
        case "Nullable":
            return _nullable(inner)
        case "Array":
            item = _encoder(inner)
            return lambda values: _offsets(values) + item(list(chain.from_iterable(values)))
        case "Map":
            return _map(*(_encoder(part.strip()) for part in inner.split(",", 1)))
    msg = f"no Native encoding for {type_}"
    raise ValueError(msg)


def _offsets(values: Sequence[Any]) -> bytes:
    return array("Q", accumulate(map(len, values))).tobytes()


def _map(key: Encode, value: Encode) -> Encode:
    def encode(values: Sequence[Mapping[Any, Any]]) -> bytes:
        distinct = {id(each): each for each in values}
        if len(distinct) * 4 < len(values):  # as of a resource, which all its spans share
            keys = {known: key(list(each)) for known, each in distinct.items()}
            items = {known: value(list(each.values())) for known, each in distinct.items()}
            order = [*map(id, values)]
            return b"".join((_offsets(values), *map(keys.__getitem__, order), *map(items.__getitem__, order)))
        return b"".join(
            (
                _offsets(values),
                key([*chain.from_iterable(values)]),
                value([*chain.from_iterable([each.values() for each in values])]),
            )
        )

    return encode


def _nullable(inner: str) -> Encode:
    item, zero = _encoder(inner), _ZERO.get(inner, 0)

    def encode(values: Sequence[Any]) -> bytes:
        if None not in values:
            return bytes(len(values)) + item(values)
        nulls = bytes([value is None for value in values])
        return nulls + item([zero if value is None else value for value in values])

    return encode


if struct.pack("=H", 1) != b"\x01\x00":  # array writes in the machine's order, Native is little-endian
    msg = "spanglass runs on little-endian machines only"
    raise ImportError(msg)
