"""What each vendor's SDK does not say of the calls, or says its own way: everything else must be shown as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from unittest.mock import ANY

import pytest
from dropin.truth import NOTHING, TRUTH, Json

CONVERSATION: Final = ("tool call", "answer", "stream", "refusal", "embedding", "response")


@dataclass(frozen=True)
class Says:
    """``unsaid`` fields are left out of every call, ``otherwise`` is how a call differs."""

    unsaid: frozenset[str] = frozenset()
    otherwise: Mapping[str, Json] = field(default_factory=dict)
    calls: tuple[str, ...] = CONVERSATION

    def of(self, call: str) -> Json:
        """What must be shown of a call."""
        return {**TRUTH[call], **{name: NOTHING[name] for name in self.unsaid}, **self.otherwise.get(call, {})}


def without(*fields: str) -> Json:
    """Fields that are not said of one call."""
    return {name: NOTHING[name] for name in fields}


ASKED: Final = TRUTH["answer"]["input"]
TEXT_AND_TOOL: Final = TRUTH["response"]["output"][1:]
# Without the cached tokens they all have the full price: 120 * $0.15 + 45 * $0.60 a million.
FULL_PRICE: Final[Json] = {"cost_usd": pytest.approx(45e-6)}

LANGFUSE_UNSAID: Final = frozenset(
    {"provider", "request_model", "response_id", "service_tier", "system_fingerprint", "error_type"}
)
LANGFUSE: Final[Mapping[str, Json]] = {
    "tool call": without("finish_reasons"),
    "answer": without("finish_reasons"),
    "refusal": {"request_model": "gpt-4o-mini"},
    "embedding": {"request_model": "text-embedding-3-small", "output": ANY, **without("response_model")},
}
OPENINFERENCE: Final = Says(otherwise={"embedding": {"output": ANY}})
GEN_AI: Final = Says(
    otherwise={
        "stream": without("system_fingerprint"),
        "embedding": {"input": []},
        "response": {"output": TEXT_AND_TOOL, "finish_reasons": ["stop", "tool_calls"]},
    }
)
SAYS: Final[Mapping[str, Says]] = {
    "langfuse": Says(LANGFUSE_UNSAID, LANGFUSE),
    "langfuse 3": Says(LANGFUSE_UNSAID, {**LANGFUSE, "response": {"input": TRUTH["response"]["input"][1:]}}),
    "openinference": OPENINFERENCE,
    "phoenix": OPENINFERENCE,
    "traceloop": Says(
        otherwise={
            "tool call": {"finish_reasons": ["tool_call"]},
            "stream": without("service_tier", "system_fingerprint", "reasoning_tokens"),
            "embedding": {"cache_read_tokens": 0},
            "response": {
                "finish_reasons": ["tool_call"],
                "output": [
                    ("assistant", "text", "Because."),
                    ("assistant", "reasoning", "Think first."),
                    ("assistant", "tool_call", ("fc_1", "weather", {"city": "Oslo"})),
                ],
                **without("cache_write_tokens"),
            },
        },
        calls=(*CONVERSATION, "image"),
    ),
    "opentelemetry, span": GEN_AI,
    "opentelemetry, event": GEN_AI,
    "opentelemetry, grpc": GEN_AI,
    "opentelemetry, v2": Says(
        frozenset({"system_fingerprint", "cache_read_tokens", "reasoning_tokens"}),
        {
            "tool call": FULL_PRICE,
            "answer": FULL_PRICE,
            "stream": FULL_PRICE | without("streamed"),
            "embedding": {"input": []},
        },
        CONVERSATION[:-1],
    ),
    "logfire": Says(
        frozenset({"service_tier", "system_fingerprint"}),
        {
            "stream": without("streamed"),
            "embedding": {"input": [], **without("response_model")},  # without an id it may be the one asked for
            "response": {"output": TEXT_AND_TOOL, "finish_reasons": ["tool_calls"]},
        },
    ),
    "pydantic-ai": Says(
        frozenset({"service_tier", "system_fingerprint", "temperature", "max_tokens"}),
        {"tool call": {"finish_reasons": ["tool_call"]}},
        ("tool call", "answer"),
    ),
    "litellm": Says(  # cached and reasoning tokens are in no attribute of their own
        frozenset({"cache_read_tokens", "reasoning_tokens"}),
        {
            "answer": {"input": [*ASKED[:2], ("assistant", "text", ""), *ASKED[2:]]},
            "stream": without("streamed", "response_model", "system_fingerprint"),
            "embedding": {"output_tokens": 0, **without("provider")},
        },
        CONVERSATION[:-1],
    ),
}

ANN: Final[Json] = {"session_id": "s1", "user_id": "ann", "tags": ["beta"], "metadata": {"plan": "pro"}}
FACTS: Final[Mapping[str, Json]] = {
    "langfuse": ANN,
    "langfuse 3": ANN,
    "openinference": ANN,
    "phoenix": ANN,
    "traceloop": ANN | {"tags": []},
    "logfire": ANN | {"tags": [], "metadata": {}},
}
"""Who used the application, as far as the SDK has words for it."""

AGENT: Final = [("agent", "support", ""), ("tool", "weather", "support")]
PLAIN: Final = [("span", "support", ""), ("span", "weather", "support")]
TREES: Final[Mapping[str, list[tuple[str, str, str]]]] = {
    "langfuse": AGENT,
    "langfuse 3": AGENT,
    "openinference": AGENT,
    "phoenix": AGENT,
    "traceloop": [
        ("chain", "visit.workflow", ""),
        ("agent", "support.agent", "visit.workflow"),
        ("tool", "weather.tool", "support.agent"),
        ("span", "POST", "openai.chat"),
    ],
    "opentelemetry, span": PLAIN,
    "opentelemetry, event": PLAIN,
    "opentelemetry, grpc": PLAIN,
    "opentelemetry, v2": PLAIN,
    "logfire": PLAIN,
    "pydantic-ai": [
        ("agent", "invoke_agent support", ""),
        ("tool", "execute_tool weather", "invoke_agent support"),
    ],
}
"""(kind, name, name of the parent) of the spans that are no calls of a model."""
