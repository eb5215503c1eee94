"""One attribute of many spans, in the bytes it came in, read as a whole column in the form that is asked for. Pure.

The bytes are those of ``KeyValue`` (``attributes``). ClickHouse writes a text as protobuf does, its length and then its
UTF-8: so a text can go from the request to the database without being made a ``str`` in between, which is what makes
reading a span cheap. What is short is remembered, because most short attributes come again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Generic, TypeVar

from spanglass_collector.attributes import SHORT_BYTES, Value, parsed
from spanglass_collector.values import as_text
from spanglass_store.packed import Texts, packed, varint

T = TypeVar("T")
MAX_REMEMBERED: Final = 16_384
NAME_AT: Final = 2
"""Where the name begins: behind the field's tag and the name's length."""
_NAME, _VALUE, _STRING = 0x0A, 0x12, 0x0A


def name_of(begins: bytes) -> str | None:
    """The name that an attribute tells with its first bytes, those before the length of its value; None where they are
    not as nearly everybody writes them.
    """
    size = len(begins) - 3
    usual = size > 0 and begins[0] == _NAME and begins[1] == size < 128 and begins[-1] == _VALUE
    return begins[NAME_AT:-1].decode("utf-8", "replace") if usual else None


class Remembered(dict[bytes, T], Generic[T]):
    """What was made of short attributes lately. Nobody changes it."""

    def __init__(self, make: Callable[[bytes], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, encoded: bytes) -> T:
        found = self._make(encoded)
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        self[encoded] = found
        return found

    def of(self, column: Sequence[bytes]) -> list[T]:
        """What is made of each."""
        make = self._make
        return [self[each] if len(each) <= SHORT_BYTES else make(each) for each in column]


class Encoded:
    """``column``: the attribute of each span. They begin alike, and ``start`` bytes on comes the value."""

    __slots__ = ("column", "start")

    def __init__(self, column: Sequence[bytes], begins: bytes) -> None:
        self.column = column
        self.start = len(begins)

    def values(self) -> list[Value]:
        """The values. Raises Rejected for bytes that are no ``KeyValue``, as all of this does."""
        return _VALUES.of(self.column)

    def texts(self) -> Texts | None:
        """The values where they are texts, none of them empty."""
        found = self._packed(_TEXTS)
        return None if b"" in found else Texts(found)

    def as_texts(self) -> Texts:
        """The values as text (``values.as_text``)."""
        return Texts(self._packed(_AS_TEXTS))

    def contents(self) -> list[tuple[bytes, bytes]] | None:
        """Of long texts the UTF-8, and the same packed; None where one is no text or not long."""
        found = []
        for each in self.column:
            head, skip = _head(len(each) - self.start)
            if not each.startswith(head, self.start):
                return None
            found.append((each[self.start + len(head) :], each[self.start + skip :]))
        return found

    def _packed(self, short: Remembered[bytes]) -> list[bytes]:
        long = self._long
        return [short[each] if len(each) <= SHORT_BYTES else long(each, short) for each in self.column]

    def _long(self, encoded: bytes, otherwise: Remembered[bytes]) -> bytes:
        start = self.start
        head, skip = _head(len(encoded) - start)
        if encoded.startswith(head, start):
            text = encoded[start + len(head) :]
            if text and (text.isascii() or _is_utf8(text)):
                return encoded[start + skip :]
        return otherwise._make(encoded)


@lru_cache(4096)
def _head(rest: int) -> tuple[bytes, int]:
    """What an ``AnyValue`` that is a text, and with its own length takes ``rest`` bytes, begins with; and how much of
    that stands before the text's length.
    """
    size = rest - 1
    while size > 0 and size + len(varint(size)) > rest:
        size -= 1
    inner = size - 2
    while inner > 0 and inner + 1 + len(varint(inner)) > size:
        inner -= 1
    before = varint(max(size, 0)) + bytes((_STRING,))
    return before + varint(max(inner, 0)), len(before)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _value(encoded: bytes) -> Value:
    return parsed(encoded)[1]


def _text(encoded: bytes) -> bytes:
    value = _value(encoded)
    return packed(value) if isinstance(value, str) and value else b""


def _as_text(encoded: bytes) -> bytes:
    return packed(as_text(_value(encoded)))


_VALUES: Final = Remembered(_value)
_TEXTS: Final = Remembered(_text)
_AS_TEXTS: Final = Remembered(_as_text)
