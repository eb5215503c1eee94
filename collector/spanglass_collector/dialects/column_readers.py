"""Readers of ``values`` over whole columns: where all values are of the usual kind, at a fraction of the time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final, TypeAlias

from spanglass_collector import values
from spanglass_collector.attributes import Value
from spanglass_collector.conversations import conversations
from spanglass_collector.encoded import Encoded, Unusable, value_of
from spanglass_collector.messages import input_messages, output_messages
from spanglass_store.packed import Texts, packed

ReadColumn: TypeAlias = Callable[[Encoded], Sequence[Any] | None]
"""The values of a column as a field has them; None where one of them is unusable."""
PACKED: Final = frozenset({"session_id", "user_id", "response_id"})
"""Fields whose texts nobody looks at on their way to the database."""


def column_reader(read: Callable[[Value], Any], field: str) -> ReadColumn:
    """What reads a column as ``read`` reads each value of it."""
    if read is values.text and field in PACKED:
        return _new_text if field == "response_id" else _packed_text
    return _COLUMN_READERS.get(read) or _one_by_one(read)


@cache
def _one_by_one(read: Callable[[Value], Any]) -> ReadColumn:
    def make(encoded: bytes) -> Any:
        found = read(value_of(encoded))
        if found is None:
            raise Unusable
        return found

    return lambda column: _usable(column.made, make)


def _usable(read: Callable[..., Any], *args: Any) -> Any:
    """What ``read`` gives, None where a value is unusable: looking for such in the end would take as long as reading."""
    try:
        return read(*args)
    except Unusable:
        return None


def _new_text(column: Encoded) -> Sequence[Any] | None:
    return column.new_texts() or _one_by_one(values.text)(column)


def _packed_text(column: Encoded) -> Sequence[Any] | None:
    told = _usable(column.made, _known_text)
    return None if told is None else Texts(told)


def _known_text(encoded: bytes) -> bytes:
    text = values.text(value_of(encoded))
    if not text:
        raise Unusable
    return packed(text)


def _as_text(column: Encoded) -> Sequence[Any]:
    return column.as_texts()


def _said(column: Encoded) -> Sequence[Any] | None:
    told: Texts | None = _usable(column.said)
    return told


_COLUMN_READERS: Final[Mapping[Any, ReadColumn]] = {
    values.as_text: _as_text,
    values.said: _said,
    input_messages: partial(conversations, "user"),
    output_messages: partial(conversations, "assistant"),
}
