"""Usage of a model call as providers and libraries report it, to the canonical counts. Pure.

Canonical: input tokens include those read from and written to a cache, output tokens include reasoning. Who counts
otherwise is found out from the total, where there is one, because the names do not say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from spanglass_collector.decode import Value
from spanglass_collector.values import from_json, whole

_TOTAL: Final = "total"
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "input_tokens": (
        "input_tokens",
        "prompt_tokens",
        "prompt_token_count",
        "inputTokens",
        "promptTokens",
        "promptTokenCount",
        "input",
    ),
    "output_tokens": (
        "output_tokens",
        "completion_tokens",
        "candidates_token_count",
        "outputTokens",
        "completionTokens",
        "candidatesTokenCount",
        "output",
    ),
    "cache_read_tokens": (
        "cache_read_input_tokens",
        "prompt_tokens_details.cached_tokens",
        "input_tokens_details.cached_tokens",
        "input_token_details.cache_read",
        "cached_content_token_count",
        "cachedContentTokenCount",
        "cachedContentTokens",
        "cachedInputTokens",
        "cacheReadInputTokens",
        "input_cached_tokens",
        "input_cache_read",
    ),
    "cache_write_tokens": (
        "cache_creation_input_tokens",
        "input_token_details.cache_creation",
        "prompt_tokens_details.cache_creation_tokens",
        "prompt_tokens_details.cache_write_tokens",
        "input_tokens_details.cache_write_tokens",
        "cacheWriteInputTokens",
        "input_cache_creation",
    ),
    "reasoning_tokens": (
        "completion_tokens_details.reasoning_tokens",
        "output_tokens_details.reasoning_tokens",
        "output_token_details.reasoning",
        "thoughts_token_count",
        "thoughtsTokenCount",
        "thoughtsTokens",
        "reasoningTokens",
        "output_reasoning_tokens",
        "output_reasoning",
    ),
    "input_audio_tokens": (
        "prompt_tokens_details.audio_tokens",
        "input_token_details.audio",
        "input_audio_tokens",
    ),
    "output_audio_tokens": (
        "completion_tokens_details.audio_tokens",
        "output_token_details.audio",
        "output_audio_tokens",
    ),
    _TOTAL: ("total_tokens", "total_token_count", "totalTokens", "totalTokenCount", "total"),
}
"""Canonical field to the names it goes by, a dot before what lies inside another object: OpenAI's two interfaces,
Anthropic's, Google's, Bedrock's, LangChain's, Langfuse's and Genkit's."""
_ANTHROPIC: Final = frozenset({"cache_read_input_tokens", "cache_creation_input_tokens"})


def usage_told(value: Value, *, by_provider: bool = False) -> dict[str, int]:
    """Canonical field to tokens, of an object or of JSON text of one. Empty where it tells nothing.

    ``by_provider``: it is what a provider answered, and not what a library made of it. Anthropic gives no total, and
    does not count cached tokens as input.
    """
    told = from_json(value)
    if not isinstance(told, dict):
        return {}
    found = {field: count for field, names in _NAMES.items() if (count := _first(told, names)) is not None}
    total = found.pop(_TOTAL, None)
    tells_input, tells_output = found.get("input_tokens"), found.get("output_tokens")
    if tells_input is None or tells_output is None:
        return found
    cached = found.get("cache_read_tokens", 0) + found.get("cache_write_tokens", 0)
    reasoning = found.get("reasoning_tokens", 0)
    apart = (cached, reasoning)
    if total is None:
        anthropic = by_provider and not _ANTHROPIC.isdisjoint(told)
        apart = (cached if anthropic or found.get("cache_read_tokens", 0) > tells_input else 0, 0)
    else:
        ways = ((0, 0), (cached, reasoning), (cached, 0), (0, reasoning))
        apart = next((way for way in ways if tells_input + tells_output + sum(way) == total), (0, 0))
    found["input_tokens"] += apart[0]
    found["output_tokens"] += apart[1]
    return found


def _first(told: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        outer, _, inner = name.partition(".")
        value = told.get(outer)
        if inner:
            value = value.get(inner) if isinstance(value, dict) else None
        if value is not None and (count := whole(value)) is not None:
            return count
    return None
