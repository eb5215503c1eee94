"""The models of the demo: what they answer, how long they take, and the day one of them was quietly replaced. Pure.

An answer depends on the request, on ``changed`` (is the replacement in service?) and on the generator given; nothing
here knows a clock. A model is mostly its thoroughness: the share of the facts at hand that it puts into an answer.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spanglass_cli.demo.catalogue import ORDER_NUMBER, PRODUCTS, topic_of
from spanglass_cli.demo.topics import Topic


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What really answers when a model is asked for by its name."""

    served_as: str
    fingerprint: str
    thoroughness: float
    first_token_seconds: float
    seconds_per_token: float


MODELS: Final[Mapping[str, Snapshot]] = {
    "gpt-4o": Snapshot("gpt-4o-2024-08-06", "fp_0aa8d3e20b", 0.95, 0.45, 0.012),
    "gpt-4o-mini": Snapshot("gpt-4o-mini-2024-07-18", "fp_72ed7ab54c", 0.86, 0.28, 0.007),
    "gpt-4.1-mini": Snapshot("gpt-4.1-mini-2025-04-14", "fp_38343a2f8f", 0.90, 0.33, 0.008),
}

REPLACEMENTS: Final[Mapping[str, Snapshot]] = {
    "gpt-4o": Snapshot("gpt-4o-2024-11-20", "fp_7f6be3efb0", 0.52, 0.30, 0.008),
}
"""The silent change: the name stays, another snapshot answers, faster and with less in it."""

EMBEDDING_MODEL: Final = "text-embedding-3-small"
EMBEDDING_DIMENSIONS: Final = 64

CAREFUL_PHRASE: Final = "Name every fact the articles give"
"""A prompt with these words makes any model more thorough. That is how prompt versions differ."""

CARE_GAINED: Final = 0.06
RATE_LIMITED_SHARE: Final = 0.02
BROKEN_SHARE: Final = 0.012

OPENINGS: Final = ("Good question.", "Happy to help.", "Thanks for writing to us.", "Of course.")
CLOSINGS: Final = ("Is there anything else?", "Have a good trip!", "Just ask if anything is unclear.", "")
UNKNOWN_ORDER: Final = "I cannot find an order with this number. Please check it in your confirmation mail."


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function the model wants called. ``arguments`` is JSON text."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer. ``seconds`` is the whole call, ``first_token_seconds`` the part before the first token."""

    response_id: str
    served_as: str
    fingerprint: str
    text: str
    tool_calls: tuple[ToolCall, ...]
    input_tokens: int
    output_tokens: int
    first_token_seconds: float
    seconds: float

    @property
    def finish_reason(self) -> str:
        """As the wire names it."""
        return "tool_calls" if self.tool_calls else "stop"


class Refusal(Exception):
    """The provider's own trouble: an HTTP status, its error code and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def answer(
    model: str,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[str] = (),
    *,
    changed: bool,
    chance: random.Random,
) -> Reply:
    """What ``model`` says to ``messages`` (OpenAI's chat shape) with the tools named.

    Raises Refusal for a model that does not exist (404) and, rarely, for too many requests (429) or a fault (500).
    """
    snapshot = _snapshot(model, changed=changed)
    _maybe_refuse(chance)
    question = _last(messages, "user")
    topic = topic_of(question)
    told = _tool_result(messages)
    calls = _tool_calls(topic, question, chance) if tools and told is None else ()
    careful = CAREFUL_PHRASE in _last(messages, "system")
    thoroughness = min(1.0, snapshot.thoroughness + (CARE_GAINED if careful else 0.0))
    text = "" if calls else _text(topic, told or {}, thoroughness, chance)
    input_tokens = 3 + sum(4 + tokens_of(_content(message)) for message in messages) + 58 * len(tools)
    output_tokens = tokens_of(text) + sum(tokens_of(call.name + call.arguments) + 8 for call in calls)
    first = snapshot.first_token_seconds * chance.lognormvariate(0, 0.25)
    return Reply(
        response_id=f"chatcmpl-{chance.getrandbits(96):024x}",
        served_as=snapshot.served_as,
        fingerprint=snapshot.fingerprint,
        text=text,
        tool_calls=calls,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        first_token_seconds=first,
        seconds=first + output_tokens * snapshot.seconds_per_token * chance.lognormvariate(0, 0.15),
    )


def embed(text: str) -> list[float]:
    """A unit vector that depends on the text alone."""
    chance = random.Random(hashlib.sha256(text.encode()).digest())
    values = [chance.gauss(0, 1) for _ in range(EMBEDDING_DIMENSIONS)]
    length = math.sqrt(sum(value * value for value in values))
    return [round(value / length, 6) for value in values]


def tokens_of(text: str) -> int:
    """About as many tokens as a tokenizer would count in English text: one for four characters."""
    return (len(text) + 3) // 4


def _snapshot(model: str, *, changed: bool) -> Snapshot:
    if changed and model in REPLACEMENTS:
        return REPLACEMENTS[model]
    if model not in MODELS:
        raise Refusal(404, "model_not_found", f"The model `{model}` does not exist or you do not have access to it.")
    return MODELS[model]


def _maybe_refuse(chance: random.Random) -> None:
    draw = chance.random()
    if draw < RATE_LIMITED_SHARE:
        raise Refusal(429, "rate_limit_exceeded", "Rate limit reached for requests per min. Please try again in 2s.")
    if draw < RATE_LIMITED_SHARE + BROKEN_SHARE:
        raise Refusal(500, "server_error", "The server had an error while processing your request.")


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _last(messages: Sequence[Mapping[str, Any]], role: str) -> str:
    return next((_content(message) for message in reversed(messages) if message.get("role") == role), "")


def _tool_result(messages: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    """What the tool returned, None before any tool ran."""
    if not messages or messages[-1].get("role") != "tool":
        return None
    try:
        result = json.loads(_content(messages[-1]))
    except ValueError:
        return {}
    return result if isinstance(result, dict) else {}


def _tool_calls(topic: Topic, question: str, chance: random.Random) -> tuple[ToolCall, ...]:
    arguments = {}
    if topic.tool == "find_order" and (found := ORDER_NUMBER.search(question)):
        arguments = {"number": found[1]}
    elif topic.tool == "check_stock" and (product := next((p for p in PRODUCTS if p in question), None)):
        arguments = {"product": product}
    if not arguments:
        return ()
    return (ToolCall(f"call_{chance.getrandbits(96):024x}", topic.tool, json.dumps(arguments)),)


def _text(topic: Topic, told: Mapping[str, str], thoroughness: float, chance: random.Random) -> str:
    if "error" in told:
        return UNKNOWN_ORDER
    facts = [fact.format_map(told) for fact in topic.facts if "{" not in fact or told]
    kept = [fact for fact in facts if chance.random() < thoroughness] or facts[:1]
    return " ".join(part for part in (chance.choice(OPENINGS), *kept, chance.choice(CLOSINGS)) if part)
