"""Anthropic's messages: arguments and answers as JSON values -> the attributes of a span. Pure.

Anthropic counts tokens that came from the cache, and tokens written to it, apart from ``input_tokens``; OpenTelemetry's
input includes both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanglass import semconv
from spanglass.clients import facts, parts
from spanglass.clients.facts import Json, dicts, nested
from spanglass.clients.models import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NO_PARAMETERS: Final = frozenset({"messages", "model", "system", "tools", "stream"})
_FIGURES: Final = ("id", "model", "stop_reason", "usage", "_request_id")
_ENCRYPTED: Final = "encrypted_"
_TOOL_RESULT: Final = "_tool_result"  # web_search_tool_result, mcp_tool_result, …


def request_attributes(sent: Json) -> Json:
    """Of the keyword arguments of ``messages.create``."""
    return facts.request(
        model=sent.get("model"),
        parameters={name: value for name, value in sent.items() if name not in _NO_PARAMETERS},
        stream=sent.get("stream"),
        system=content_parts(sent.get("system")),
        messages=[_message(message) for message in dicts(sent.get("messages"))],
        tools=sent.get("tools"),
    )


def answer_fields(message: Any, content: bool) -> Json:
    """What is kept of a message, which is the package's object or already JSON; without ``content`` its figures."""
    told: Json = plain(message)
    return told if content else {name: told.get(name) for name in _FIGURES}


def response_attributes(answer: Json) -> Json:
    """Of a message; without its ``content`` only of its figures."""
    usage = nested(answer.get("usage"))
    return facts.response(
        {
            semconv.RESPONSE_ID: answer.get("id"),
            semconv.RESPONSE_MODEL: answer.get("model"),
            semconv.ANTHROPIC_REQUEST_ID: answer.get("_request_id"),
            semconv.ANTHROPIC_SERVICE_TIER: usage.get("service_tier"),
        },
        usage=usage_attributes(usage),
        finish_reason=answer.get("stop_reason"),
        parts=content_parts(answer["content"]) if "content" in answer else None,
    )


def usage_attributes(usage: Json) -> Json:
    """Token counts by OpenTelemetry's rule: what the cache had a part in is input too."""
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    return {
        semconv.INPUT_TOKENS: facts.total(usage.get("input_tokens"), read, written),
        semconv.OUTPUT_TOKENS: usage.get("output_tokens"),
        semconv.CACHE_READ_TOKENS: read,
        semconv.CACHE_WRITE_TOKENS: written,
        semconv.REASONING_TOKENS: nested(usage.get("output_tokens_details")).get("thinking_tokens"),
    }


def content_parts(content: object) -> list[Json]:
    """The parts of a text or of a list of blocks."""
    if isinstance(content, str):
        return [parts.text(content)]
    return [part(block) for block in dicts(content)]


def part(block: Json) -> Json:
    """One block of content; of a kind that is not known, as it came."""
    kind = str(block.get("type"))
    read = _PARTS.get(kind) or (_server_result if kind.endswith(_TOOL_RESULT) else None)
    return read(block) if read else block


def _message(message: Json) -> Json:
    return {"role": str(message.get("role", "unknown")), "parts": content_parts(message.get("content"))}


def _text(block: Json) -> Json:
    cited = {"citations": block["citations"]} if block.get("citations") else {}
    return parts.text(block.get("text", "")) | cited


def _call(block: Json) -> Json:
    server = {"server_name": block["server_name"]} if block.get("server_name") else {}
    return parts.tool_call(block.get("id"), block.get("name"), block.get("input")) | server


def _result(block: Json) -> Json:
    failed = {"is_error": True} if block.get("is_error") else {}
    return parts.tool_response(block.get("tool_use_id"), parts.joined(content_parts(block.get("content")))) | failed


def _server_result(block: Json) -> Json:
    """The answer of a tool that Anthropic ran itself: pages found, a program's output."""
    return parts.tool_response(block.get("tool_use_id"), _readable(block.get("content")))


def _readable(value: Any) -> Any:
    """Without the encrypted copies that only Anthropic can read."""
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, dict):
        return {name: _readable(item) for name, item in value.items() if not name.startswith(_ENCRYPTED)}
    return value


def _image(block: Json) -> Json:
    return _sourced(nested(block.get("source")), "image")


def _document(block: Json) -> Json:
    named = {"name": block["title"]} if block.get("title") else {}
    return _sourced(nested(block.get("source")), "document") | named


def _sourced(source: Json, modality: str) -> Json:
    match source.get("type"):
        case "base64":
            return parts.blob(source.get("data", ""), source.get("media_type"), modality)
        case "url":
            return parts.uri(str(source.get("url", "")), modality)
        case "file":
            return parts.file(source.get("file_id"), modality)
        case "text":
            return parts.text(source.get("data", ""))
        case "content":
            return parts.text(parts.joined(content_parts(source.get("content"))))
        case _:
            return {"type": modality, "source": source}


_PARTS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "text": _text,
    "thinking": lambda block: parts.reasoning(block.get("thinking", "")),
    "redacted_thinking": lambda _block: parts.hidden_reasoning(),
    "tool_use": _call,
    "server_tool_use": _call,
    "mcp_tool_use": _call,
    "tool_result": _result,
    "image": _image,
    "document": _document,
    "container_upload": lambda block: parts.file(block.get("file_id"), "file"),
}
