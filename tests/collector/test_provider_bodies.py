from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_collector.dialects.told import FIELDS
from spanglass_collector.provider_bodies import answered, asked

HELLO = [{"role": "user", "parts": [{"type": "text", "content": "Hello?"}]}]
HI = {"role": "assistant", "parts": [{"type": "text", "content": "Hi."}]}
BE_TERSE = [{"type": "text", "content": "Be terse."}]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"messages": [{"role": "user", "content": "Hello?"}]}, {"input_messages": HELLO}),
        ([{"role": "user", "content": "Hello?"}], {"input_messages": HELLO}),
        ("Hello?", {"input_messages": HELLO}),
        ({"input": "Hello?", "instructions": "Be terse."}, {"input_messages": HELLO, "system_parts": BE_TERSE}),
        (
            {"messages": HELLO, "system": [{"type": "text", "text": "Be terse."}], "model": "m", "max_tokens": 4},
            {
                "input_messages": HELLO,
                "system_parts": BE_TERSE,
                "request_model": "m",
                "parameters": {"max_tokens": "4"},
            },
        ),
        (
            {
                "contents": [{"role": "user", "parts": [{"text": "Hello?"}]}],
                "config": {"system_instruction": {"parts": [{"text": "Be terse."}]}, "temperature": 0.2, "tools": []},
            },
            {"input_messages": HELLO, "system_parts": BE_TERSE, "parameters": {"temperature": "0.2"}},
        ),
        ({"args": [], "kwargs": {}}, {}),
        ({"messages": []}, {}),
        (None, {}),
    ],
)
def test_what_was_asked(body: Any, expected: dict[str, Any]) -> None:
    assert asked(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Hi.", {"output_messages": [HI]}),
        ({"role": "assistant", "content": "Hi."}, {"output_messages": [HI]}),
        (
            {"id": "c", "model": "m", "choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}]},
            {"output_messages": [HI | {"finish_reason": "stop"}], "response_id": "c", "response_model": "m"},
        ),
        (
            {"id": "r", "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]}]},
            {"output_messages": [HI], "response_id": "r"},
        ),
        (
            {"id": "g", "role": "assistant", "content": [{"type": "text", "text": "Hi."}], "stop_reason": "end_turn",
             "usage": {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 3}},
            {"output_messages": [HI], "response_id": "g", "finish_reasons": ("end_turn",),
             "input_tokens": 4, "output_tokens": 2, "cache_read_tokens": 3},
        ),
        (
            {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi."}]}, "finishReason": "STOP"}],
             "modelVersion": "g-1", "responseId": "x"},
            {"output_messages": [HI | {"finish_reason": "STOP"}], "response_model": "g-1", "response_id": "x"},
        ),
        ({"message": {"role": "assistant", "content": "Hi."}, "model": "o"}, {"output_messages": [HI], "response_model": "o"}),
        ({"data": [{"embedding": [1]}], "model": "e", "usage": {"prompt_tokens": 7}}, {"response_model": "e", "input_tokens": 7}),
        ({"answer": "Hi."}, {}),
        (None, {}),
    ],
)  # fmt: skip
def test_what_was_answered(body: Any, expected: dict[str, Any]) -> None:
    assert answered(body) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text()
            | st.sampled_from(
                (
                    "choices",
                    "message",
                    "content",
                    "messages",
                    "input",
                    "output",
                    "generations",
                    "usage",
                    "kwargs",
                    "id",
                    "candidates",
                    "parts",
                )
            ),
            inner,
        )
    ),
)


@given(JSON)
def test_bodies_of_any_shape_are_read_without_a_fault(body: Any) -> None:
    assert {*asked(body), *answered(body)} <= FIELDS
