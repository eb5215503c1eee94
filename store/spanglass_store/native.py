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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, chain
from typing import Any

from spanglass_store.packed import Maps, Same, Texts, all_same, packed, varint
from spanglass_store.pieces import Pieces
from spanglass_store.sheet import Sheet, chunks
from spanglass_store.streams import streams_of

__all__ = ["Block", "block_from_columns", "block_from_sheets", "varint", "wire_type"]

Chunks = Sequence[Sequence[Any]]
"""The values of one column, a part after the other."""
Encode = Callable[[Chunks], list[list[bytes]]]
"""The values as they are sent, for each of the type's ``streams`` in pieces: they are joined once, with those of all
columns."""
Body = bytes | memoryview | Pieces

_INTEGERS = {"UInt8": "B", "UInt16": "H", "UInt32": "I", "UInt64": "Q", "Int64": "q", "Float64": "d", "Bool": "B"}
_ZERO: Mapping[str, Any] = {"String": "", "UInt32": 0, "UInt64": 0, "Float64": 0.0}


@dataclass(frozen=True, slots=True)
class Block:
    """``rows`` rows of ``table`` as Native bytes, ready to insert.

    ``cuts``: the number of columns and then the sizes of those streams whose rows differ in size, as ``varint`` writes
    them: enough to cut the body into its columns (``joined``). Empty: not told.
    """

    table: str
    body: Body
    rows: int
    cuts: bytes = field(default=b"", compare=False)


def block_from_columns(table: str, columns: Sequence[tuple[str, str, Sequence[Any]]]) -> Block:
    """A block from (name, ClickHouse type, values) triples of equal length; no rows make an empty body."""
    rows = len(columns[0][2]) if columns else 0
    if not rows:
        return Block(table, b"", 0)
    parts = [varint(len(columns)), varint(rows)]
    for name, type_, values in columns:
        parts += (head(name, type_), *chain.from_iterable(_encoder(type_)([values])))
    return Block(table, b"".join(parts), rows)


def block_from_sheets(table: str, columns: Sequence[tuple[str, str, Any]], sheets: Sequence[Sheet]) -> Block:
    """A block of all rows of the sheets: (name, ClickHouse type, default) triples. Raises KeyError for a name that is
    no column.

    Columns that no sheet fills are left out where their default is also ClickHouse's, which fills them in.
    """
    count = sum(sheet.count for sheet in sheets)
    if not count:
        return Block(table, b"", 0)
    filled = set().union(*(sheet.columns for sheet in sheets))
    if strange := filled - {name for name, _, _ in columns}:
        raise KeyError(*strange)
    sent = [column for column in columns if column[0] in filled or column[2]]
    parts = [varint(len(sent)), varint(count)]
    cuts = [parts[0]]
    for name, type_, default in sent:
        parts.append(head(name, type_))
        for stream, pieces in zip(streams_of(type_), _encoder(type_)(chunks(sheets, name, default)), strict=True):
            if stream.width:
                parts += pieces
            elif pieces and len(pieces[0]) < SHORT_BYTES:  # joining short ones is as quick as looking at their sizes
                parts.append(b"".join(pieces))
                cuts.append(varint(len(parts[-1])))
            else:
                parts += pieces
                cuts.append(varint(sum(map(len, pieces))))
    return Block(table, b"".join(parts), count, b"".join(cuts))


@cache
def head(name: str, type_: str) -> bytes:
    """What stands before the values of a column."""
    return packed(name) + packed(wire_type(type_))


def wire_type(type_: str) -> str:
    """The type as it is sent: without LowCardinality."""
    return re.sub(r"LowCardinality\((\w+)\)", r"\1", type_)


class _Words(dict[str, bytes]):
    """Texts that come again and again, packed once; bounded, because clients choose them."""

    def __missing__(self, value: str) -> bytes:
        if len(self) >= _MAX_WORDS:
            self.clear()
        found = self[value] = packed(value)
        return found


SHORT_BYTES = 256
_MAX_WORDS = 20_000
_WORDS = _Words()


def _words(values: Sequence[str]) -> bytes:
    if values and all_same(values):
        return _WORDS[values[0]] * len(values)
    return b"".join(map(_WORDS.__getitem__, values))


def _texts(values: Sequence[str]) -> bytes:
    """Texts that are mostly new."""
    return b"".join([packed(value) if value else b"\0" for value in values])


@cache
def _encoder(type_: str) -> Encode:
    """The function that writes a column of this type. Raises ValueError for a type the house does not use."""
    if type_ == "String":
        return _scalar(_texts)
    if type_ == "LowCardinality(String)":
        return _scalar(_words)
    if code := _INTEGERS.get(type_):
        return _scalar(_numbers(code))
    name, _, rest = type_.partition("(")
    inner = rest[:-1]
    match name:
        case "FixedString":
            return _scalar(b"".join)
        case "DateTime64" | "Decimal":
            return _scalar(_numbers("q"))
        case "Nullable":
            return _nullable(inner)
        case "Array":
            return _array(_encoder(inner))
        case "Map":
            return _map(*(_encoder(part.strip()) for part in inner.split(",", 1)))
    msg = f"no Native encoding for {type_}"
    raise ValueError(msg)


def _numbers(code: str) -> Callable[[Sequence[Any]], bytes]:
    """What writes numbers of this kind of ``struct``, which takes half as long as ``array`` unless they are one."""
    return lambda values: values.tobytes() if type(values) is array else struct.pack(f"<{len(values)}{code}", *values)


def _scalar(plain: Callable[[Sequence[Any]], bytes]) -> Encode:
    """Values one behind the other; ``plain`` writes those that are not ready."""

    def encode(parts: Chunks) -> list[list[bytes]]:
        pieces: list[bytes] = []
        for part in parts:
            if type(part) is Texts:
                pieces += part.packed
            elif type(part) is Same:
                pieces.append(plain([part.value]) * part.size)
            else:
                pieces.append(plain(part))
        return [pieces]

    return encode


def _nullable(inner: str) -> Encode:
    """Of numbers alone: packing one tells by itself that a None is among them, which a text would not."""
    if not streams_of(inner)[0].width or inner.startswith("FixedString"):
        msg = f"no Native encoding for Nullable({inner})"
        raise ValueError(msg)
    item, zero = _encoder(inner), _ZERO.get(inner, 0)

    def encode(parts: Chunks) -> list[list[bytes]]:
        nulls: list[bytes] = []
        values: list[bytes] = []
        for part in parts:
            if type(part) is Same:
                is_null = part.value is None
                nulls.append((b"\x01" if is_null else b"\x00") * part.size)
                values.append(_whole(item([Same(zero, part.size) if is_null else part])))
                continue
            try:
                values.append(_whole(item([part])))
                nulls.append(bytes(len(part)))
            except struct.error:  # a None among them: to look for one first would take as long again
                values.append(_whole(item([[zero if value is None else value for value in part]])))
                nulls.append(bytes([value is None for value in part]))
        return [nulls, values]

    return encode


def _array(item: Encode) -> Encode:
    def encode(parts: Chunks) -> list[list[bytes]]:
        parts = [_same(part) for part in parts]
        entries = [
            _whole(item([part.value])) * part.size
            if type(part) is Same
            else _whole(item([[*chain.from_iterable(part)]]))
            for part in parts
        ]
        return [_offsets(parts), entries]

    return encode


def _same(part: Sequence[Any]) -> Sequence[Any]:
    """The rows, as one value where all have it."""
    return Same(part[0], len(part)) if type(part) in {list, tuple} and all_same(part) else part


def _map(key: Encode, value: Encode) -> Encode:
    def encode(parts: Chunks) -> list[list[bytes]]:
        keys: list[bytes] = []
        values: list[bytes] = []
        for part in parts:
            if type(part) is Maps:
                keys.append(_whole(key([[*part.columns]])) * len(part))
                values += chain.from_iterable(zip(*(texts.packed for texts in part.columns.values()), strict=True))
            elif type(part) is Same:
                keys.append(_whole(key([[*part.value]])) * part.size)
                values.append(_whole(value([[*part.value.values()]])) * part.size)
            else:
                keys.append(_whole(key([[*chain.from_iterable(part)]])))
                values.append(_whole(value([[*chain.from_iterable([each.values() for each in part])]])))
        return [_offsets(parts), keys, values]

    return encode


def _whole(streams: list[list[bytes]]) -> bytes:
    return b"".join(chain.from_iterable(streams))


def _offsets(parts: Chunks) -> list[bytes]:
    """For each row where its entries end, counted from the first row's first entry."""
    ends: list[bytes] = []
    end = 0
    for part in parts:
        size = len(part.columns) if type(part) is Maps else len(part.value) if type(part) is Same else -1
        if size < 0:
            sizes: Iterable[int] = accumulate(map(len, part), initial=end)
            found = array("Q", sizes)[1:]
        else:
            found = (
                array("Q", range(end + size, end + size * len(part) + 1, size))
                if size
                else array("Q", [end]) * len(part)
            )
        ends.append(found.tobytes())
        end = found[-1] if found else end
    return ends


if struct.pack("=H", 1) != b"\x01\x00":  # array writes in the machine's order, Native is little-endian
    msg = "spanglass runs on little-endian machines only"
    raise ImportError(msg)
