"""Bedrock's ``invoke_model``: bodies in the words of whoever made the model -> the attributes of a span. Pure.

Known are Anthropic's, Amazon's (Nova, Titan), Meta's, Mistral's, Cohere's, and whatever speaks as OpenAI does. Of any other
the body is told as it is. What a body does not say of tokens, Bedrock says in headers, or with the last piece of a stream.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import orjson

from spanglass import messages, semconv
from spanglass.clients import anthropic_fields, bedrock_fields, facts, parts
from spanglass.clients.anthropic_stream import message_from_events
from spanglass.clients.bedrock_stream import answer_from_events
from spanglass.clients.facts import Json, dicts, nested

if TYPE_CHECKING:
    from collections.abc import Sequence

_METRICS: Final = "amazon-bedrock-invocationMetrics"
_HEADERS: Final = {
    "x-amzn-bedrock-input-token-count": "inputTokenCount",
    "x-amzn-bedrock-output-token-count": "outputTokenCount",
}
_SAID: Final = ("outputText", "generation", "text", "completion")  # Titan; Llama; Mistral and Cohere; older Anthropic
_ENDED: Final = ("completionReason", "stop_reason", "finish_reason", "stopReason")
_LISTS: Final = ("results", "outputs", "generations")  # of Titan, Mistral, Cohere
_CONTENT: Final = (semconv.OUTPUT_MESSAGES, semconv.OUTPUT)


def given(sent: Json, _content: bool) -> Json:
    """The arguments with the body as text; a file is not read."""
    body = sent.get("body")
    text = bytes(body).decode("utf-8", "replace") if isinstance(body, bytes | bytearray) else body
    return {**sent, "body": text if isinstance(text, str) else None}


def request_attributes(sent: Json) -> Json:
    """Of the keyword arguments of ``invoke_model``, whose body is JSON."""
    model, told = sent.get("modelId"), sent.get("body")
    body = parts.parsed(told)
    if not isinstance(body, dict):
        return facts.request(model=model, parameters={}) | ({} if told is None else {semconv.INPUT: told})
    if "anthropic_version" in body:
        rest = {name: value for name, value in body.items() if name != "anthropic_version"}
        found = anthropic_fields.request_attributes({**rest, "model": model})
    elif "inferenceConfig" in body or _is_converse(body.get("messages")):
        rest = {name: value for name, value in body.items() if name != "schemaVersion"}
        found = bedrock_fields.request_attributes({**rest, "modelId": model})
    elif "messages" in body:
        found = messages.request_attributes({**body, "model": model})
    else:
        found = _prompted(model, body)
    return found | ({semconv.REQUEST_STREAM: True} if sent.get("stream") else {})


def _is_converse(said: object) -> bool:
    """Blocks of one key, their kind, as in ``converse``; with others they have a ``type``."""
    blocks = [block for message in dicts(said) for block in dicts(message.get("content"))]
    return bool(blocks) and not any("type" in block for block in blocks)


def _prompted(model: object, body: Json) -> Json:
    prompt = body.get("prompt", body.get("inputText"))
    if not isinstance(prompt, str):
        return facts.request(model=model, parameters={}) | {semconv.INPUT: facts.dumped(body).decode()}
    settings = nested(body.get("textGenerationConfig"))
    parameters = {name: value for name, value in body.items() if name not in {"prompt", "inputText"}}
    parameters.pop("textGenerationConfig", None)
    return facts.request(
        model=model,
        parameters={bedrock_fields.snake(name): value for name, value in {**parameters, **settings}.items()},
        messages=[messages.text_message("user", prompt)],
    )


def answer_of_body(chunks: Sequence[Any], content: bool) -> Json:
    """The answer's metadata and the pieces of its body, as the caller has read them."""
    about, *pieces = chunks
    headers = nested(nested(about).get("HTTPHeaders"))
    metrics = {ours: int(headers[name]) for name, ours in _HEADERS.items() if str(headers.get(name, "")).isdigit()}
    body = parts.parsed(b"".join(pieces).decode("utf-8", "replace"))
    return {"body": body, "metrics": metrics, "content": content}


def answer_of_stream(events: Sequence[Any], content: bool) -> Json:
    """The same of a stream's events, of which each has a piece of JSON in it."""
    told = [parts.parsed(nested(event.get("chunk")).get("bytes", b"").decode("utf-8", "replace")) for event in events]
    pieces = dicts(told)
    metrics: Json = {}
    for piece in pieces:
        metrics |= nested(piece.pop(_METRICS, None))
    return {"body": _joined(pieces), "metrics": metrics, "content": content}


def _joined(pieces: list[Json]) -> Json:
    if any("type" in piece for piece in pieces):
        return {**message_from_events(map(_event, pieces)), "type": "message"}
    if any(name.startswith("contentBlock") for piece in pieces for name in piece):
        answer = answer_from_events(pieces)
        return {**answer, "output": {"message": {"content": answer["content"]}}}
    whole: Json = {}
    for piece in pieces:
        for name, value in piece.items():
            goes_on = name in _SAID and isinstance(value, str)
            whole[name] = whole.get(name, "") + value if goes_on else value
    return whole


def _event(piece: Json) -> SimpleNamespace:
    """One of Anthropic's events, as their package has it."""
    delta = {"delta": SimpleNamespace(**nested(piece.get("delta")))} if piece["type"] == "content_block_delta" else {}
    return SimpleNamespace(**{**piece, **delta})


def response_attributes(answer: Json) -> Json:
    """Of what ``answer_of_body`` and ``answer_of_stream`` give."""
    body, metrics = answer.get("body"), nested(answer.get("metrics"))
    counted = {
        semconv.INPUT_TOKENS: facts.whole(metrics.get("inputTokenCount")),
        semconv.OUTPUT_TOKENS: facts.whole(metrics.get("outputTokenCount")),
    }
    known = {name: count for name, count in counted.items() if count is not None}
    found = known | (_told(body) if isinstance(body, dict) else {semconv.OUTPUT: str(body)})
    return found if answer.get("content") else {name: it for name, it in found.items() if name not in _CONTENT}


def _told(body: Json) -> Json:
    if body.get("type") == "message":
        return anthropic_fields.response_attributes(body)
    if isinstance(body.get("output"), dict):
        return bedrock_fields.response_attributes(bedrock_fields.answer_fields(body, content=True))
    if dicts(body.get("choices")) and "message" in dicts(body["choices"])[0]:
        return messages.response_attributes(body)
    vector = body.get("embedding")
    if isinstance(vector, list):
        return facts.response(
            {semconv.EMBEDDING_DIMENSIONS: len(vector)},
            usage={semconv.INPUT_TOKENS: body.get("inputTextTokenCount")},
        )
    return _generated(body)


def _generated(body: Json) -> Json:
    each = [item for name in (*_LISTS, "choices") for item in dicts(body.get(name))] or [body]
    texts = [item[name] for item in each for name in _SAID if isinstance(item.get(name), str)]
    ended = next((str(item[name]) for item in (*each, body) for name in _ENDED if item.get(name)), None)
    output = facts.total(*(item.get("tokenCount") for item in each))
    found = facts.response(
        {semconv.RESPONSE_ID: body.get("id")},
        usage={
            semconv.INPUT_TOKENS: body.get("inputTextTokenCount", body.get("prompt_token_count")),
            semconv.OUTPUT_TOKENS: body.get("totalOutputTextTokenCount", body.get("generation_token_count", output)),
        },
        finish_reason=ended,
        parts=[parts.text(said) for said in texts] if texts else None,
    )
    return found if texts else found | {semconv.OUTPUT: orjson.dumps(body).decode()}
