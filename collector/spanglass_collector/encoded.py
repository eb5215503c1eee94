"""One attribute of many spans, in the bytes it came in, read as a whole column in the form that is asked for. Pure.

The bytes are those of ``KeyValue`` (``attributes``). ClickHouse writes a text as protobuf does, its length and then its
UTF-8: so a text can go from the request to the database without being made a ``str`` in between, which is what makes
reading a span cheap. What is short is remembered, because most short attributes come again and again.

What runs here runs for each attribute of each span: ``map`` over C functions takes a third of a loop in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from operator import getitem
from typing import Any, Final, NamedTuple, TypeVar

from spanglass_collector.attributes import SHORT_BYTES, Value, parsed
from spanglass_collector.remembered import Memory
from spanglass_collector.values import as_text
from spanglass_store.packed import Texts, all_same, packed, varint

T = TypeVar("T")
MAX_REMEMBERED: Final = 65_536
UNCHANGING: Final = (str, int, float, bytes, tuple, Decimal)
NAME_AT: Final = 2
"""Where the name begins: behind the field's tag and the name's length."""
_NAME, _VALUE, _STRING = 0x0A, 0x12, 0x0A


class NotAlike(Exception):
    """An attribute in the column has another name than the first."""


class Unusable(Exception):
    """A reader has no use for a value."""


def name_of(begins: bytes) -> str | None:
    """The name that an attribute tells with its first bytes, those before the length of its value; None where they are
    not as nearly everybody writes them.
    """
    size = len(begins) - 3
    usual = size > 0 and begins[0] == _NAME and begins[1] == size < 128 and begins[-1] == _VALUE
    return begins[NAME_AT:-1].decode("utf-8", "replace") if usual else None


class SentTexts(NamedTuple):
    """Texts as they were sent: packed, and their bytes without the lengths."""

    packed: list[bytes]
    contents: list[bytes]


class Encoded:
    """``column``: the attribute of each span, ``begins``: its first bytes, after which the value comes.

    Whether all begin so is seen while they are read. Each way of reading raises NotAlike where one does not, and Rejected
    for bytes that are no ``KeyValue``.
    """

    __slots__ = ("begins", "column")

    def __init__(self, column: Sequence[bytes], begins: bytes) -> None:
        self.column = column
        self.begins = begins

    def made(self, make: Callable[[bytes], T]) -> list[T]:
        """What is made of each attribute. Raises what ``make`` raises."""
        column, begins = self.column, self.begins
        made = partial(_made, make, begins)
        remembered = _MEMORY.of((make, begins), made, _keeps)
        if all_same(column) and _keeps(column[0], found := remembered[column[0]]):
            return [found] * len(column)
        if len(column[0]) <= SHORT_BYTES:  # then nearly all are, and a long one is looked up in vain
            return [*map(remembered.__getitem__, column)]
        return [remembered[each] if len(each) <= SHORT_BYTES else made(each) for each in column]

    def values(self) -> list[Value]:
        """The values."""
        return self.made(value_of)

    def new_texts(self) -> Texts | None:
        """The values where they are texts, none of them empty: for those that are hardly ever the same."""
        sent = self.sent_texts()
        if sent is None or not all(sent.contents):
            return None
        usable = all(map(bytes.isascii, sent.contents)) or all(map(_is_utf8, sent.contents))
        return Texts(sent.packed) if usable else None

    def as_texts(self) -> Texts:
        """The values as text (``values.as_text``)."""
        return self._texts(_as_text)

    def said(self) -> Texts:
        """The same. Raises Unusable where one is empty."""
        return self._texts(_said)

    def _texts(self, make: Callable[[bytes], bytes]) -> Texts:
        if len(self.column[0]) > SHORT_BYTES and (found := self.new_texts()):
            return found
        return Texts(self.made(make))

    def sent_texts(self) -> SentTexts | None:
        """The values where they are texts. Whether they are UTF-8 was not looked at."""
        column, begins = self.column, self.begins
        sizes = [*map(len, column)]
        heads = _MEMORY.of(("head", begins), partial(_head, begins))
        if not all(map(bytes.startswith, column, map(heads.__getitem__, sizes))):
            return None
        cuts = (
            _MEMORY.of((cut, len(begins)), partial(cut, len(begins))).__getitem__ for cut in (_packed_at, _content_at)
        )
        return SentTexts._make([*map(getitem, column, map(cut, sizes))] for cut in cuts)


def _made(make: Callable[[bytes], T], begins: bytes, encoded: bytes) -> T:
    if not encoded.startswith(begins):
        raise NotAlike
    return make(encoded)


def _keeps(encoded: bytes, found: Any) -> bool:
    """Whether it is short, and nothing that anybody could change."""
    return len(encoded) <= SHORT_BYTES and isinstance(found, UNCHANGING)


def _head(begins: bytes, size: int) -> bytes:
    """What stands before the text in an attribute of this size that is one."""
    of_value, of_text = _lengths(len(begins), size)
    return begins + of_value + of_text


def _packed_at(start: int, size: int) -> slice:
    """Where the text is with its length, in an attribute of this size whose value begins at ``start``."""
    of_value, _ = _lengths(start, size)
    return slice(start + len(of_value), None)


def _content_at(start: int, size: int) -> slice:
    """Where the text is without it."""
    of_value, of_text = _lengths(start, size)
    return slice(start + len(of_value) + len(of_text), None)


def _lengths(start: int, size: int) -> tuple[bytes, bytes]:
    """What stands before the length of the text, and that length."""
    value = _inner(size - start)
    return varint(value) + bytes((_STRING,)), varint(_inner(value - 1))


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


def _said(encoded: bytes) -> bytes:
    text = as_text(value_of(encoded))
    if not text:
        raise Unusable
    return packed(text)


_MEMORY: Final = Memory(MAX_REMEMBERED)
