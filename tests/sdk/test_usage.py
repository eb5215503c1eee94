"""Token counts by whatever name they are told."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from spanglass import semconv
from spanglass.usage import usage_attributes


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        (None, {}),
        ("lots", {}),
        ({"input_tokens": 1, "prompt_tokens": 2}, {semconv.INPUT_TOKENS: 1}),
        ({"prompt_tokens": 0}, {semconv.INPUT_TOKENS: 0}),
        ({"prompt_tokens": True, "completion_tokens": "5", "reasoning_tokens": -1}, {}),
        (SimpleNamespace(completion_tokens=4), {semconv.OUTPUT_TOKENS: 4}),
        (
            {"input_tokens_details": {"cached_tokens": 3}, "output_tokens_details": {"reasoning_tokens": 2}},
            {semconv.CACHE_READ_TOKENS: 3, semconv.REASONING_TOKENS: 2},
        ),
        (
            SimpleNamespace(prompt_tokens_details=SimpleNamespace(cache_write_tokens=9, audio_tokens=None)),
            {semconv.CACHE_WRITE_TOKENS: 9},
        ),
    ],
)
def test_counts(usage: object, told: dict[str, int]) -> None:
    assert usage_attributes(usage) == told
