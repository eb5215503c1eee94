"""Columns of a sheet that are nearly on the wire: texts as they will be sent, one value for all rows, maps of like keys.

Each is a sequence of plain values too, made when somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, overload


def varint(number: int) -> bytes:
    """LEB128, as protobuf and ClickHouse have it."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


_VARINTS = tuple(varint(n) for n in range(16_384))


MAX_VARINT_BYTES = 10


def numbers(varints: bytes | memoryview) -> list[int]:
    """The numbers that ``varint`` wrote one behind the other."""
    found: list[int] = []
    number = shift = 0
    for byte in varints:
        number |= (byte & 127) << shift
        if byte > 127:
            shift += 7
        else:
            found.append(number)
            number = shift = 0
    return found


def size_before(data: bytes) -> bytes:
    """The length that stands before these bytes."""
    size = len(data)
    return _VARINTS[size] if size < len(_VARINTS) else varint(size)


def packed(text: str) -> bytes:
    """A text as ClickHouse's Native format has it: its length, then its UTF-8."""
    data = text.encode("utf-8", "replace")
    return size_before(data) + data


def content(packed_text: bytes) -> bytes:
    """The UTF-8 of a packed text."""
    start = 1
    while packed_text[start - 1] > 127:
        start += 1
    return packed_text[start:]


def all_same(column: Sequence[Any]) -> bool:
    """Whether all values of a column, of which there is one at least, are equal: mostly three of them tell."""
    first = column[0]
    return bool(first == column[-1] and first == column[len(column) // 2] and column.count(first) == len(column))


class Made(Sequence[Any]):
    """A sequence whose items are made when somebody looks."""

    __slots__ = ()

    def item(self, at: int) -> Any:
        """The item at a place from 0 on."""
        raise NotImplementedError

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [self.item(each) for each in range(*at.indices(len(self)))]
        if not -len(self) <= at < len(self):
            raise IndexError(at)
        return self.item(at)

    def __iter__(self) -> Iterator[Any]:
        return map(self.item, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        raise TypeError


class Texts(Made):
    """Texts, each as ``packed`` makes them. Whoever puts them in has seen to it that they are UTF-8."""

    __slots__ = ("packed",)

    def __init__(self, packed: Sequence[bytes]) -> None:
        self.packed = packed

    def __len__(self) -> int:
        return len(self.packed)

    def __eq__(self, other: object) -> bool:
        return self.packed == other.packed if isinstance(other, Texts) else super().__eq__(other)

    __hash__ = Made.__hash__

    def beginning(self, at: int, characters: int) -> bytes:
        """The first characters of a text, packed."""
        data = content(self.packed[at])[: 4 * characters]
        if (begins := data[:characters]).isascii():
            return size_before(begins) + begins
        return packed(data.decode("utf-8", "replace")[:characters])

    def item(self, at: int) -> str:
        """The text there."""
        return content(self.packed[at]).decode("utf-8", "replace")


class Same(Made):
    """One value in ``size`` rows."""

    __slots__ = ("size", "value")

    def __init__(self, value: Any, size: int) -> None:
        self.value = value
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Any]:
        return repeat(self.value, self.size)

    def item(self, at: int) -> Any:
        """The value."""
        del at
        return self.value


class Maps(Made):
    """Maps with the same keys in the same order: for each key its texts, one a row."""

    __slots__ = ("columns",)

    def __init__(self, columns: Mapping[str, Texts]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def item(self, at: int) -> dict[str, str]:
        """The map there."""
        return {key: texts[at] for key, texts in self.columns.items()}
