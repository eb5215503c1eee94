"""The parts a message is made of, in OpenTelemetry's words, for clients that have words of their own. Pure.

https://github.com/open-telemetry/semantic-conventions-genai names ``text``, ``reasoning``, ``tool_call``,
``tool_call_response``, ``uri``, ``blob`` and ``file``. A provider's module maps its blocks to these; what it does not
know is kept as it came, so that a new kind of content is seen and not lost.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

Json = dict[str, Any]

_MAX_BLOB_CHARACTERS: Final = 100_000
"""A longer image, sound or file (base64) is told by its size: a trace is not the place to store it."""

_BYTES: Final = r"<(\d+) bytes>"
"""What a snapshot says of raw bytes."""


def text(content: object) -> Json:
    """Words said."""
    return {"type": "text", "content": content if isinstance(content, str) else str(content)}


def reasoning(content: object) -> Json:
    """What a model thought before it spoke."""
    return {"type": "reasoning", "content": content}


def hidden_reasoning() -> Json:
    """Thoughts that the provider gives out encrypted only."""
    return {"type": "reasoning", "content": "", "redacted": True}


def tool_call(call_id: object, name: object, arguments: object) -> Json:
    """A model asking for a tool; arguments that are valid JSON text are told as the object they are."""
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": parsed(arguments)}


def tool_response(call_id: object, response: object) -> Json:
    """What a tool answered."""
    return {"type": "tool_call_response", "id": call_id, "response": response}


def blob(data: object, mime_type: object, modality: str) -> Json:
    """The thing itself, in base64; of long or raw data only how many bytes it has."""
    told: Json = {"type": "blob", "modality": modality, "mime_type": mime_type}
    data = str(data)
    if raw := re.fullmatch(_BYTES, data):
        return {**told, "size_bytes": int(raw[1])}
    return {**told, **({"content": data} if len(data) <= _MAX_BLOB_CHARACTERS else {"size_bytes": len(data) * 3 // 4})}


def uri(address: str, modality: str) -> Json:
    """Where the thing is; a ``data:`` address is the thing itself."""
    if not address.startswith("data:"):
        return {"type": "uri", "modality": modality, "uri": address}
    head, _, data = address.removeprefix("data:").partition(",")
    return blob(data, head.partition(";")[0] or "application/octet-stream", modality)


def file(file_id: object, modality: str) -> Json:
    """The name under which the provider keeps the thing."""
    return {"type": "file", "modality": modality, "file_id": file_id}


def parsed(arguments: object) -> object:
    """The arguments as an object; as text when the model wrote no valid JSON."""
    if not isinstance(arguments, str):
        return arguments
    try:
        return orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return arguments


def joined(parts: list[Json]) -> object:
    """What a tool answered in texts alone is that text; anything else stays a list of parts."""
    if all(part.get("type") == "text" for part in parts):
        return "".join(str(part.get("content", "")) for part in parts)
    return parts
