"""Readers of ``values`` over whole columns: where all values are of the usual kind, at a fraction of the time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from spanglass_collector import values
from spanglass_collector.attributes import Value

ReadColumn: TypeAlias = Callable[[Sequence[Value]], Sequence[Any]]
_TEXTS: Final = {str}
_WHOLES: Final = {int}


def column_reader(read: Callable[[Value], Any]) -> ReadColumn:
    """What reads a column as ``read`` reads each value of it."""
    return _COLUMN_READERS.get(read) or (lambda column: [read(value) for value in column])


def _text(column: Sequence[Value]) -> Sequence[Any]:
    return column if set(map(type, column)) == _TEXTS and "" not in column else [*map(values.text, column)]


def _as_text(column: Sequence[Value]) -> Sequence[Any]:
    return column if set(map(type, column)) == _TEXTS else [*map(values.as_text, column)]


def _said(column: Sequence[Value]) -> Sequence[Any]:
    return [value or None for value in _as_text(column)]


def _whole(column: Sequence[Any]) -> Sequence[Any]:
    usual = set(map(type, column)) == _WHOLES and min(column) >= 0 and max(column) <= values.MAX_TOKENS
    return column if usual else [*map(values.whole, column)]


_COLUMN_READERS: Final[Mapping[Any, ReadColumn]] = {
    values.text: _text,
    values.as_text: _as_text,
    values.said: _said,
    values.whole: _whole,
}
