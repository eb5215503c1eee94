"""Chat messages of any shape to OpenTelemetry's: ``[{role, parts: [{type, …}]}]``. Pure.

Parts are those of the GenAI conventions (v1.41.1, ``gen-ai-input-messages.json``): ``text`` (content), ``reasoning``
(content), ``tool_call`` (id, name, arguments), ``tool_call_response`` (id, response), ``uri``, ``blob`` and ``file``
(modality, …). Anything else a client sent as a part is kept as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from spanglass_collector.decode import Value
from spanglass_collector.values import as_text, from_json, to_json

Part: TypeAlias = dict[str, Any]
Message: TypeAlias = dict[str, Any]


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
    if value and all(map(_is_canonical, value)):
        return AsSent(cast("list[Message]", value), sent if isinstance(sent, str) else "")
    found = [message for item in value if (message := _message(item, role))]
    return found or None


def parts_from_value(value: Value) -> list[Part] | None:
    """Parts from JSON text, from structured values, or from one plain text. None where there is nothing in it."""
    found = messages_from_value({"role": "", "content": from_json(value) or value}, "")
    return (found[0]["parts"] or None) if found else None


def text_part(content: object) -> Part:
    """A part of plain text."""
    return {"type": "text", "content": content if isinstance(content, str) else as_text(content)}  # type: ignore[arg-type]


def tool_call(call_id: object, name: object, arguments: object) -> Part:
    """A model asking for a tool. Arguments that are a JSON object in a text are unpacked."""
    if isinstance(arguments, str):
        unpacked = from_json(arguments)
        arguments = unpacked if isinstance(unpacked, dict | list) else arguments
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": arguments}


def tool_response(call_id: object, response: object) -> Part:
    """What a tool answered."""
    return {"type": "tool_call_response", "id": call_id, "response": response}


def _is_canonical(item: Any) -> bool:
    """Whether it is a message of plain texts, just as the conventions have it: nearly all are, and stay as they are."""
    if type(item) is not dict or not item.keys() <= _MESSAGE_KEYS or type(item.get("role")) is not str:
        return False
    parts = item.get("parts")
    if type(parts) is not list:
        return False
    for part in parts:
        if type(part) is not dict or part.get("type") != "text" or type(part.get("content")) is not str or len(part) != 2:  # fmt: skip
            return False
    return True


_MESSAGE_KEYS: Final = frozenset({"role", "parts", "name", "finish_reason"})


def _message(item: Any, role: str) -> Message | None:
    if not isinstance(item, dict):
        return {"role": role, "parts": [text_part(item)]} if item not in (None, "") else None
    said_by = str(item.get("role") or role)
    parts = list(_parts(item.get("parts", item.get("content"))))
    if said_by == "tool" and item.get("tool_call_id"):
        content = item.get("content")
        parts = [tool_response(item["tool_call_id"], content if isinstance(content, str) else _plain_text(parts))]
    calls = item.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            inner = call.get("function")
            function = inner if isinstance(inner, dict) else call
            parts.append(tool_call(call.get("id"), function.get("name"), function.get("arguments")))
    message: Message = {"role": said_by, "parts": parts}
    message |= {key: item[key] for key in ("name", "finish_reason") if item.get(key) is not None}
    return message


def _parts(content: Any) -> Iterable[Part]:
    if content is None or content == "":
        return
    for item in content if isinstance(content, list) else [content]:
        if isinstance(item, dict):
            read = _READERS.get(str(item.get("type", "text" if "text" in item else "")))
            yield read(item) if read else item
        elif item not in (None, ""):
            yield text_part(item)


def _plain_text(parts: Iterable[Part]) -> str:
    return "\n".join(as_text(part.get("content")) for part in parts)


def _text(item: Part) -> Part:
    return text_part(item.get("content", item.get("text")))


def _reasoning(item: Part) -> Part:
    content = item.get("content") or item.get("text") or item.get("thinking")
    return {"type": "reasoning", "content": as_text(content)}


def _image(item: Part) -> Part:
    image = item.get("image_url", item)
    return {"type": "uri", "modality": "image", "uri": image.get("url") if isinstance(image, dict) else image}


_READERS: Final[Mapping[str, Callable[[Part], Part]]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "reasoning": _reasoning,
    "thinking": _reasoning,
    "image_url": _image,
    "input_image": _image,
    "tool_call": lambda p: tool_call(p.get("id"), p.get("name"), p.get("arguments")),
    "tool_use": lambda p: tool_call(p.get("id"), p.get("name"), p.get("input")),
    "tool_call_response": lambda p: tool_response(p.get("id"), p.get("response", p.get("result"))),
    "tool_result": lambda p: tool_response(p.get("tool_use_id"), p.get("content")),
}
"""Part type on the wire to the reader of it: OpenTelemetry's own, OpenAI's and Anthropic's."""


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
