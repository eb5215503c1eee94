"""Readers of ``values`` and ``messages`` over whole columns: where all values are of the usual kind, at a fraction of
the time. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import orjson

from spanglass_collector import values
from spanglass_collector.attributes import Value
from spanglass_collector.encoded import Encoded
from spanglass_collector.messages import (
    Message,
    input_messages,
    is_canonical,
    messages_from_value,
    messages_text,
    output_messages,
)
from spanglass_collector.values import to_json
from spanglass_store.packed import Texts, packed

ReadColumn: TypeAlias = Callable[[Encoded], Sequence[Any] | None]
"""The values of a column as a field has them; None where one of them is unusable."""
PACKED: Final = frozenset({"session_id", "user_id", "response_id", "input_text", "output_text"})
"""Fields whose texts are mostly new: nobody looks at them on their way to the database."""
_TEXTS: Final = {str}
_WHOLES: Final = {int}
_EMPTY: Final = packed("")


class Conversations(list[Sequence[Message]]):
    """Messages of many spans. ``texts``: their JSON, ready. ``are_plain``: nothing but texts was said."""

    def __init__(self, messages: Sequence[Sequence[Message]], texts: Texts, *, are_plain: bool) -> None:
        super().__init__(messages)
        self.texts = texts
        self.are_plain = are_plain


def column_reader(read: Callable[[Value], Any], field: str) -> ReadColumn:
    """What reads a column as ``read`` reads each value of it."""
    if read is values.text and field in PACKED:
        return _packed_text
    return _COLUMN_READERS.get(read) or partial(_one_by_one, read)


def _one_by_one(read: Callable[[Value], Any], column: Encoded) -> Sequence[Any] | None:
    found = [read(value) for value in column.values()]
    return None if None in found else found


def _packed_text(column: Encoded) -> Sequence[Any] | None:
    return column.texts() or _one_by_one(values.text, column)


def _text(column: Encoded) -> Sequence[Any] | None:
    told = column.values()
    return told if set(map(type, told)) == _TEXTS and "" not in told else _one_by_one(values.text, column)


def _as_text(column: Encoded) -> Sequence[Any]:
    return column.as_texts()


def _said(column: Encoded) -> Sequence[Any] | None:
    told = column.as_texts()
    return None if _EMPTY in told.packed else told


def _whole(column: Encoded) -> Sequence[Any] | None:
    told: list[Any] = column.values()
    usual = set(map(type, told)) == _WHOLES and min(told) >= 0 and max(told) <= values.MAX_TOKENS
    return told if usual else _one_by_one(values.whole, column)


def _messages(role: str, column: Encoded) -> Sequence[Any] | None:
    """Messages that are canonical and readable as they came stay in their bytes."""
    contents = column.contents()
    if contents is None:
        return _one_by_one(partial(messages_from_value, role=role), column)
    conversations: list[Sequence[Message]] = []
    texts: list[bytes] = []
    are_plain = True
    for content, sent in contents:
        try:
            said = orjson.loads(content)
        except orjson.JSONDecodeError:
            said = content.decode("utf-8", "replace")
        if type(said) is list and said and all(map(is_canonical, said)):
            texts.append(packed(to_json(said)) if b"\\u" in content else sent)  # with \u nobody would find its words
            conversations.append(said)
            continue
        are_plain = False
        messages = messages_from_value(said, role)
        if messages is None:
            return None
        texts.append(packed(messages_text(messages)))
        conversations.append(messages)
    return Conversations(conversations, Texts(texts), are_plain=are_plain)


_COLUMN_READERS: Final[Mapping[Any, ReadColumn]] = {
    values.text: _text,
    values.as_text: _as_text,
    values.said: _said,
    values.whole: _whole,
    input_messages: partial(_messages, "user"),
    output_messages: partial(_messages, "assistant"),
}
