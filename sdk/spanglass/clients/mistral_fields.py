"""Mistral's requests and answers as JSON values -> the attributes of a span. Pure.

The shape is OpenAI's, the content is not: its blocks name their address in a plain text (``image_url``, ``input_audio``),
and what the model thought is a block among the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from spanglass import semconv
from spanglass.clients import facts, parts
from spanglass.clients.facts import Json, dicts, nested
from spanglass.usage import usage_attributes

_NO_PARAMETERS: Final = frozenset({"messages", "model", "tools", "prompt", "suffix", "inputs", "agent_id", "stream"})
_OTEL_NAMES: Final = {"stop": "stop_sequences", "random_seed": "seed", "n": "choice.count"}
_NO_ID: Final = "null"
"""What the package says of a tool call that has no id."""


def request_attributes(sent: Json) -> Json:
    """Of a chat, of a completion around a gap (``prompt`` and ``suffix``), or of texts to embed (``inputs``)."""
    found = facts.request(
        model=sent.get("model"),
        parameters={_OTEL_NAMES.get(name, name): value for name, value in sent.items() if name not in _NO_PARAMETERS},
        stream=sent.get("stream"),
        messages=[*map(message_of, dicts(sent.get("messages"))), *_gap(sent), *_inputs(sent.get("inputs"))],
        tools=sent.get("tools"),
    )
    return found | ({semconv.AGENT_ID: sent["agent_id"]} if isinstance(sent.get("agent_id"), str) else {})


def stream_request_attributes(sent: Json) -> Json:
    """The same of a request whose answer comes in pieces."""
    return request_attributes({**sent, "stream": True})


def response_attributes(answer: Json) -> Json:
    """Of an answer; of one without messages its figures."""
    choices = dicts(answer.get("choices"))
    usage = nested(answer.get("usage"))
    said = [message for choice in choices for message in _said(choice)]
    told = {
        semconv.RESPONSE_ID: answer.get("id"),
        semconv.RESPONSE_MODEL: answer.get("model"),
        semconv.SERVICE_TIER: usage.get("service_tier"),
        semconv.FINISH_REASONS: [str(each["finish_reason"]) for each in choices if each.get("finish_reason")] or None,
        semconv.OUTPUT_MESSAGES: facts.dumped(said) if said else None,
        semconv.EMBEDDING_DIMENSIONS: facts.whole(answer.get("dimensions")),
        semconv.EMBEDDING_COUNT: facts.whole(answer.get("vectors")),
    }
    return facts.response(told, usage=usage_attributes(usage))


def message_of(message: Json) -> Json:
    """One message with its parts in the order in which they are read."""
    role = str(message.get("role") or "unknown")
    content = content_parts(message.get("content"))
    named = {"name": message["name"]} if message.get("name") else {}
    if role == "tool":
        answered = parts.tool_response(message.get("tool_call_id"), parts.joined(content))
        return {"role": role, "parts": [answered | named]}
    return {"role": role, **named, "parts": [*content, *map(_call, dicts(message.get("tool_calls")))]}


def content_parts(content: object) -> list[Json]:
    """The parts of a text or of a list of blocks."""
    if isinstance(content, str):
        return [parts.text(content)] if content else []
    return [_part(block) for block in dicts(content)]


def _said(choice: Json) -> list[Json]:
    """A choice is one message, or several when tools of the server's were used on the way."""
    reason = {"finish_reason": choice["finish_reason"]} if choice.get("finish_reason") else {}
    messages = [choice["message"]] if isinstance(choice.get("message"), dict) else dicts(choice.get("messages"))
    told = [message_of({"role": "assistant", **message}) for message in messages]
    return [*told[:-1], {**told[-1], **reason}] if told else []


def _gap(sent: Json) -> list[Json]:
    if not isinstance(sent.get("prompt"), str):
        return []
    after = [{"type": "suffix", "content": sent["suffix"]}] if sent.get("suffix") else []
    return [{"role": "user", "parts": [parts.text(sent["prompt"]), *after]}]


def _inputs(inputs: object) -> list[Json]:
    texts = inputs if isinstance(inputs, list) else [] if inputs is None else [inputs]
    return [{"role": "user", "parts": [parts.text(each) for each in texts]}] if texts else []


def _call(call: Json) -> Json:
    called = nested(call.get("function"))
    call_id = call.get("id")
    return parts.tool_call(None if call_id == _NO_ID else call_id, called.get("name"), called.get("arguments"))


def _part(block: Json) -> Json:
    read = _PARTS.get(str(block.get("type")))
    return read(block) if read else nested(block.get("raw")) or block


def _image(block: Json) -> Json:
    image = block.get("image_url")
    return parts.uri(str(image.get("url", "") if isinstance(image, dict) else image), "image")


def _sound(block: Json) -> Json:
    """An address, or the recording itself in base64."""
    sound = block.get("input_audio")
    told = str(sound.get("data", "") if isinstance(sound, dict) else sound)
    return parts.uri(told, "audio") if ":" in told[:16] else parts.blob(told, None, "audio")


def _document(block: Json) -> Json:
    named = {"name": block["document_name"]} if block.get("document_name") else {}
    return parts.uri(str(block.get("document_url", "")), "document") | named


def _thought(block: Json) -> Json:
    thinking = block.get("thinking")
    return parts.reasoning(parts.joined(content_parts(thinking)))


_PARTS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "text": lambda block: parts.text(block.get("text", "")),
    "thinking": _thought,
    "image_url": _image,
    "input_audio": _sound,
    "document_url": _document,
    "file": lambda block: parts.file(block.get("file_id"), "document"),
}
