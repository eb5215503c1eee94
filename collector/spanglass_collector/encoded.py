"""One attribute of many spans, in the bytes it came in, read as a whole column in the form that is asked for. Pure.

The bytes are those of ``KeyValue`` (``attributes``). ClickHouse writes a text as protobuf does, its length and then its
UTF-8: so a text can go from the request to the database without being made a ``str`` in between, which is what makes
reading a span cheap. What is short is remembered, because most short attributes come again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import repeat
from typing import Final, Generic, TypeVar

from spanglass_collector.attributes import SHORT_BYTES, Value, parsed
from spanglass_collector.values import as_text
from spanglass_store.packed import Texts, content, packed, varint

T = TypeVar("T")
MAX_REMEMBERED: Final = 16_384
UNCHANGING: Final = (str, int, float, bytes, tuple, Decimal)
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
    """What was made of short attributes lately, where that is nothing that anybody could change."""

    def __init__(self, make: Callable[[bytes], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, encoded: bytes) -> T:
        found = self._make(encoded)
        if isinstance(found, UNCHANGING):
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

    def new_texts(self) -> Texts | None:
        """The values where they are texts, none of them empty: for those that are hardly ever the same."""
        sent = self.sent_texts()
        if sent is None or _EMPTY in sent:
            return None
        texts = [content(each) for each in sent]
        return Texts(sent) if all(map(bytes.isascii, texts)) or all(map(_is_utf8, texts)) else None

    def as_texts(self) -> Texts:
        """The values as text (``values.as_text``)."""
        if min(map(len, self.column)) > SHORT_BYTES and (found := self.new_texts()):
            return found
        return Texts(_AS_TEXTS.of(self.column))

    def sent_texts(self) -> list[bytes] | None:
        """The values, packed, where they are texts. Whether they are UTF-8 was not looked at."""
        heads, places = zip(*map(_HEADS[self.start].__getitem__, map(len, self.column)), strict=True)
        if not all(map(bytes.startswith, self.column, heads, repeat(self.start))):
            return None
        cut: Callable[[bytes, slice], bytes] = bytes.__getitem__
        return [*map(cut, self.column, places)]


class _Heads(dict[int, tuple[bytes, slice]]):
    """By the size of an attribute that is a text and whose value begins at ``start``: what stands there before the
    text, and where the text is with its length.
    """

    def __init__(self, start: int) -> None:
        super().__init__()
        self._start = start

    def __missing__(self, size: int) -> tuple[bytes, slice]:
        of_value = _inner(size - self._start)
        of_text = _inner(of_value - 1)
        before = varint(of_value) + bytes((_STRING,))
        head = before + varint(of_text)
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        found = self[size] = head, slice(self._start + len(before), None)
        return found


_EMPTY: Final = packed("")
_HEADS: Final = [_Heads(start) for start in range(128 + 3)]


def _inner(rest: int) -> int:
    """The number that takes ``rest`` bytes together with what it counts; 0 where there is none."""
    size = max(rest - 1, 0)
    while size and size + len(varint(size)) > rest:
        size -= 1
    return size


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def value_of(encoded: bytes) -> Value:
    """The value of one attribute."""
    return parsed(encoded)[1]


def _as_text(encoded: bytes) -> bytes:
    return packed(as_text(value_of(encoded)))


_VALUES: Final = Remembered(value_of)
_AS_TEXTS: Final = Remembered(_as_text)
