"""Bedrock's ``converse``: arguments and answers -> the attributes of a span; events of a stream -> an answer. Pure.

Bedrock counts tokens that came from the cache, and tokens written to it, apart from ``inputTokens``; OpenTelemetry's
input includes both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from spanglass import semconv
from spanglass.clients import facts, parts
from spanglass.clients.facts import Json, dicts, nested

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NOT_PARAMETERS: Final = frozenset(
    {
        "modelId",
        "messages",
        "system",
        "toolConfig",
        "inferenceConfig",
        "additionalModelRequestFields",
        "additionalModelResponseFieldPaths",
        "serviceTier",
    }
)
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")


def request_attributes(sent: Json) -> Json:
    """Of the keyword arguments of ``converse`` and ``converse_stream``."""
    tools = nested(sent.get("toolConfig"))
    configured = {name: value for name, value in sent.items() if name not in _NOT_PARAMETERS}
    parameters = {snake(name): value for name, value in (nested(sent.get("inferenceConfig")) | configured).items()}
    return facts.request(
        model=sent.get("modelId"),
        parameters={
            **nested(sent.get("additionalModelRequestFields")),
            **parameters,
            "tool_choice": tools.get("toolChoice"),
            "service_tier": nested(sent.get("serviceTier")).get("type"),
        },
        stream=sent.get("stream"),
        system=content_parts(sent.get("system")),
        messages=[_message(message) for message in dicts(sent.get("messages"))],
        tools=[tool.get("toolSpec", tool) for tool in dicts(tools.get("tools")) if "cachePoint" not in tool],
    )


def response_attributes(answer: Json) -> Json:
    """Of an answer; without its ``content`` only of its figures."""
    usage = nested(answer.get("usage"))
    read, written = usage.get("cacheReadInputTokens"), usage.get("cacheWriteInputTokens")
    return facts.response(
        {
            semconv.RESPONSE_MODEL: answer.get("model"),
            semconv.AWS_REQUEST_ID: answer.get("request_id"),
            semconv.SERVICE_TIER: answer.get("service_tier"),
        },
        usage={
            semconv.INPUT_TOKENS: facts.total(usage.get("inputTokens"), read, written),
            semconv.OUTPUT_TOKENS: usage.get("outputTokens"),
            semconv.CACHE_READ_TOKENS: read,
            semconv.CACHE_WRITE_TOKENS: written,
        },
        finish_reason=answer.get("stopReason"),
        parts=content_parts(answer["content"]) if "content" in answer else None,
    )


def answer_fields(answer: Json, content: bool) -> Json:
    """What is kept of the answer of ``converse``; the model only when a router chose it, else Bedrock does not say."""
    told = figures(answer) | {
        "stopReason": answer.get("stopReason"),
        "request_id": nested(answer.get("ResponseMetadata")).get("RequestId"),
    }
    return told | ({"content": nested(nested(answer.get("output")).get("message")).get("content")} if content else {})


def figures(told: Json) -> Json:
    """Of an answer, or of the last event of a stream."""
    routed = nested(nested(told.get("trace")).get("promptRouter"))
    return {
        "model": routed.get("invokedModelId"),
        "usage": told.get("usage"),
        "service_tier": nested(told.get("serviceTier")).get("type"),
    }


def content_parts(content: object) -> list[Json]:
    """The parts of a list of blocks. Marks of where the cache may end say nothing, and are left out."""
    return [part(block) for block in dicts(content) if "cachePoint" not in block]


def part(block: Json) -> Json:
    """One block of content, which is an object of one key, its kind; of a kind that is not known, as it came."""
    kind = next(iter(block), "")
    read = _PARTS.get(kind)
    return read(block[kind]) if read else {"type": kind, **block}


def _message(message: Json) -> Json:
    return {"role": str(message.get("role", "unknown")), "parts": content_parts(message.get("content"))}


def _reasoning(thought: Json) -> Json:
    told = nested(thought.get("reasoningText"))
    return parts.reasoning(told.get("text", "")) if told else parts.hidden_reasoning()


def _call(call: Json) -> Json:
    return parts.tool_call(call.get("toolUseId"), call.get("name"), call.get("input"))


def _result(result: Json) -> Json:
    failed = {"is_error": True} if result.get("status") == "error" else {}
    content = result.get("content")
    values = [item["json"] for item in dicts(content) if "json" in item]
    only = isinstance(content, list) and len(values) == len(content) == 1
    told = values[0] if only else parts.joined(content_parts(content))
    return parts.tool_response(result.get("toolUseId"), told) | failed


def _cited(cited: Json) -> Json:
    said = "".join(str(item.get("text", "")) for item in dicts(cited.get("content")))
    return parts.text(said) | ({"citations": cited["citations"]} if cited.get("citations") else {})


def _media(modality: str) -> Callable[[Json], Json]:
    """Of an image, a document, a sound, a film: its bytes, where it lies, or the text it is."""

    def read(block: Json) -> Json:
        source = nested(block.get("source"))
        named = {"name": block["name"]} if block.get("name") else {}
        if "s3Location" in source:
            return parts.uri(str(nested(source["s3Location"]).get("uri", "")), modality) | named
        if "text" in source:
            return parts.text(source["text"]) | named
        if "content" in source:
            return parts.text(parts.joined(content_parts(source["content"]))) | named
        return (
            parts.blob(source.get("bytes", ""), f"{_MIME[modality]}/{block.get('format', 'unknown')}", modality) | named
        )

    return read


_MIME: Final = {"image": "image", "document": "application", "audio": "audio", "video": "video"}
_PARTS: Final[Mapping[str, Callable[[Any], Json]]] = {
    "text": parts.text,
    "reasoningContent": _reasoning,
    "toolUse": _call,
    "toolResult": _result,
    "citationsContent": _cited,
    **{modality: _media(modality) for modality in _MIME},
}


def snake(name: str) -> str:
    """``maxTokens`` as ``max_tokens``."""
    return _CAPITAL.sub(r"_\1", name).lower()
