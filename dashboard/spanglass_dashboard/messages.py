"""Messages of a model call as values, read from the JSON text of a span (OpenTelemetry GenAI's roles and parts). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from spanglass_dashboard.plain import as_json, pretty

PartKind = Literal["text", "tool_call", "tool_result", "reasoning", "other"]


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a message. ``title`` names a tool or a kind of media; ``text`` is what it holds."""

    kind: PartKind
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Chat:
    """What one role said at one time."""

    role: str
    parts: tuple[Part, ...]


def chat_from_text(text: str) -> tuple[Chat, ...] | None:
    """The messages in ``text``, or None where it is not a list of messages."""
    data = as_json(text)
    if isinstance(data, Mapping) and isinstance(data.get("messages"), list):
        data = data["messages"]
    if isinstance(data, Mapping) and "role" in data:
        data = [data]
    if not isinstance(data, list) or not data:
        return None
    if not all(isinstance(entry, Mapping) and isinstance(entry.get("role"), str) for entry in data):
        return None
    tools = {
        str(part.get("id")): str(part.get("name", ""))
        for entry in data
        for part in (entry["parts"] if isinstance(entry.get("parts"), list) else ())
        if isinstance(part, Mapping) and part.get("type") == "tool_call"
    }
    return tuple(Chat(entry["role"], tuple(_parts(entry, tools))) for entry in data)


def _parts(message: Mapping[str, Any], tools: Mapping[str, str]) -> list[Part]:
    given = message.get("parts", message.get("content"))
    if isinstance(given, str):
        return [Part("text", given)] if given else []
    if not isinstance(given, list):
        return [] if given is None else [Part("other", pretty(given))]
    return [_part(part, tools) for part in given]


def _part(part: Any, tools: Mapping[str, str]) -> Part:
    if not isinstance(part, Mapping):
        return Part("text", str(part))
    match part.get("type"):
        case "text":
            return Part("text", str(part.get("content", part.get("text", ""))))
        case "reasoning":
            return Part("reasoning", str(part.get("content", "")))
        case "tool_call":
            return Part("tool_call", pretty(part.get("arguments", {})), str(part.get("name", "")))
        case "tool_call_response":
            result = part.get("response", part.get("result", ""))
            call_id = str(part.get("id") or "")
            return Part("tool_result", pretty(result), str(part.get("name") or tools.get(call_id) or call_id))
        case "uri" | "file" as kind:
            where = part.get("uri") or part.get("file_id") or ""
            return Part("other", str(where), str(part.get("modality") or kind))
        case "blob":
            size = len(str(part.get("content", "")))
            return Part("other", f"{part.get('mime_type', 'data')}, {size:,} characters of base64", "data")
        case kind:
            return Part("other", pretty(dict(part)), str(kind or "part"))
