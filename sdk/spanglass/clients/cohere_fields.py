"""Cohere's chat, embed and rerank (V2): arguments and answers as JSON values -> the attributes of a span. Pure.

Cohere tells two counts: ``tokens``, what the model read and wrote, and ``billed_units``, what is paid for. The first
is the usage; the second is told beside it, and stands in for the first only where Cohere tells no other (embed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanglass import semconv
from spanglass.clients import facts, parts
from spanglass.clients.facts import Json, dicts, nested

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OTEL_NAMES: Final = {"k": "top_k", "p": "top_p"}
_BILLED: Final = ("input_tokens", "output_tokens", "search_units", "images")


def chat_request(sent: Json) -> Json:
    """Of the keyword arguments of ``chat`` and ``chat_stream``."""
    return facts.request(
        model=sent.get("model"),
        parameters=_parameters(sent, {"messages", "tools"}),
        stream=sent.get("stream"),
        messages=[_message(message) for message in dicts(sent.get("messages"))],
        tools=sent.get("tools"),
    )


def chat_response(answer: Json) -> Json:
    """Of a reply; without its ``message`` only of its figures."""
    message = answer.get("message")
    return facts.response(
        {semconv.RESPONSE_ID: answer.get("id"), **_billed(answer.get("usage"))},
        usage=usage_attributes(answer.get("usage")),
        finish_reason=answer.get("finish_reason"),
        parts=_message(message)["parts"] if isinstance(message, dict) else None,
    )


def embed_request(sent: Json) -> Json:
    """Of the keyword arguments of ``embed``: texts, images, or inputs of both; a message each."""
    said = [[parts.text(item)] for item in _list(sent.get("texts"))]
    said += [[parts.uri(str(item), "image")] for item in _list(sent.get("images"))]
    said += [_content(item.get("content")) for item in dicts(sent.get("inputs"))]
    return facts.request(
        model=sent.get("model"),
        parameters=_parameters(sent, {"texts", "images", "inputs"}),
        messages=[{"role": "user", "parts": each} for each in said],
    )


def rerank_request(sent: Json) -> Json:
    """Of the keyword arguments of ``rerank``: the query and the documents are its input."""
    asked = {name: sent[name] for name in ("query", "documents") if name in sent}
    told = facts.request(model=sent.get("model"), parameters=_parameters(sent, asked.keys()))
    return told | ({semconv.INPUT: facts.dumped(asked)} if asked else {})


def search_response(answer: Json) -> Json:
    """Of the answer of ``embed`` or ``rerank``; ``results`` is the order that the documents came in."""
    results = answer.get("results")
    told = {
        semconv.RESPONSE_ID: answer.get("id"),
        semconv.EMBEDDING_DIMENSIONS: answer.get("dimensions"),
        semconv.OUTPUT: None if results is None else facts.dumped(results),
        **_billed(answer.get("meta")),
    }
    return facts.response(told, usage=usage_attributes(answer.get("meta")))


def usage_attributes(usage: object) -> Json:
    """Token counts; what came from the cache is among the input already."""
    told = nested(usage)
    tokens = nested(told.get("tokens")) or nested(told.get("billed_units"))
    return {
        semconv.INPUT_TOKENS: tokens.get("input_tokens"),
        semconv.OUTPUT_TOKENS: tokens.get("output_tokens"),
        semconv.CACHE_READ_TOKENS: told.get("cached_tokens"),
    }


def _billed(usage: object) -> Json:
    units = nested(nested(usage).get("billed_units"))
    return {semconv.COHERE_BILLED_PREFIX + name: facts.whole(units.get(name)) for name in _BILLED}


def _parameters(sent: Json, content: Any) -> Json:
    left_out = {"model", "stream", *content}
    return {_OTEL_NAMES.get(name, name): value for name, value in sent.items() if name not in left_out}


def _message(message: Json) -> Json:
    role = str(message.get("role", "unknown"))
    content = _content(message.get("content"))
    if role == "tool":
        return {"role": role, "parts": [parts.tool_response(message.get("tool_call_id"), parts.joined(content))]}
    plan = [parts.reasoning(message["tool_plan"])] if message.get("tool_plan") else []
    calls = [_call(call) for call in dicts(message.get("tool_calls"))]
    cited = {"citations": message["citations"]} if message.get("citations") else {}
    return {"role": role, "parts": [*plan, *content, *calls], **cited}


def _call(call: Json) -> Json:
    called = nested(call.get("function"))
    return parts.tool_call(call.get("id"), called.get("name"), called.get("arguments"))


def _content(content: object) -> list[Json]:
    if isinstance(content, str):
        return [parts.text(content)] if content else []
    return [_part(item) for item in dicts(content)]


def _part(item: Json) -> Json:
    read = _PARTS.get(str(item.get("type")))
    return read(item) if read else item


def _image(item: Json) -> Json:
    image = item.get("image_url")
    return parts.uri(str(image.get("url", "") if isinstance(image, dict) else image), "image")


_PARTS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "text": lambda item: parts.text(item.get("text", "")),
    "thinking": lambda item: parts.reasoning(item.get("thinking", "")),
    "image_url": _image,
}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
