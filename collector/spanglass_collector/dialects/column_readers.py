"""Readers of ``values`` over whole columns: where all values are of the usual kind, at a fraction of the time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final, TypeAlias

from spanglass_collector import values
from spanglass_collector.attributes import Value
from spanglass_collector.conversations import conversations
from spanglass_collector.encoded import Encoded, Remembered, value_of
from spanglass_collector.messages import input_messages, output_messages
from spanglass_store.packed import Texts, packed

ReadColumn: TypeAlias = Callable[[Encoded], Sequence[Any] | None]
"""The values of a column as a field has them; None where one of them is unusable."""
PACKED: Final = frozenset({"session_id", "user_id", "response_id"})
"""Fields whose texts nobody looks at on their way to the database."""
_TEXTS: Final = {str}
_WHOLES: Final = {int}
_EMPTY: Final = packed("")


def column_reader(read: Callable[[Value], Any], field: str) -> ReadColumn:
    """What reads a column as ``read`` reads each value of it."""
    if read is values.text and field in PACKED:
        return _new_text if field == "response_id" else _packed_text
    return _COLUMN_READERS.get(read) or _one_by_one(read)


@cache
def _one_by_one(read: Callable[[Value], Any]) -> ReadColumn:
    remembered = Remembered(lambda encoded: read(value_of(encoded)))

    def read_column(column: Encoded) -> Sequence[Any] | None:
        found = remembered.of(column.column)
        return None if None in found else found

    return read_column


def _new_text(column: Encoded) -> Sequence[Any] | None:
    return column.new_texts() or _one_by_one(values.text)(column)


def _packed_text(column: Encoded) -> Sequence[Any] | None:
    told = _KNOWN_TEXTS.of(column.column)
    return None if b"" in told else Texts(told)


def _known_text(encoded: bytes) -> bytes:
    text = values.text(value_of(encoded))
    return packed(text) if text else b""


_KNOWN_TEXTS: Final = Remembered(_known_text)


def _text(column: Encoded) -> Sequence[Any] | None:
    told = column.values()
    return told if set(map(type, told)) == _TEXTS and "" not in told else _one_by_one(values.text)(column)


def _as_text(column: Encoded) -> Sequence[Any]:
    return column.as_texts()


def _said(column: Encoded) -> Sequence[Any] | None:
    told = column.as_texts()
    return None if _EMPTY in told.packed else told


def _whole(column: Encoded) -> Sequence[Any] | None:
    told: list[Any] = column.values()
    usual = set(map(type, told)) == _WHOLES and min(told) >= 0 and max(told) <= values.MAX_TOKENS
    return told if usual else _one_by_one(values.whole)(column)


_COLUMN_READERS: Final[Mapping[Any, ReadColumn]] = {
    values.text: _text,
    values.as_text: _as_text,
    values.said: _said,
    values.whole: _whole,
    input_messages: partial(conversations, "user"),
    output_messages: partial(conversations, "assistant"),
}
