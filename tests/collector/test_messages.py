from __future__ import annotations

from typing import Any

import pytest

from spanglass_collector.messages import messages_from_value, parts_from_value, said_by, tools_called

TEXT = {"type": "text", "content": "Hello?"}
CALL = {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Oslo"}}


@pytest.mark.parametrize(
    ("sent", "parts"),
    [
        ("Hello?", [TEXT]),
        ([{"content": "Hello?"}], [TEXT]),
        ('[{"role": "user", "parts": [{"type": "text", "content": "Hello?"}]}]', [TEXT]),
        ({"messages": [{"content": [{"type": "text", "text": "Hello?"}]}]}, [TEXT]),
        ([{"content": [{"type": "input_text", "text": "Hello?"}]}], [TEXT]),
        ([{"parts": ["Hello?"]}], [TEXT]),
        ([{"content": [{"text": "Hello?"}]}], [TEXT]),
        ([{"content": [{"type": "thinking", "thinking": "hm"}]}], [{"type": "reasoning", "content": "hm"}]),
        (
            [{"content": None, "tool_calls": [{"id": "c1", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}]}],
            [CALL],
        ),
        ([{"content": [{"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Oslo"}}]}], [CALL]),
        (
            [{"role": "tool", "tool_call_id": "c1", "content": "12 °C"}],
            [{"type": "tool_call_response", "id": "c1", "response": "12 °C"}],
        ),
        (
            [{"content": [{"type": "tool_result", "tool_use_id": "c1", "content": "12 °C"}]}],
            [{"type": "tool_call_response", "id": "c1", "response": "12 °C"}],
        ),
        (
            [{"content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}],
            [{"type": "uri", "modality": "image", "uri": "https://x/y.png"}],
        ),
        ([{"content": [{"type": "of tomorrow", "x": 1}]}], [{"type": "of tomorrow", "x": 1}]),
        ("[not json", [{"type": "text", "content": "[not json"}]),
    ],
)  # fmt: skip
def test_messages_of_any_shape_get_opentelemetrys_parts(sent: Any, parts: list[dict[str, Any]]) -> None:
    (message,) = messages_from_value(sent, "user") or []
    assert message["parts"] == parts


def test_role_name_and_finish_reason_are_kept() -> None:
    sent = [{"role": "assistant", "name": "bot", "finish_reason": "stop", "content": "Hi.", "other": 1}]
    part = {"type": "text", "content": "Hi."}
    assert messages_from_value(sent, "user") == [
        {"role": "assistant", "name": "bot", "finish_reason": "stop", "parts": [part]}
    ]


@pytest.mark.parametrize("sent", ["", None, [], [None], [""]])
def test_nothing_is_no_message(sent: Any) -> None:
    assert messages_from_value(sent, "user") is None


def test_instructions_are_parts() -> None:
    expected = [{"type": "text", "content": "Be terse."}]
    assert parts_from_value('[{"type": "text", "content": "Be terse."}]') == expected
    assert parts_from_value("Be terse.") == expected


def test_what_was_said_is_the_last_of_the_role() -> None:
    messages = messages_from_value([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}, "c"], "tool")
    assert (said_by(messages, "user"), said_by(messages, "tool"), said_by(messages, "assistant")) == ("b", "c", "")


def test_tools_are_named_once_and_in_order() -> None:
    calls = [CALL, CALL | {"name": "time"}, CALL]
    assert tools_called([{"role": "assistant", "parts": calls}]) == ("weather", "time")
