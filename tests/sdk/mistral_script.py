"""What Mistral answers in the tests, and clients that ask it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mistralai.client import Mistral
from sdk.scripted import Reply, Scripted

import spanglass
from spanglass import semconv
from spanglass.testing import Captured, CapturedSpan

Json = dict[str, Any]
MODEL = "mistral-small-latest"
ASK: Json = {"model": MODEL, "messages": [{"role": "user", "content": "Why blue?"}]}
USAGE: Json = {
    "prompt_tokens": 120,
    "completion_tokens": 45,
    "total_tokens": 165,
    "prompt_tokens_details": {"cached_tokens": 64},
    "service_tier": "priority",
}
USAGE_TOLD = {semconv.INPUT_TOKENS: 120, semconv.OUTPUT_TOKENS: 45, semconv.CACHE_READ_TOKENS: 64}
_NAMED: Json = {"id": "c1", "object": "chat.completion", "created": 1760000000, "model": "mistral-small-2506"}


def answer_of(message: Json, reason: str = "stop", **more: Any) -> Json:
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", **message}}
    return {**_NAMED, "usage": USAGE, "choices": [choice], **more}


def thinking(thought: str) -> Json:
    return {"type": "thinking", "thinking": [{"type": "text", "text": thought}]}


BLUE = answer_of({"content": [thinking("Light scatters."), {"type": "text", "text": "Blue."}]})
BLUE_SAID = [
    {
        "role": "assistant",
        "parts": [{"type": "reasoning", "content": "Light scatters."}, {"type": "text", "content": "Blue."}],
        "finish_reason": "stop",
    }
]


def chunk(delta: Json, reason: str | None = None, **more: Any) -> Json:
    return {**_NAMED, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


CHUNKS = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": [thinking("Light ")]}),
    chunk({"content": [thinking("scatters.")]}),
    chunk({"content": "Bl"}),
    chunk({"content": "ue."}),
    chunk({"content": ""}, "stop", usage=USAGE),
]


def stream_of(chunks: Iterable[Json], *, cut: bool = False) -> Reply:
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return Reply((body + ("" if cut else "data: [DONE]\n\n")).encode(), content_type="text/event-stream", cut=cut)


def client_of(server: Scripted, **options: Any) -> Mistral:
    return spanglass.wrap(Mistral(api_key="k", server_url=server.url, **options))


def the_call(seen: Captured) -> CapturedSpan:
    return seen.span(f"chat {MODEL}")


def told(span: CapturedSpan, name: str) -> Any:
    return json.loads(span.attributes[name])


def usage_of(span: CapturedSpan) -> Json:
    return {name: value for name, value in span.attributes.items() if name.startswith("gen_ai.usage.")}
