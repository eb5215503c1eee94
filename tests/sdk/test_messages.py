"""Chat messages of every shape become parts, and nothing is lost on the way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass import semconv
from spanglass.messages import request_attributes, response_attributes, to_message

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def shaped(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the names that are looked for, and anything at all behind them."""
    return st.dictionaries(st.sampled_from(names), json_values | st.text(max_size=5), max_size=6)


urls = shaped("url", "detail", "data", "format", "file_id", "file_data", "filename")
parts = st.builds(
    lambda kind, more: {**more, "type": kind},
    st.sampled_from(["text", "image_url", "input_audio", "file", "refusal", "new"]),
    st.dictionaries(
        st.sampled_from(["text", "image_url", "input_audio", "file", "refusal"]), json_values | urls, max_size=3
    ),
)
calls = shaped("id", "function", "custom", "index") | st.builds(
    lambda called: {"function": called}, shaped("name", "arguments", "input")
)
messages = st.builds(
    lambda *told: {key: value for each in told for key, value in each.items()},
    shaped("role", "content", "tool_calls", "refusal", "audio", "function_call", "name", "reasoning", "tool_call_id"),
    st.fixed_dictionaries({}, optional={"content": st.lists(parts), "tool_calls": st.lists(calls), "audio": urls}),
)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"role": "user", "content": "Hi"}, [{"type": "text", "content": "Hi"}]),
        ({"role": "user", "content": ""}, []),
        ({"role": "assistant", "content": None, "refusal": "No."}, [{"type": "refusal", "content": "No."}]),
        (
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}}],
            },
            [{"type": "uri", "modality": "image", "uri": "https://x/y.png", "detail": "low"}],
        ),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
            [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"}],
        ),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": "data:image/png;base64," + "A" * 400_000}]},
            [{"type": "blob", "modality": "image", "mime_type": "image/png", "size_bytes": 300_000}],
        ),
        (
            {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}]},
            [{"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "UklG"}],
        ),
        (
            {"role": "user", "content": [{"type": "file", "file": {"file_id": "f1", "filename": "a.pdf"}}]},
            [{"type": "file", "modality": "document", "file_id": "f1", "name": "a.pdf"}],
        ),
        ({"role": "user", "content": [{"type": "hologram", "url": "h"}]}, [{"type": "hologram", "url": "h"}]),
        (
            {
                "role": "tool",
                "tool_call_id": "t",
                "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
            },
            [{"type": "tool_call_response", "id": "t", "response": "ab"}],
        ),
        (
            {"role": "assistant", "function_call": {"name": "f", "arguments": "not json"}},
            [{"type": "tool_call", "id": None, "name": "f", "arguments": "not json"}],
        ),
        (
            {
                "role": "assistant",
                "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "sql", "input": "SELECT"}}],
            },
            [{"type": "tool_call", "id": "c", "name": "sql", "arguments": "SELECT"}],
        ),
        (
            {"role": "assistant", "audio": {"id": "a1", "transcript": "Hello", "data": "UklG"}},
            [{"type": "file", "modality": "audio", "file_id": "a1", "transcript": "Hello"}],
        ),
        (
            {"role": "assistant", "content": "4", "reasoning": "2+2"},
            [{"type": "reasoning", "content": "2+2"}, {"type": "text", "content": "4"}],
        ),
    ],
)
def test_parts(message: dict[str, Any], told: list[dict[str, Any]]) -> None:
    assert to_message(message)["parts"] == told


@given(messages | json_values)
def test_any_message_becomes_one(message: object) -> None:
    told = to_message(message)
    assert isinstance(told["role"], str)
    assert all(isinstance(part, dict) for part in told["parts"])


@given(st.lists(parts))
def test_no_part_is_lost(content: list[dict[str, Any]]) -> None:
    assert len(to_message({"role": "user", "content": content})["parts"]) == len(content)


@given(
    shaped("id", "model", "usage", "choices", "service_tier"), st.lists(messages), shaped("model", "messages", "tools")
)
def test_any_request_and_response_is_read(answer: dict[str, Any], said: list[Any], request: dict[str, Any]) -> None:
    choices = [{"message": message, "finish_reason": message.get("role")} for message in said]
    response_attributes(answer)
    told = response_attributes({"choices": choices})
    assert (semconv.OUTPUT_MESSAGES in told) == bool(said)
    request_attributes(request)
    assert semconv.INPUT_MESSAGES in request_attributes({"messages": said})


def test_figures_that_are_not_told_are_absent() -> None:
    assert response_attributes({"id": None, "usage": None, "choices": []}) == {}
    assert response_attributes({"usage": {"prompt_tokens": 0}}) == {semconv.INPUT_TOKENS: 0}


def test_parameters_are_told_by_the_name_they_were_sent_with() -> None:
    told = request_attributes(
        {
            "model": "m",
            "stream": False,
            "n": 2,
            "logit_bias": {"1": 5},
            "top_p": None,
            "response_format": {"type": "text"},
        }
    )
    assert told == {
        semconv.REQUEST_MODEL: "m",
        "gen_ai.request.n": 2,
        "gen_ai.request.logit_bias": '{"1":5}',
        "gen_ai.request.response_format": '{"type":"text"}',
    }
