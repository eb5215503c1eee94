"""Single values of protobuf's JSON mapping to their bytes on the wire. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any, Final, NoReturn, TypeAlias

from google.protobuf.descriptor import FieldDescriptor

Encode: TypeAlias = Callable[[Any], bytes]
"""A JSON value as protobuf has it, without its tag. Raises ValueError or TypeError for a wrong one."""

BYTES: Final = 2
_VARINT, _FIXED64, _FIXED32 = 0, 1, 5  # https://protobuf.dev/programming-guides/encoding/#structure


def varint(number: int) -> bytes:
    """A number from 0 on, seven bits a byte."""
    if number < 0x80:
        return bytes((number,))
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def of_enum(numbers: Mapping[str, int]) -> Encode:
    """An enumeration: a number. Its names are against OTLP's rules; protobuf's own writers send them all the same."""

    def encode(value: Any) -> bytes:
        return _int32(numbers[value] if isinstance(value, str) and value in numbers else value)

    return encode


def hexadecimal(value: Any) -> bytes:
    """An id; empty for what is none."""
    try:
        return bytes.fromhex(value)
    except (ValueError, TypeError):
        return b""


def _whole(lowest: int, highest: int) -> Callable[[Any], int]:
    """Numbers of 64 bits come as text, because JavaScript has none; some senders write numbers, or 1.0."""

    def number(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            _wrong(value, "whole number")
        try:
            whole = int(value)
        except (ValueError, OverflowError):
            _wrong(value, "whole number")
        if (isinstance(value, float) and whole != value) or not lowest <= whole <= highest:
            _wrong(value, f"whole number from {lowest} to {highest}")
        return whole

    return number


def _varint_of(lowest: int, highest: int) -> Encode:
    number = _whole(lowest, highest)
    return lambda value: varint(number(value) & 0xFFFF_FFFF_FFFF_FFFF)


def _zigzag(value: Any) -> bytes:
    number = _signed32(value)
    return varint(number << 1 if number >= 0 else -number * 2 - 1)


def _packed(form: str, lowest: int, highest: int) -> Encode:
    pack, number = Struct(form).pack, _whole(lowest, highest)
    return lambda value: pack(number(value))


def _double(value: Any) -> bytes:
    """Numbers, also as text: ``"NaN"``, ``"Infinity"``, ``"-Infinity"``, ``"1.5"``."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        _wrong(value, "number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        _wrong(value, "number")
    return _pack_double(number)


def _bool(value: Any) -> bytes:
    truth = {"true": b"\1", "false": b"\0"}.get(str(value).lower())
    if truth is None or not isinstance(value, bool | str):
        _wrong(value, "truth value")
    return truth


def _string(value: Any) -> bytes:
    if not isinstance(value, str):
        _wrong(value, "text")
    try:
        return value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _base64(value: Any) -> bytes:
    """Base64, with or without padding, in either alphabet."""
    if not isinstance(value, str):
        _wrong(value, "base64 text")
    plain = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        decoded = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        _wrong(value, "base64 text")
    return decoded


def _wrong(value: Any, wanted: str) -> NoReturn:
    msg = f"{repr(value)[:40]} is no {wanted}"
    raise ValueError(msg)


_pack_double: Final = Struct("<d").pack
_signed32: Final = _whole(-(2**31), 2**31 - 1)
_int32: Final = _varint_of(-(2**31), 2**31 - 1)

SCALARS: Final[Mapping[int, tuple[int, Encode]]] = {
    FieldDescriptor.TYPE_BOOL: (_VARINT, _bool),
    FieldDescriptor.TYPE_BYTES: (BYTES, _base64),
    FieldDescriptor.TYPE_DOUBLE: (_FIXED64, _double),
    FieldDescriptor.TYPE_FIXED32: (_FIXED32, _packed("<I", 0, 2**32 - 1)),
    FieldDescriptor.TYPE_FIXED64: (_FIXED64, _packed("<Q", 0, 2**64 - 1)),
    FieldDescriptor.TYPE_INT32: (_VARINT, _int32),
    FieldDescriptor.TYPE_INT64: (_VARINT, _varint_of(-(2**63), 2**63 - 1)),
    FieldDescriptor.TYPE_SFIXED64: (_FIXED64, _packed("<q", -(2**63), 2**63 - 1)),
    FieldDescriptor.TYPE_SINT32: (_VARINT, _zigzag),
    FieldDescriptor.TYPE_STRING: (BYTES, _string),
    FieldDescriptor.TYPE_UINT32: (_VARINT, _varint_of(0, 2**32 - 1)),
    FieldDescriptor.TYPE_UINT64: (_VARINT, _varint_of(0, 2**64 - 1)),
}
"""Type of a field to its wire type and how its value is written: those that OTLP uses."""
