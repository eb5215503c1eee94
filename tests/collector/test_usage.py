from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_collector.usage import usage_told


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        # OpenAI: cached and reasoning tokens are inside
        (
            {
                "prompt_tokens": 1683,
                "completion_tokens": 587,
                "total_tokens": 2270,
                "prompt_tokens_details": {"cached_tokens": 1152, "audio_tokens": 3},
                "completion_tokens_details": {"reasoning_tokens": 320},
            },
            (1683, 587, 1152, None, 320),
        ),
        # Langfuse's JavaScript: both apart, as the total shows
        (
            {
                "input": 531,
                "output": 267,
                "total": 2270,
                "input_cached_tokens": 1152,
                "output_reasoning_tokens": 320,
            },
            (1683, 587, 1152, None, 320),
        ),
        # Google: reasoning apart, cached inside
        (
            {
                "prompt_token_count": 1683,
                "candidates_token_count": 267,
                "thoughts_token_count": 320,
                "cached_content_token_count": 1152,
                "total_token_count": 2270,
            },
            (1683, 587, 1152, None, 320),
        ),
        # the caller's own words, which the total explains
        ({"input": 321, "output": 123, "cache_read_input_tokens": 45, "total": 444}, (321, 123, 45, None, None)),
        # no total, but more was read from the cache than there is input
        ({"input_tokens": 40, "output_tokens": 3, "cache_read_input_tokens": 1357}, (1397, 3, 1357, None, None)),
        ({"input": 226}, (226, None, None, None, None)),
        ({"prompt_tokens": 126.0, "completion_tokens": "7"}, (126, 7, None, None, None)),
        ({"prompt_tokens": -1, "input_tokens": None, "total_tokens": {}}, (None,) * 5),
    ],
)
def test_usage_is_inclusive_whoever_counts(told: dict[str, Any], expected: tuple[int | None, ...]) -> None:
    columns = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
    for value in (told, json.dumps(told)):
        assert tuple(usage_told(value).get(column) for column in columns) == expected


def test_anthropic_itself_does_not_count_cached_tokens_as_input() -> None:
    told = {
        "input_tokens": 340,
        "output_tokens": 286,
        "cache_read_input_tokens": 57,
        "cache_creation_input_tokens": 100,
    }
    assert usage_told(told, by_provider=True)["input_tokens"] == 497
    assert usage_told(told)["input_tokens"] == 340


@pytest.mark.parametrize("told", [None, "", "no", "[1]", 7, [], {}, {"usage": 1}])
def test_nothing_told_is_nothing(told: Any) -> None:
    assert usage_told(told) == {}


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_usage_of_anything_is_counts_or_nothing(told: Any) -> None:
    assert all(isinstance(count, int) and count >= 0 for count in usage_told(told).values())
