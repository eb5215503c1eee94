"""Token usage as anyone tells it -> the attributes of a span. Pure.

OpenTelemetry's rule holds: input includes cached tokens, output includes reasoning tokens. OpenAI counts that way
already; clients that count otherwise convert before they come here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from spanglass import semconv

PATHS: Final[tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]] = (
    (semconv.INPUT_TOKENS, (("input_tokens",), ("prompt_tokens",))),
    (semconv.OUTPUT_TOKENS, (("output_tokens",), ("completion_tokens",))),
    (
        semconv.CACHE_READ_TOKENS,
        (
            ("cache_read_tokens",),
            ("prompt_tokens_details", "cached_tokens"),
            ("input_tokens_details", "cached_tokens"),
        ),
    ),
    (
        semconv.CACHE_WRITE_TOKENS,
        (
            ("cache_write_tokens",),
            ("prompt_tokens_details", "cache_write_tokens"),
            ("prompt_tokens_details", "cache_creation_tokens"),
            ("input_tokens_details", "cache_write_tokens"),
        ),
    ),
    (
        semconv.REASONING_TOKENS,
        (
            ("reasoning_tokens",),
            ("completion_tokens_details", "reasoning_tokens"),
            ("output_tokens_details", "reasoning_tokens"),
        ),
    ),
    (semconv.INPUT_AUDIO_TOKENS, (("input_audio_tokens",), ("prompt_tokens_details", "audio_tokens"))),
    (semconv.OUTPUT_AUDIO_TOKENS, (("output_audio_tokens",), ("completion_tokens_details", "audio_tokens"))),
)
"""Attribute <- where it may be told, the first that is there wins."""


def usage_attributes(usage: object) -> dict[str, int]:
    """Attributes of the token counts found in ``usage``, a mapping or an object such as OpenAI's ``CompletionUsage``.

    A count that is not told is absent, never 0.
    """
    if type(usage) is dict:
        return _of_mapping(usage)
    found: dict[str, int] = {}
    for attribute, paths in PATHS:
        for path in paths:
            count = _follow(usage, path)
            if _is_count(count):
                found[attribute] = count
                break
    return found


def _of_mapping(usage: dict[str, Any]) -> dict[str, int]:
    """The same by one walk over what is told, which is little, and not over all that might be."""
    ranked: dict[str, tuple[int, int]] = {}
    for name, value in usage.items():
        if type(value) is int:
            _rank(ranked, _RANKS.get((name,)), value)
        elif isinstance(value, Mapping):
            for inner, count in value.items():
                _rank(ranked, _RANKS.get((name, inner)), count)
    return {attribute: count for attribute, (_, count) in ranked.items()}


def _rank(ranked: dict[str, tuple[int, int]], place: tuple[str, int] | None, count: object) -> None:
    if place is not None and _is_count(count) and ranked.get(place[0], (place[1],))[0] >= place[1]:
        ranked[place[0]] = place[1], count


_RANKS: Final = {path: (attribute, rank) for attribute, paths in PATHS for rank, path in enumerate(paths)}


def _is_count(count: object) -> TypeGuard[int]:
    return type(count) is int and count >= 0


def _follow(value: object, path: tuple[str, ...]) -> object:
    for name in path:
        value = value.get(name) if type(value) is dict or isinstance(value, Mapping) else getattr(value, name, None)
    return value
