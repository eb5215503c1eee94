"""The six calls of the conversation, as every vendor's SDK has them shown: what was asked, answered and charged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from unittest.mock import ANY

import pytest

Json = dict[str, Any]

SYSTEM: Final = ("system", "text", "You are terse.")
QUESTION: Final = ("user", "text", "What is the weather in Lyon?")
CALLED: Final = ("assistant", "tool_call", ("call_1", "weather", {"city": "Lyon"}))
CHAT: Final[Json] = {
    "kind": "llm",
    "failed": False,
    "error_type": "",
    "error_message": "",
    "provider": "openai",
    "request_model": "gpt-4o-mini",
    "response_model": "gpt-4o-mini-2024-07-18",
    "response_id": "chatcmpl-1",
    "service_tier": "default",
    "system_fingerprint": "fp_1",
    "finish_reasons": ["stop"],
    "temperature": None,
    "max_tokens": None,
    "tool_names": [],
    "output": [("assistant", "text", "Blue.")],
    "input_tokens": 120,
    "output_tokens": 45,
    "cache_read_tokens": 64,
    "cache_write_tokens": None,
    "reasoning_tokens": 20,
    "cost_usd": pytest.approx(40.2e-6),  # published prices a million: 56 * $0.15 + 64 * $0.075 + 45 * $0.60
    "streamed": False,
}
NOTHING: Final[Json] = {
    "error_type": "",
    "provider": "",
    "request_model": "",
    "response_model": "",
    "response_id": "",
    "service_tier": "",
    "system_fingerprint": "",
    "finish_reasons": [],
    "output": [],
    "input_tokens": None,
    "output_tokens": None,
    "cache_read_tokens": None,
    "cache_write_tokens": None,
    "reasoning_tokens": None,
    "cost_usd": None,
    "temperature": None,
    "max_tokens": None,
    "tool_names": [],
    "streamed": False,
}
"""What is shown where nothing was said."""

TRUTH: Final[Mapping[str, Json]] = {
    "tool call": {
        **CHAT,
        "response_id": "chatcmpl-3",
        "finish_reasons": ["tool_calls"],
        "temperature": 0.2,
        "max_tokens": 100,
        "tool_names": ["weather"],
        "input": [SYSTEM, QUESTION],
        "output": [CALLED],
    },
    "answer": {
        **CHAT,
        "input": [SYSTEM, QUESTION, CALLED, ("tool", "tool_call_response", ("call_1", "Sun in Lyon."))],
    },
    "stream": {
        **CHAT,
        "response_id": "chatcmpl-2",
        "system_fingerprint": "fp_2",
        "input": [("user", "text", "Which colour?")],
        "streamed": True,
    },
    "refusal": {
        **CHAT,
        **NOTHING,
        "provider": "openai",
        "request_model": "gpt-4o-mini",
        "failed": True,
        "error_type": "RateLimitError",
        "error_message": "Too many requests.",
        "input": [("user", "text", "Too much?")],
    },
    "embedding": {
        **CHAT,
        **NOTHING,
        "kind": "embedding",
        "provider": "openai",
        "request_model": "text-embedding-3-small",
        "response_model": "text-embedding-3-small",
        "input": [("user", "text", "granite")],
        "input_tokens": 8,
        "cost_usd": pytest.approx(0.16e-6),  # 8 * $0.02
    },
    "image": {
        **CHAT,
        "input": [("user", "text", "Who is this?"), ("user", "uri", ANY)],
    },
    "response": {
        **CHAT,
        "request_model": "gpt-5",
        "response_model": "gpt-5-2025-08-07",
        "response_id": "resp_1",
        "system_fingerprint": "",
        "finish_reasons": [],
        "tool_names": ["weather"],
        "input": [SYSTEM, ("user", "text", "Why?")],
        "output": [
            ("assistant", "reasoning", "Think first."),
            ("assistant", "text", "Because."),
            ("assistant", "tool_call", ("call_1", "weather", {"city": "Oslo"})),
        ],
        "input_tokens": 75,
        "output_tokens": 1186,
        "cache_read_tokens": 32,
        "cache_write_tokens": 8,
        "reasoning_tokens": 1024,
        "cost_usd": pytest.approx(11_917.75e-6),  # 43 * $1.25 + 32 * $0.125 + 1186 * $10
    },
}


def shown(span: Json) -> Json:
    """What the API says of a call, in the form of ``TRUTH``."""
    usage, parameters = span["usage"], span["parameters"]
    return {
        **{field: span[field] for field in CHAT.keys() & span.keys()},
        **{field: usage[field] for field in CHAT.keys() & usage.keys()},
        "failed": span["status"] == "error",
        "error_type": span["error_type"].rpartition(".")[2],  # with or without the name of its module
        "error_message": "Too many requests."
        if "Too many requests." in span["error_message"]
        else span["error_message"],
        "temperature": parameters.get("temperature"),
        "max_tokens": parameters.get("max_tokens"),
        "input": parts(span.get("input_messages", [])),
        "output": parts(span.get("output_messages", [])),
        "cost_usd": None if span["cost_usd"] is None else float(span["cost_usd"]),
        "streamed": (span["time_to_first_token_seconds"] or 0) > 0,
    }


def parts(messages: Sequence[Json]) -> list[tuple[str, str, Any]]:
    """(role, type, content) of each part, whether in one message or in several."""
    return [(message["role"], part["type"], _content(part)) for message in messages for part in message["parts"]]


def _content(part: Json) -> Any:
    match part["type"]:
        case "tool_call":
            return part["id"], part["name"], part["arguments"]
        case "tool_call_response":
            return part["id"], part["response"]
        case "text" | "reasoning":
            return part["content"]
    return part
