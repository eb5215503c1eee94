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
        ([{"type": "of tomorrow", "x": 1}], [{"type": "of tomorrow", "x": 1}]),
        (
            [{"content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]}],
            [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"}],
        ),
        ("[not json", [{"type": "text", "content": "[not json"}]),
    ],
)  # fmt: skip
def test_messages_of_any_shape_get_opentelemetrys_parts(sent: Any, parts: list[dict[str, Any]]) -> None:
    (message,) = messages_from_value(sent, "user") or []
    assert message["parts"] == parts


ANSWER = {"type": "tool_call_response", "id": "c1", "response": "12 °C"}
THOUGHT = {"type": "reasoning", "content": "hm"}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        # Bedrock and Strands
        (
            [{"text": "Hello?"}, {"toolUse": {"toolUseId": "c1", "name": "weather", "input": {"city": "Oslo"}}}],
            [TEXT, CALL],
        ),
        ([{"toolResult": {"toolUseId": "c1", "status": "success", "content": [{"text": "12 °C"}]}}], [ANSWER]),
        ([{"toolResult": {"toolUseId": "c1", "content": [{"json": {"t": 12}}]}}], [ANSWER | {"response": {"t": 12}}]),
        ([{"reasoningContent": {"reasoningText": {"text": "hm", "signature": "x"}}}], [THOUGHT]),
        # Google
        ([{"text": "hm", "thought": True, "function_call": None}], [THOUGHT]),
        ([{"text": None, "function_call": {"id": "c1", "name": "weather", "args": {"city": "Oslo"}}}], [CALL]),
        ([{"functionResponse": {"id": "c1", "name": "weather", "response": "12 °C"}}], [ANSWER]),
        # the AI SDK
        ([{"type": "tool-call", "toolCallId": "c1", "toolName": "weather", "input": {"city": "Oslo"}}], [CALL]),
        ([{"type": "tool-result", "toolCallId": "c1", "output": {"type": "text", "value": "12 °C"}}], [ANSWER]),
        ([{"type": "tool-result", "toolCallId": "c1", "result": "12 °C"}], [ANSWER]),
        # Genkit
        ([{"toolRequest": {"ref": "c1", "name": "weather", "input": {"city": "Oslo"}}}], [CALL]),
        ([{"toolResponse": {"ref": "c1", "name": "weather", "output": "12 °C"}}], [ANSWER]),
        # reasoning as JSON text, as Traceloop has it
        ([{"type": "reasoning", "content": '[{"text": "hm", "type": "summary_text"}]'}], [THOUGHT]),
    ],
)
def test_parts_of_every_library_are_opentelemetrys(parts: list[Any], expected: list[dict[str, Any]]) -> None:
    assert (messages_from_value([{"role": "user", "content": parts}], "user") or [{}])[0]["parts"] == expected


def test_entries_of_the_responses_interface_make_up_turns() -> None:
    sent = [
        {"role": "user", "content": "Hello?"},
        {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "hm"}], "content": None},
        {"type": "function_call", "id": "fc", "call_id": "c1", "name": "weather", "arguments": '{"city": "Oslo"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "12 °C"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello?"}]},
    ]
    assert messages_from_value(sent, "user") == [
        {"role": "user", "parts": [TEXT]},
        {"role": "assistant", "parts": [THOUGHT, CALL]},
        {"role": "tool", "parts": [ANSWER]},
        {"role": "assistant", "parts": [TEXT]},
    ]


def test_langchains_messages_are_read_without_their_wrappers() -> None:
    constructor = {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "AIMessage"]}
    call = {"id": "c1", "name": "weather", "args": {"city": "Oslo"}, "type": "tool_call"}
    sent = [[
        constructor | {"kwargs": {"content": "", "type": "ai", "tool_calls": [call]}},
        {"type": "human", "data": {"content": "Hello?", "type": "human"}},
        {"type": "tool", "content": "12 °C", "tool_call_id": "c1"},
    ]]  # fmt: skip
    assert messages_from_value(sent, "user") == [
        {"role": "assistant", "parts": [CALL]},
        {"role": "user", "parts": [TEXT]},
        {"role": "tool", "parts": [ANSWER]},
    ]


@pytest.mark.parametrize(
    ("role", "expected"), [("model", "assistant"), ("USER", "user"), ("human", "user"), ("x", "x")]
)
def test_speakers_have_one_name(role: str, expected: str) -> None:
    sent = [{"role": role, "parts": [TEXT]}]
    assert messages_from_value(sent, "user") == [{"role": expected, "parts": [TEXT]}]


def test_role_name_and_finish_reason_are_kept() -> None:
    sent = [{"role": "assistant", "name": "bot", "finish_reason": "stop", "content": "Hi.", "other": 1}]
    part = {"type": "text", "content": "Hi."}
    assert messages_from_value(sent, "user") == [
        {"role": "assistant", "name": "bot", "finish_reason": "stop", "parts": [part]}
    ]


@pytest.mark.parametrize("sent", ["", None, [], [None], [""]])
def test_nothing_is_no_message(sent: Any) -> None:
    assert messages_from_value(sent, "user") is None


def test_every_part_has_a_type_also_of_an_answer_that_is_structured_by_itself() -> None:
    text = {"type": "text", "content": '{"city":"Lyon"}'}
    assert messages_from_value('{"city": "Lyon"}', "assistant") == [{"role": "assistant", "parts": [text]}]
    assert messages_from_value({"role": "user", "content": [{"city": "Lyon"}]}, "") == [
        {"role": "user", "parts": [text]}
    ]


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
