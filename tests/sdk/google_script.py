"""What Gemini answers in the tests, and clients that ask it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from google import genai
from sdk.scripted import Reply, Scripted

import spanglass
from spanglass import semconv
from spanglass.testing import Captured, CapturedSpan

Json = dict[str, Any]
MODEL = "gemini-test"
USAGE: Json = {
    "promptTokenCount": 120,
    "cachedContentTokenCount": 64,
    "toolUsePromptTokenCount": 7,
    "candidatesTokenCount": 25,
    "thoughtsTokenCount": 20,
    "totalTokenCount": 172,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 110}, {"modality": "AUDIO", "tokenCount": 10}],
}
USAGE_TOLD = {
    semconv.INPUT_TOKENS: 127,
    semconv.OUTPUT_TOKENS: 45,
    semconv.CACHE_READ_TOKENS: 64,
    semconv.REASONING_TOKENS: 20,
    semconv.INPUT_AUDIO_TOKENS: 10,
}


def candidate(*parts: Json, reason: str | None = "STOP") -> Json:
    told: Json = {"index": 0, "content": {"role": "model", "parts": list(parts)}}
    return told | ({"finishReason": reason} if reason else {})


def answer_of(*candidates: Json, **more: Any) -> Json:
    told = {"modelVersion": "gemini-test-002", "responseId": "r1", "usageMetadata": USAGE}
    return {**told, "candidates": list(candidates), **more}


BLUE = answer_of(candidate({"text": "Light scatters.", "thought": True}, {"text": "Blue.", "thoughtSignature": "c2ln"}))
BLUE_SAID = [
    {
        "role": "assistant",
        "parts": [{"type": "reasoning", "content": "Light scatters."}, {"type": "text", "content": "Blue."}],
        "finish_reason": "stop",
    }
]
CHUNKS = [
    answer_of(candidate({"text": "Light ", "thought": True}, reason=None), usageMetadata={"promptTokenCount": 120}),
    answer_of(candidate({"text": "scatters.", "thought": True}, reason=None), usageMetadata={"promptTokenCount": 120}),
    answer_of(candidate({"text": "Bl"}, reason=None), usageMetadata={"promptTokenCount": 120}),
    answer_of(candidate({"text": "ue."})),
]


def stream_of(chunks: Iterable[Json], *, cut: bool = False) -> Reply:
    body = "".join(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks)
    return Reply(body.encode(), content_type="text/event-stream", cut=cut)


@contextmanager
def client_of(server: Scripted, **options: Any) -> Iterator[genai.Client]:
    client = genai.Client(**{"api_key": "k", "http_options": {"base_url": server.url}, **options})
    try:
        yield spanglass.wrap(client)
    finally:
        client.close()


def the_call(seen: Captured) -> CapturedSpan:
    return seen.span(f"generate_content {MODEL}")


def told(span: CapturedSpan, name: str) -> Any:
    return json.loads(span.attributes[name])


def usage_of(span: CapturedSpan) -> Json:
    return {name: value for name, value in span.attributes.items() if name.startswith("gen_ai.usage.")}
