"""What Bedrock answers in the tests, and clients of boto3 that ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from sdk.scripted import Reply, Scripted, aws_event_stream, scripted

import spanglass
from spanglass import semconv
from spanglass.testing import Captured, CapturedSpan

Json = dict[str, Any]
MODEL = "us.anthropic.claude-test-v1:0"
ASKED: Json = {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": "Why blue?"}]}]}
USAGE: Json = {
    "inputTokens": 30,
    "outputTokens": 12,
    "totalTokens": 192,
    "cacheReadInputTokens": 100,
    "cacheWriteInputTokens": 50,
}
ANSWER: Json = {
    "output": {"message": {"role": "assistant", "content": [{"text": "It scatters."}]}},
    "stopReason": "end_turn",
    "usage": USAGE,
    "metrics": {"latencyMs": 12},
    "serviceTier": {"type": "flex"},
}


def delta(index: int, told: Json) -> tuple[str, Json]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": told}


def stopped(index: int) -> tuple[str, Json]:
    return "contentBlockStop", {"contentBlockIndex": index}


EVENTS: list[tuple[str, Json]] = [
    ("messageStart", {"role": "assistant"}),
    delta(0, {"reasoningContent": {"text": "Light "}}),
    delta(0, {"reasoningContent": {"text": "scatters."}}),
    delta(0, {"reasoningContent": {"signature": "c2ln"}}),
    stopped(0),
    delta(1, {"text": "Let me "}),
    delta(1, {"text": "look."}),
    stopped(1),
    (
        "contentBlockStart",
        {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "tool_1", "name": "search"}}},
    ),
    delta(2, {"toolUse": {"input": '{"query": '}}),
    delta(2, {"toolUse": {"input": '"sky"}'}}),
    stopped(2),
    ("messageStop", {"stopReason": "tool_use"}),
    ("metadata", {"usage": USAGE, "metrics": {"latencyMs": 40}, "serviceTier": {"type": "flex"}}),
]
FIRST_TEXT = 6
"""So many events until the first piece of text has come."""
WHOLE = aws_event_stream(EVENTS, x_amzn_requestid="req-1")


def boto(server: Scripted, attempts: int = 1) -> Any:
    return boto3.client(
        "bedrock-runtime",
        region_name="eu-west-1",
        endpoint_url=server.url,
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}),
    )


@contextmanager
def calling(*replies: Reply, attempts: int = 1) -> Iterator[Any]:
    """A wrapped client of a server that gives these replies."""
    with scripted(*replies) as server:
        client = spanglass.wrap(boto(server, attempts))
        try:
            yield client
        finally:
            client.close()


def the_call(seen: Captured) -> CapturedSpan:
    return seen.span(f"chat {MODEL}")


def said(span: CapturedSpan) -> list[Json]:
    (message,) = json.loads(span.attributes[semconv.OUTPUT_MESSAGES])
    parts: list[Json] = message["parts"]
    return parts
