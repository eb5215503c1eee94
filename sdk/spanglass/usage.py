"""Token usage as anyone tells it -> the attributes of a span. Pure.

OpenTelemetry's rule holds: input includes cached tokens, output includes reasoning tokens. OpenAI counts that way
already; clients that count otherwise convert before they come here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

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
    told = _counts(usage) if type(usage) is dict else None
    found: dict[str, int] = {}
    for attribute, paths in PATHS if told is None else _named(told):
        for path in paths:
            count = _follow(usage, path)
            if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
                found[attribute] = count
                break
    return found


def _counts(usage: dict[str, object]) -> set[str]:
    """The names of what is told in a mapping, those of its inner mappings included."""
    inner = [value for value in usage.values() if isinstance(value, Mapping)]
    return set(usage).union(*inner)


def _named(told: set[str]) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    """The rows of which at least one path may lead somewhere: most of a mapping's names are not there."""
    return (row for row, names in _ROWS if not names.isdisjoint(told))


_ROWS: Final = tuple(((attribute, paths), frozenset(path[-1] for path in paths)) for attribute, paths in PATHS)


def _follow(value: object, path: tuple[str, ...]) -> object:
    for name in path:
        value = value.get(name) if type(value) is dict or isinstance(value, Mapping) else getattr(value, name, None)
    return value
