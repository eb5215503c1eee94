"""What the recorded payloads do not show: habits of other instrumentors of the same families, from their sources."""

from __future__ import annotations

import json
from typing import Any

import pytest
from collector.wire import wire_span

from spanglass.semconv import Kind
from spanglass_collector.decode import WireEvent
from spanglass_collector.dialects import told_by
from spanglass_collector.dialects.told import Told
from spanglass_collector.python_repr import CLASS, MAX_CHARACTERS, from_repr


def told(scope: str, attributes: dict[str, Any], **fields: Any) -> Told:
    return told_by(wire_span(attributes=attributes, scope_name=scope, **fields))


def openinference(instrumentor: str, attributes: dict[str, Any], **fields: Any) -> Told:
    return told(
        f"openinference.instrumentation.{instrumentor}", {"openinference.span.kind": "LLM"} | attributes, **fields
    )


@pytest.mark.parametrize(("instrumentor", "attributes", "asked", "answered"), [
    ("agno", {"llm.model_name": "m"}, "m", ""),
    ("llama_index", {"llm.model_name": "m", "llm.invocation_parameters": '{"model_name": "m"}'}, "m", ""),
    ("openai", {"llm.model_name": "m-1", "llm.invocation_parameters": '{"model": "m"}'}, "m", "m-1"),
    ("openai", {"llm.model_name": "m-1", "input.value": '{"model": "m", "messages": []}'}, "m", "m-1"),
    ("openai", {"llm.invocation_parameters": '{"model": "m"}'}, "m", ""),
    ("openai_agents", {"llm.model_name": "m-1", "output.value": '{"id": "r", "model": "m-1", "output": []}',
                       "llm.invocation_parameters": '{"id": "r", "object": "response", "model": "m-1"}'}, "", "m-1"),
    ("openai_agents", {"llm.model_name": "m-1", "output.value": '{"id": "r", "model": "m-1", "output": []}',
                       "llm.invocation_parameters": '{"id": "r", "created_at": 1.0, "model": "m-1"}'}, "", "m-1"),
    ("openai_agents", {"llm.model_name": "m", "output.value": '[{"content": "Hi"}]'}, "m", ""),
    ("bedrock", {"llm.model_name": "m"}, "m", ""),
    ("litellm", {"llm.model_name": "groq/m", "llm.provider": "groq"}, "m", ""),
    ("litellm", {"llm.model_name": "openrouter/openai/m", "llm.provider": "openrouter"}, "openai/m", ""),
])  # fmt: skip
def test_a_name_of_a_model_is_that_asked_for_or_that_answered(
    instrumentor: str, attributes: dict[str, Any], asked: str, answered: str
) -> None:
    found = openinference(instrumentor, attributes)
    assert (found.request_model, found.response_model) == (asked, answered)
    assert "llm.model_name" in found.understood or "llm.model_name" not in attributes


def test_an_answer_given_as_parameters_is_no_request() -> None:
    answer = {"id": "r", "object": "response", "model": "m", "instructions": "Be terse.", "temperature": 1.0, "output": [],
              "usage": {}, "status": "completed", "error": None}  # fmt: skip
    found = openinference("openai_agents", {
        "llm.invocation_parameters": json.dumps(answer),
        "llm.input_messages.1.message.role": "user", "llm.input_messages.1.message.content": "Hi",
    })  # fmt: skip
    assert found.parameters == {"temperature": "1.0"}
    assert found.system_parts == [{"type": "text", "content": "Be terse."}]


def test_a_question_in_one_text_stands_behind_the_instructions() -> None:
    instructions = {"llm.input_messages.0.message.role": "system", "llm.input_messages.0.message.content": "Be terse."}
    found = openinference("openai_agents", instructions | {"input.value": "Where?"})
    assert [(m["role"], m["parts"][0]["content"]) for m in found.input_messages] == [
        ("system", "Be terse."),
        ("user", "Where?"),
    ]


def test_instructions_of_the_request_are_read_where_no_message_has_them() -> None:
    request = json.dumps({"input": "Where?", "instructions": "Be terse.", "model": "m"})
    user = {"llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "Where?"}
    system = {"llm.input_messages.1.message.role": "system", "llm.input_messages.1.message.content": "Else."}
    assert openinference("openai", user | {"input.value": request}).system_parts == [
        {"type": "text", "content": "Be terse."}
    ]
    assert not openinference("openai", user | system | {"input.value": request}).system_parts


def test_messages_of_haystack_are_read_from_what_python_prints() -> None:
    printed = [
        "ChatMessage(_role=<ChatRole.USER: 'user'>, _content=[TextContent(text='<b>Where\\'s</b> it?')], _name=None, _meta={})",
        (
            "ChatMessage(_role=<ChatRole.ASSISTANT: 'assistant'>, _content=[ReasoningContent(reasoning_text='hm', extra={}), "
            "ToolCall(tool_name='find', arguments={'n': -1}, id='c1', extra=None)], _name=None, _meta={'o': <object at 0x7f>})"
        ),
        (
            "ChatMessage(_role=<ChatRole.TOOL: 'tool'>, _content=[ToolCallResult(result='there', origin=ToolCall("
            "tool_name='find', arguments={'n': -1}, id='c1', extra=None), error=False)], _name=None, _meta={})"
        ),
    ]
    flat = {f"llm.input_messages.{n}.message.role": role for n, role in enumerate(("user", "assistant", "tool"))}
    found = openinference("haystack", flat | {"input.value": json.dumps({"messages": printed})})
    assert [message["parts"] for message in found.input_messages] == [
        [{"type": "text", "content": "<b>Where's</b> it?"}],
        [
            {"type": "reasoning", "content": "hm"},
            {"type": "tool_call", "id": "c1", "name": "find", "arguments": {"n": -1}},
        ],
        [{"type": "tool_call_response", "id": "c1", "response": "there"}],
    ]
    broken = openinference("haystack", flat | {"input.value": json.dumps({"messages": ["ChatMessage(", *printed[1:]]})})
    assert [message["role"] for message in broken.input_messages] == ["user", "assistant", "tool"]


@pytest.mark.parametrize(("text", "value"), [
    ("Reply(a=1, b=[True, None], c={'x': -2.5})", {CLASS: "Reply", "a": 1, "b": [True, None], "c": {"x": -2.5}}),
    ("openai.Reply(role=<Role.TOOL: 'tool'>, o=<object at 0x1>)", {CLASS: "Reply", "role": "tool", "o": None}),
    ("'<Role.TOOL: 1>'", "<Role.TOOL: 1>"),
    ("__import__('os').system('true')", None),
    ("lambda: 1", None),
    ("Reply(", None),
    ("(" * 1000, None),
    ("'" + "x" * MAX_CHARACTERS + "'", None),
])  # fmt: skip
def test_what_python_prints_is_read_and_never_run(text: str, value: Any) -> None:
    found = from_repr(text)
    assert found == value or (value is None and isinstance(found, dict) and set(found) == {CLASS})


def test_calls_of_the_agents_instrumentor_are_unprinted() -> None:
    parts = [
        {"type": "text", "content": "ResponseReasoningItem(id='rs', summary=[Summary(text='hm', type='summary_text')])"},
        {"type": "text", "content": "ResponseFunctionToolCall(arguments='{\"city\": \"Oslo\"}', call_id='c1', name='weather')"},
        {"type": "text", "content": "ResponseFunctionToolCall(cut off"},
    ]  # fmt: skip
    messages = json.dumps([{"role": "assistant", "parts": parts}])
    found = told("opentelemetry.instrumentation.openai_agents", {"gen_ai.output.messages": messages})
    assert found.output_messages[0]["parts"] == [
        {"type": "reasoning", "content": "hm"},
        {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Oslo"}},
        parts[2],
    ]
    plain = told(
        "opentelemetry.instrumentation.openai_agents",
        {"gen_ai.output.messages": json.dumps([{"role": "a", "parts": parts[2:]}])},
    )
    assert plain.output_messages[0]["parts"] == parts[2:]


def test_langchain_of_openllmetry_has_its_tags_in_the_input() -> None:
    given = json.dumps({"inputs": "Hi", "tags": ["seq:step:1", "beta"], "metadata": {}, "kwargs": {}})
    attributes = {"traceloop.span.kind": "task", "traceloop.entity.input": given, "gen_ai.task.input": given}
    found = told("opentelemetry.instrumentation.langchain", attributes)
    assert (found.kind, found.tags) == (Kind.CHAIN, ("beta",))
    assert {"traceloop.entity.input", "gen_ai.task.input"} <= found.understood
    assert not told("traceloop.tracer", attributes).tags


def test_streams_of_openllmetry() -> None:
    chunks = tuple(WireEvent(1000 + at, "gen_ai.content.completion.chunk", {}) for at in (-1, 250, 900))
    found = told("opentelemetry.instrumentation.openai.v1", {"gen_ai.is_streaming": True}, events=chunks, start_ns=1000)
    assert (found.parameters, found.time_to_first_token_ns) == ({"stream": "true"}, 250)
    assert told("opentelemetry.instrumentation.mistralai", {"llm.is_streaming": "False"}).parameters == {
        "stream": "false"
    }


def test_a_conversation_that_pydantic_ai_made_up_is_no_session() -> None:
    made_up, given = "01a206aa-75a7-7627-8bd5-f2691f5befcd", "sess-7f3a"
    assert told("pydantic-ai", {"gen_ai.conversation.id": made_up}).session_id == ""
    assert told("pydantic-ai", {"gen_ai.conversation.id": given}).session_id == given
    assert told("another", {"gen_ai.conversation.id": made_up}).session_id == made_up


def test_a_run_of_pydantic_ai_has_what_was_said_and_the_last_answer() -> None:
    def said(role: str, text: str) -> dict[str, Any]:
        return {"role": role, "parts": [{"type": "text", "content": text}]}

    talk = [said("user", "Where?"), said("assistant", "There.")]
    attributes = {"pydantic_ai.all_messages": json.dumps(talk), "metadata": '{"user_id": "u", "plan": "pro"}'}
    found = told("pydantic-ai", attributes)
    assert (found.input_messages, found.output_messages) == (talk[:1], talk[1:])
    assert (found.user_id, found.metadata) == ("u", {"user_id": "u", "plan": "pro"})
    failed = told("pydantic-ai", {"pydantic_ai.all_messages": json.dumps(talk[:1])})
    assert (failed.input_messages, failed.output_messages) == (talk[:1], ())


def test_a_type_of_error_may_be_an_http_status() -> None:
    assert told("x", {"error.type": "429"}).http_status == "429"
    assert told("x", {"error.type": "RateLimitError"}).http_status == ""


def test_opentelemetry_of_openais_agents_writes_the_model_that_answered_for_both() -> None:
    scope = "opentelemetry.instrumentation.openai_agents"
    both = told(scope, {"gen_ai.request.model": "m-1", "gen_ai.response.model": "m-1"})
    asked = told(scope, {"gen_ai.request.model": "m"})
    assert [(each.request_model, each.response_model) for each in (both, asked)] == [("", "m-1"), ("m", "")]


def test_langchain_of_openllmetry_writes_the_model_that_was_asked_for_of_a_stream() -> None:
    scope = "opentelemetry.instrumentation.langchain"
    said = '[{"role": "unknown", "parts": [{"type": "text", "content": "Hi"}]}]'
    models = {"gen_ai.request.model": "m", "gen_ai.response.model": "m", "gen_ai.output.messages": said}
    properties = "traceloop.association.properties."
    found = told(scope, models | {properties + "ls_model_type": "chat", properties + "plan": "pro"})
    assert (found.request_model, found.response_model, found.metadata) == ("m", "", {"plan": "pro"})
    assert found.output_messages[0]["role"] == "assistant"
