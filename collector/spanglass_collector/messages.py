"""Chat messages of any shape to OpenTelemetry's: ``[{role, parts: [{type, …}]}]``, parts as in ``message_parts``. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, TypeAlias, cast

from spanglass_collector.attributes import Value
from spanglass_collector.message_parts import (
    Part,
    parts_of,
    plain_text,
    text_part,
    tool_call,
    tool_calls_of,
    tool_response,
)
from spanglass_collector.values import as_text, from_json, to_json

__all__ = [
    "AsSent",
    "Message",
    "Part",
    "input_messages",
    "is_canonical",
    "messages_from_value",
    "messages_text",
    "output_messages",
    "parts_from_value",
    "readable",
    "said_by",
    "text_part",
    "tool_call",
    "tool_response",
    "tools_called",
]

Message: TypeAlias = dict[str, Any]
ROLES: Final[Mapping[str, str]] = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "function": "tool",
    "unknown": "",
    "USER": "user",
    "CHATBOT": "assistant",
    "SYSTEM": "system",
    "TOOL": "tool",
    "HumanMessage": "user",
    "HumanMessageChunk": "user",
    "AIMessage": "assistant",
    "AIMessageChunk": "assistant",
    "SystemMessage": "system",
    "ToolMessage": "tool",
    "FunctionMessage": "tool",
}
"""What LangChain, Google and Cohere call who speaks, to what everybody else does. LangChain also says it by the
message's class."""
SPEAKERS: Final = frozenset({*ROLES, "user", "assistant", "system", "developer", "tool"})
ITEMS: Final[Mapping[str, str]] = {
    "function_call": "assistant",
    "reasoning": "assistant",
    "function_call_output": "tool",
}
"""Entries of OpenAI's responses interface that are no messages, and who says them."""


class AsSent(list[Message]):
    """Messages that were canonical as they came, with the JSON text they came in, if they did."""

    __slots__ = ("text",)

    def __init__(self, messages: list[Message], text: str) -> None:
        super().__init__(messages)
        self.text = text


def messages_text(messages: Sequence[Message]) -> str:
    """JSON text of messages: what was sent, where that is canonical and readable as it is, which saves writing it."""
    if type(messages) is AsSent and messages.text[:1] == "[" and "\\u" not in messages.text:
        return messages.text  # with \u in it nobody would find its words
    return to_json(messages)


def messages_from_value(value: Value, role: str) -> list[Message] | None:
    """Messages from JSON text, from structured values, or from one plain text said by ``role``.

    None where there is nothing in it.
    """
    sent = value
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        parsed = from_json(value)
        value = value if parsed is None else parsed
    if isinstance(value, dict):
        inner = value.get("messages")
        value = inner if isinstance(inner, list) else [value]
    if not isinstance(value, list):
        value = [value]
    if value and all(map(is_canonical, value)):
        return AsSent(cast("list[Message]", value), sent if isinstance(sent, str) else "")
    if value and all(type(each) is list for each in value):  # LangChain's batches
        value = [*chain.from_iterable(value)]  # type: ignore[arg-type]
    found: list[Message] = []
    turn = False
    for item in value:
        same_turn, turn = turn, _is_item(item)
        message = _message(item, role)
        if same_turn and turn and message and message["role"] == found[-1]["role"] == "assistant":
            found[-1]["parts"] += message["parts"]
        elif message:
            found.append(message)
        else:
            turn = False
    return found or None


def input_messages(value: Value) -> list[Message] | None:
    """Messages of which one plain text would be the user's."""
    return messages_from_value(value, "user")


def output_messages(value: Value) -> list[Message] | None:
    """Messages of which one plain text would be the model's."""
    return messages_from_value(value, "assistant")


def parts_from_value(value: Value) -> list[Part] | None:
    """Parts from JSON text, from structured values, or from one plain text. None where there is nothing in it."""
    found = messages_from_value({"role": "", "content": from_json(value) or value}, "")
    return (found[0]["parts"] or None) if found else None


def is_canonical(item: Any) -> bool:
    """Whether it is a message of plain texts, just as the conventions have it: nearly all are, and stay as they are."""
    if type(item) is not dict or not item.keys() <= _MESSAGE_KEYS:
        return False
    role = item.get("role")
    if type(role) is not str or role in ROLES:
        return False
    parts = item.get("parts")
    if type(parts) is not list:
        return False
    for part in parts:
        if type(part) is not dict or part.get("type") != "text" or type(part.get("content")) is not str or len(part) != 2:  # fmt: skip
            return False
    return True


_MESSAGE_KEYS: Final = frozenset({"role", "parts", "name", "finish_reason"})


_WHERE_CONTENT_IS: Final = ("parts", "content", "text", "message")
_CONTENTS: Final = frozenset({"parts", "content", "tool_calls"})


def _is_item(item: Any) -> bool:
    """Whether it is an entry of OpenAI's responses interface, of which several make up one turn."""
    return isinstance(item, dict) and (
        item.get("type") == "message" or (_role_told(item) is None and item.get("type") in ITEMS)
    )


def _role_told(item: Mapping[str, Any]) -> str | None:
    """Who speaks, where the message says so; LangChain says it as its type."""
    told = item.get("role") or (item.get("type") if item.get("type") in SPEAKERS else None)
    if told is None:
        return None
    return ROLES.get(str(told), str(told)) or None


def _message(item: Any, role: str) -> Message | None:
    if not isinstance(item, dict):
        return {"role": role, "parts": [text_part(item)]} if item not in (None, "") else None
    item = _bare(item)
    told = _role_told(item)
    if told is None and (item.get("type") in ITEMS or _CONTENTS.isdisjoint(item)):  # it is a part by itself
        return {"role": ITEMS.get(str(item.get("type")), role), "parts": [*_typed(parts_of(item))]}
    said_by = told or role
    content = next((item[name] for name in _WHERE_CONTENT_IS if item.get(name) is not None), None)
    parts = [*_typed(parts_of(content))]
    if said_by == "tool" and item.get("tool_call_id"):
        answer = item.get("content")
        parts = [tool_response(item["tool_call_id"], answer if isinstance(answer, str) else plain_text(parts))]
    elif said_by == "user" and parts and all(part.get("type") == "tool_call_response" for part in parts):
        said_by = "tool"  # Anthropic and pydantic-ai let the user bring what tools answered
    parts += tool_calls_of(item.get("tool_calls"))
    message: Message = {"role": said_by, "parts": parts}
    message |= {key: item[key] for key in ("name", "finish_reason") if item.get(key) is not None}
    return message


def _typed(parts: Iterable[Part]) -> Iterator[Part]:
    """Each with a type: one that nobody knows, and that has none, is an answer that is structured by itself."""
    return (part if "type" in part else text_part(part) for part in parts)


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    """A message without the wrappers that LangChain puts around it: how to construct it, or its type beside its data."""
    arguments, names, data = item.get("kwargs"), item.get("id"), item.get("data")
    if isinstance(arguments, dict) and isinstance(names, list) and names:
        return {"role": names[-1], **arguments}
    if isinstance(data, dict) and item.get("type") in SPEAKERS:
        return {"role": item["type"], **data}
    return item


def said_by(messages: Iterable[Message], role: str) -> str:
    """The text of the last message of ``role`` that has any; a tool call reads ``name(arguments)``."""
    for message in reversed(list(messages)):
        if message.get("role") == role and (said := readable(message)):
            return said
    return ""


def readable(message: Message) -> str:
    """What a person would read of a message: its text, else the tools it calls, else what a tool answered."""
    parts = [part for part in message.get("parts", ()) if isinstance(part, dict)]
    for kind, read in _READABLE.items():
        if said := "\n".join(read(part) for part in parts if part.get("type") == kind).strip():
            return said
    return ""


_READABLE: Final[Mapping[str, Callable[[Part], str]]] = {
    "text": lambda p: as_text(p.get("content")),
    "tool_call": lambda p: f"{p.get('name')}({as_text(p.get('arguments'))})",
    "tool_call_response": lambda p: as_text(p.get("response")),
    "reasoning": lambda p: as_text(p.get("content")),
}


def tools_called(messages: Iterable[Message]) -> tuple[str, ...]:
    """Names of the tools the messages ask for, in order, each once."""
    parts = (part for message in messages for part in message.get("parts", ()) if isinstance(part, dict))
    return tuple(dict.fromkeys(str(p["name"]) for p in parts if p.get("type") == "tool_call" and p.get("name")))
