"""What Anthropic's server answers in the tests, and what a span must say of it."""

from __future__ import annotations

import json
from typing import Any

import anthropic
from sdk.scripted import Scripted

import spanglass
from spanglass import semconv
from spanglass.testing import Captured, CapturedSpan

Json = dict[str, Any]
MODEL = "claude-test-1"
ASKED: Json = {"model": MODEL, "max_tokens": 64, "messages": [{"role": "user", "content": "Why blue?"}]}
USAGE: Json = {
    "input_tokens": 340,
    "cache_read_input_tokens": 1357,
    "cache_creation_input_tokens": 57,
    "output_tokens": 90,
    "output_tokens_details": {"thinking_tokens": 32},
    "service_tier": "priority",
}
MESSAGE: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-test-1-20260101",
    "content": [{"type": "text", "text": "It scatters."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": USAGE,
}
TOOL_USE: Json = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1, "b": 2}}


def started(index: int, block: Json) -> Json:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **told: str) -> Json:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **told}}


EVENTS: list[Json] = [
    {
        "type": "message_start",
        "message": {**MESSAGE, "content": [], "stop_reason": None, "usage": {**USAGE, "output_tokens": 1}},
    },
    started(0, {"type": "thinking", "thinking": "", "signature": ""}),
    delta(0, "thinking_delta", thinking="Light "),
    delta(0, "thinking_delta", thinking="scatters."),
    delta(0, "signature_delta", signature="c2ln"),
    {"type": "content_block_stop", "index": 0},
    {"type": "ping"},
    started(1, {"type": "text", "text": ""}),
    delta(1, "text_delta", text="Let me "),
    delta(1, "text_delta", text="look."),
    {"type": "content_block_stop", "index": 1},
    started(2, {"type": "tool_use", "id": "toolu_1", "name": "search", "input": {}}),
    delta(2, "input_json_delta", partial_json='{"query": '),
    delta(2, "input_json_delta", partial_json='"sky"}'),
    {"type": "content_block_stop", "index": 2},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 90, "output_tokens_details": {"thinking_tokens": 32}},
    },
    {"type": "message_stop"},
]
STREAMED_PARTS: list[Json] = [
    {"type": "reasoning", "content": "Light scatters."},
    {"type": "text", "content": "Let me look."},
    {"type": "tool_call", "id": "toolu_1", "name": "search", "arguments": {"query": "sky"}},
]
FIRST_TEXT = 8
"""So many events of the server's until the first piece of text has come (a ping is not passed on)."""
ENDING_ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


def client_of(server: Scripted, **options: Any) -> anthropic.Anthropic:
    return spanglass.wrap(anthropic.Anthropic(api_key="k", base_url=server.url, **{"max_retries": 0, **options}))


def async_client_of(server: Scripted) -> anthropic.AsyncAnthropic:
    return spanglass.wrap(anthropic.AsyncAnthropic(api_key="k", base_url=server.url, max_retries=0))


def the_call(seen: Captured) -> CapturedSpan:
    return seen.span(f"chat {MODEL}")


def said(span: CapturedSpan) -> list[Json]:
    (message,) = json.loads(span.attributes[semconv.OUTPUT_MESSAGES])
    parts: list[Json] = message["parts"]
    return parts


def assert_streamed(span: CapturedSpan) -> None:
    """All that the events tell."""
    assert span.status == "unset"
    assert said(span) == STREAMED_PARTS
    assert span.attributes[semconv.REQUEST_STREAM] is True
    assert span.attributes[semconv.RESPONSE_ID] == "msg_1"
    assert span.attributes[semconv.FINISH_REASONS] == ["tool_use"]
    assert span.attributes[semconv.INPUT_TOKENS] == 340 + 1357 + 57
    assert span.attributes[semconv.OUTPUT_TOKENS] == 90
    assert span.attributes[semconv.REASONING_TOKENS] == 32
    assert 0 < span.attributes[semconv.TIME_TO_FIRST_CHUNK] <= (span.end_ns - span.start_ns) / 1e9


def assert_half_streamed(span: CapturedSpan) -> None:
    """What had come when it broke off. The first event's count of output tokens is no count of anything."""
    assert said(span)[-1] == {"type": "text", "content": "Let me "}
    assert span.attributes[semconv.INPUT_TOKENS] == 1754
    assert semconv.OUTPUT_TOKENS not in span.attributes
    assert semconv.REASONING_TOKENS not in span.attributes
    assert semconv.FINISH_REASONS not in span.attributes
