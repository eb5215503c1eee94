"""Attributes on the wire (``KeyValue`` bytes) to names and plain values. Pure.

Values become ``str``, ``bool``, ``int``, ``float``, ``bytes``, lists and dictionaries, as ``AnyValue`` has them
(opentelemetry-proto v1, ``common.proto``). The forms that make up nearly all traffic are read here byte by byte, the
others by protobuf; what is short is remembered, because most short attributes come again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Any, Final, TypeAlias

from google.protobuf.message import DecodeError

from spanglass_collector.errors import Rejected
from spanglass_collector.wire_messages import KeyValue

Value: TypeAlias = "str | bool | int | float | bytes | list[Value] | dict[str, Value] | None"
Attributes: TypeAlias = Mapping[str, Value]

SHORT_BYTES: Final = 64
MAX_REMEMBERED: Final = 8192
_KEY, _VALUE, _STRING, _BOOL, _INT, _DOUBLE = 0x0A, 0x12, 0x0A, 0x10, 0x18, 0x21
_double: Final = Struct("<d").unpack_from

Pair: TypeAlias = tuple[str, Value]
"""Name and value."""


class Pairs:
    """Reads attributes and remembers the short ones: those met lately, in two halves of which the older is let go."""

    def __init__(self) -> None:
        self._lately: dict[bytes, Pair] = {}
        self._before: dict[bytes, Pair] = {}

    def read(self, encoded: Iterable[bytes]) -> dict[str, Value]:
        """Name to value. Of a name told twice the last counts, as the specification leaves open.

        The values are everybody's: nobody changes a list or a dictionary among them. Raises Rejected for bytes that
        are no ``KeyValue``.
        """
        known, short = self._lately.get, self._short
        return dict([parsed(each) if len(each) > SHORT_BYTES else known(each) or short(each) for each in encoded])

    def _short(self, encoded: bytes) -> Pair:
        pair = self._before.get(encoded) or parsed(encoded)
        if len(self._lately) >= MAX_REMEMBERED:
            self._before = dict(self._lately)
            self._lately.clear()  # the same object: `read` may be in the middle of it
        self._lately[encoded] = pair
        return pair


def parsed(encoded: bytes) -> Pair:
    """One attribute; whatever is not quite as writers write it goes to protobuf. Raises Rejected for no ``KeyValue``."""
    try:
        at = encoded[1] + 2
        if encoded[0] == _KEY and at < 130 and encoded[at] == _VALUE:
            name = _NAMES.get(encoded[2:at]) or _name(encoded[2:at])
            # tag and length of the AnyValue, tag and perhaps length of what is in it, that
            rest = len(encoded) - at
            size, kind = encoded[at + 1], encoded[at + 2]
            if size > 127:
                if (
                    encoded[at + 3] == _STRING
                    and size & 127 | kind << 7 == rest - 3
                    and encoded[at + 4] & 127 | encoded[at + 5] << 7 == rest - 6
                ):
                    return name, encoded[at + 6 :].decode("utf-8", "replace")
            elif size == rest - 2:
                if kind == _STRING and encoded[at + 3] == rest - 4:
                    return name, encoded[at + 4 :].decode("utf-8", "replace")
                if kind == _INT:
                    return name, _int(encoded, at + 3)
                if kind == _BOOL and rest == 4:
                    return name, encoded[at + 3] == 1
                if kind == _DOUBLE and rest == 11:
                    return name, _double(encoded, at + 3)[0]
    except IndexError:
        pass
    return _by_protobuf(encoded)


_NAMES: Final[dict[bytes, str]] = {}


def _name(encoded: bytes) -> str:
    """A name that was not known, as text: the same object from now on."""
    if len(_NAMES) >= MAX_REMEMBERED:
        _NAMES.clear()
    name = _NAMES[encoded] = encoded.decode("utf-8", "replace")
    return name


def _int(encoded: bytes, at: int) -> int:
    """The signed number that takes the rest of the bytes. Raises IndexError where it does not."""
    number = shift = 0
    last = len(encoded) - 1
    while encoded[at] > 127:
        number |= (encoded[at] & 127) << shift
        shift += 7
        at += 1
    if at != last or shift > 63:
        raise IndexError
    number |= encoded[at] << shift
    return number - (1 << 64) if number >> 63 else number


def _by_protobuf(encoded: bytes) -> Pair:
    try:
        pair = KeyValue.FromString(encoded)
    except DecodeError as error:
        msg = "An attribute cannot be parsed as protobuf."
        raise Rejected(msg) from error
    return text_from_proto(pair.key), value_from_proto(pair.value)


def attributes_from_proto(pairs: Iterable[Any]) -> dict[str, Value]:
    """Name to value of parsed ``KeyValue`` messages. Of a name told twice the last counts."""
    return {text_from_proto(pair.key): value_from_proto(pair.value) for pair in pairs}


def value_from_proto(value: Any) -> Value:
    """The Python value of an ``AnyValue``; None for one that holds nothing."""
    kind = value.WhichOneof("value")
    match kind:
        case "string_value":
            return text_from_proto(value.string_value)
        case "int_value" | "bool_value" | "double_value" | "bytes_value":
            told: Value = getattr(value, kind)
            return told
        case "array_value":
            return [value_from_proto(item) for item in value.array_value.values]
        case "kvlist_value":
            return attributes_from_proto(value.kvlist_value.values)
    return None


def text_from_proto(value: str | bytes) -> str:
    """Text of our messages or of OpenTelemetry's; what is no UTF-8 in it is replaced."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
