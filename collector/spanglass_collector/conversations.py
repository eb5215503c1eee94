"""The messages of many calls, read together. Those that are canonical as they came stay in the bytes they came in. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import orjson

from spanglass_collector.encoded import Encoded
from spanglass_collector.messages import Message, messages_from_value, messages_text
from spanglass_store.packed import Made, Texts, packed


class _Part(msgspec.Struct, tag_field="type", tag="text", forbid_unknown_fields=True, gc=False):
    content: str


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: str
    parts: list[_Part]
    name: str = ""
    finish_reason: str = ""


_BACKSLASH: Final = ord("\\")
_canonical: Final = msgspec.json.Decoder(list[_Message]).decode
"""Reads messages that say nothing but texts, just as the conventions have them, as nearly all are; anything else raises
ValueError. The same as ``messages.is_canonical``, in a third of the time.
"""


class Conversations(Made):
    """Messages of many calls: one list each. ``texts``: their JSON. ``are_plain``: nothing but texts was said."""

    def __init__(self, texts: Texts, *, are_plain: bool) -> None:
        self.texts = texts
        self.are_plain = are_plain

    def __len__(self) -> int:
        return len(self.texts)

    def item(self, at: int) -> list[Message]:
        """The messages of one call."""
        said: list[Message] = orjson.loads(self.texts[at])
        return said


def conversations(role: str, column: Encoded) -> Sequence[Any] | None:
    """The messages in an attribute of many spans; None where in one of them is nothing.

    ``role`` is who says what is one plain text.
    """
    sent = column.sent_texts()
    if sent is None:
        told = [messages_from_value(value, role) for value in column.values()]
        return None if None in told else told
    texts = sent.packed
    are_plain = True
    for at, text in enumerate(sent.contents):
        try:
            # A \u hides words that nobody would find. To look for one byte, told as its number, is twenty times as quick.
            if _canonical(text) and not (_BACKSLASH in text and b"\\u" in text):
                continue
        except ValueError:
            are_plain = False
        messages = messages_from_value(text.decode("utf-8", "replace"), role)
        if messages is None:
            return None
        texts[at] = packed(messages_text(messages))
    return Conversations(Texts(texts), are_plain=are_plain)
