"""What Cohere's server answers in the tests, and what a span must say of it."""

from __future__ import annotations

import json
from typing import Any

import cohere
from sdk.scripted import Scripted, event_stream

import spanglass
from spanglass import semconv
from spanglass.testing import Captured, CapturedSpan

Json = dict[str, Any]
MODEL = "command-test"
ASKED: Json = {"model": MODEL, "messages": [{"role": "user", "content": "Why blue?"}]}
USAGE: Json = {
    "billed_units": {"input_tokens": 126, "output_tokens": 282},
    "tokens": {"input_tokens": 186, "output_tokens": 289},
    "cached_tokens": 64,
}
CALL: Json = {"id": "call_1", "type": "function", "function": {"name": "search", "arguments": '{"query":"sky"}'}}
REPLY: Json = {
    "id": "reply_1",
    "finish_reason": "COMPLETE",
    "message": {"role": "assistant", "content": [{"type": "text", "text": "It scatters."}]},
    "usage": USAGE,
}


def event(kind: str, message: Json, **more: Any) -> Json:
    return {"type": kind, "delta": {"message": message}, **more}


CITATION: Json = {"start": 0, "end": 3, "text": "Let", "sources": [], "type": "TEXT_CONTENT"}
EVENTS: list[Json] = [
    event("message-start", {"role": "assistant"}, id="reply_1"),
    event("tool-plan-delta", {"tool_plan": "I will "}),
    event("tool-plan-delta", {"tool_plan": "look."}),
    event("content-start", {"content": {"type": "thinking", "thinking": ""}}, index=0),
    event("content-delta", {"content": {"thinking": "Hm."}}, index=0),
    {"type": "content-end", "index": 0},
    event("content-start", {"content": {"type": "text", "text": ""}}, index=1),
    event("content-delta", {"content": {"text": "Let "}}, index=1),
    event("content-delta", {"content": {"text": "me."}}, index=1),
    {"type": "content-end", "index": 1},
    event("citation-start", {"citations": CITATION}, index=0),
    event(
        "tool-call-start",
        {"tool_calls": {"id": "call_1", "type": "function", "function": {"name": "search", "arguments": ""}}},
        index=0,
    ),
    event("tool-call-delta", {"tool_calls": {"function": {"arguments": '{"query":'}}}, index=0),
    event("tool-call-delta", {"tool_calls": {"function": {"arguments": '"sky"}'}}}, index=0),
    {"type": "tool-call-end", "index": 0},
    {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": USAGE}},
]
STREAMED_PARTS: list[Json] = [
    {"type": "reasoning", "content": "I will look."},
    {"type": "reasoning", "content": "Hm."},
    {"type": "text", "content": "Let me."},
    {"type": "tool_call", "id": "call_1", "name": "search", "arguments": {"query": "sky"}},
]
FIRST_TEXT = 8
WHOLE = event_stream(EVENTS)


def client_of(server: Scripted, **options: Any) -> cohere.ClientV2:
    return spanglass.wrap(cohere.ClientV2(api_key="k", base_url=server.url, **{"max_retries": 0, **options}))


def the_call(seen: Captured) -> CapturedSpan:
    return seen.span(f"chat {MODEL}")


def said(span: CapturedSpan) -> list[Json]:
    (message,) = json.loads(span.attributes[semconv.OUTPUT_MESSAGES])
    parts: list[Json] = message["parts"]
    return parts


def assert_streamed(span: CapturedSpan) -> None:
    assert said(span) == STREAMED_PARTS
    assert span.attributes[semconv.REQUEST_STREAM] is True
    assert span.attributes[semconv.RESPONSE_ID] == "reply_1"
    assert span.attributes[semconv.FINISH_REASONS] == ["TOOL_CALL"]
    assert (span.attributes[semconv.INPUT_TOKENS], span.attributes[semconv.OUTPUT_TOKENS]) == (186, 289)
    assert 0 < span.attributes[semconv.TIME_TO_FIRST_CHUNK] <= (span.end_ns - span.start_ns) / 1e9


def assert_half_streamed(span: CapturedSpan) -> None:
    assert said(span)[-1] == {"type": "text", "content": "Let "}
    assert semconv.INPUT_TOKENS not in span.attributes
    assert semconv.FINISH_REASONS not in span.attributes
