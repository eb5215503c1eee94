"""Libraries that are not among the recorded payloads, or say more than those show: spans as they send them."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from collector.truth import PRICES
from collector.wire import body_of, wire_span

from spanglass_collector.api.documents import Document, span_document
from spanglass_collector.decode import WireEvent, WireSpan
from spanglass_collector.pipeline import spans_from_body


def read(*spans: WireSpan) -> list[Document]:
    """What the API answers of spans that come in one request, in their order."""
    found, _ = spans_from_body(body_of(*spans), project="p", received_ns=time.time_ns(), prices=PRICES)
    documents = {span.span_id: span_document(span) for span in found}
    return [documents[span.span_id] for span in spans]


def said(messages: list[dict[str, Any]]) -> list[tuple[str, str, Any]]:
    """(role, type, what) of every part."""
    return [
        (m["role"], p["type"], p.get("content", p.get("response", p.get("arguments"))))
        for m in messages
        for p in m["parts"]
    ]


OPENAI_USAGE = {
    "prompt_tokens": 1683,
    "completion_tokens": 587,
    "total_tokens": 2270,
    "prompt_tokens_details": {"cached_tokens": 1152},
    "completion_tokens_details": {"reasoning_tokens": 320},
}
OPENAI_ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi."}}],
    "usage": OPENAI_USAGE,
}
CANONICAL = {"input_tokens": 1683, "output_tokens": 587, "cache_read_tokens": 1152, "reasoning_tokens": 320}


def usage(document: Document) -> dict[str, Any]:
    return {name: document["usage"][name] for name in CANONICAL}


# Langfuse

OBSERVATION = "langfuse.observation."


def langfuse(name: str = "OpenAI.chat", **told: Any) -> WireSpan:
    attributes = {
        OBSERVATION + key.replace("__", "."): value if isinstance(value, str | int) else json.dumps(value)
        for key, value in told.items()
    }
    return wire_span(name, attributes, scope_name="langfuse-sdk", scope_version="5.11.1")


def test_langfuse_of_javascript_counts_cached_and_reasoning_apart() -> None:
    details = {"input": 531, "output": 267, "total": 2270, "input_cached_tokens": 1152, "output_reasoning_tokens": 320}
    (call,) = read(langfuse(type="generation", model__name="gpt-4o-mini-2024-07-18", usage_details=details))
    assert usage(call) == CANONICAL
    assert (call["request_model"], call["response_model"]) == ("", "gpt-4o-mini-2024-07-18")


def test_langfuse_of_javascript_names_the_model_of_a_stream_that_was_asked() -> None:
    parameters = {"stream": True, "response_format": ""}
    (call,) = read(langfuse(type="generation", model__name="gpt-4o-mini", model__parameters=parameters, output="Hi."))
    assert (call["request_model"], call["response_model"]) == ("gpt-4o-mini", "")
    assert call["parameters"] == {"stream": True}
    assert said(call["output_messages"]) == [("assistant", "text", "Hi.")]


def test_langfuse_of_javascript_calls_an_embedding_a_generation() -> None:
    (call,) = read(langfuse("OpenAI.embeddings", type="generation", model__name="m", input=["a", "b"]))
    assert (call["kind"], call["request_model"]) == ("embedding", "m")
    assert said(call["input_messages"]) == [("user", "text", "a"), ("user", "text", "b")]


def test_langfuse_of_javascript_says_a_failure_by_its_level() -> None:
    told = {"level": "ERROR", "status_message": "Error: 429", "cost_details": {"input": 0, "output": 0, "total": 0}}
    (call,) = read(langfuse(type="generation", model__name="gpt-4o-mini", **told))
    assert (call["status"], call["error_message"], call["cost_usd"]) == ("error", "Error: 429", None)
    assert (call["request_model"], call["response_model"]) == ("gpt-4o-mini", "")


def test_langfuse_instructions_of_the_responses_interface_are_a_system_message() -> None:
    told = {"metadata__instructions": "Be terse.", "metadata__plan": "pro", "input": "Hello?"}
    (call,) = read(langfuse("OpenAI.responses", type="generation", **told))
    assert said(call["input_messages"]) == [("system", "text", "Be terse."), ("user", "text", "Hello?")]
    assert call["metadata"] == {"plan": "pro"}


@pytest.mark.parametrize(
    ("details", "cost"),
    [({"total": 0.5, "input": 0.2}, 0.5), ({"input": 0.2, "output": 0.1}, 0.3), ({"total": "x"}, None)],
)
def test_langfuse_cost_is_the_total_or_the_sum(details: dict[str, Any], cost: float | None) -> None:
    (call,) = read(langfuse(type="generation", model__name="none-such", cost_details=details))
    assert call["cost_usd"] == cost


# LangSmith around LangChain

AI = ["langchain", "schema", "messages", "AIMessage"]


def langsmith(kind: str, prompt: Any, completion: Any, **told: Any) -> WireSpan:
    attributes = {
        "langsmith.span.kind": kind,
        "gen_ai.prompt": json.dumps(prompt),
        "gen_ai.completion": json.dumps(completion),
        "gen_ai.system": "openai" if kind == "llm" else "langchain",
        "langsmith.metadata.LANGSMITH_TRACING": "true",
    }
    return wire_span("run", attributes | told, status_code=1, scope_name="langsmith")


def result(message: dict[str, Any], **about: Any) -> dict[str, Any]:
    """What LangChain gets from a model."""
    dump = {"lc": 1, "type": "constructor", "id": AI, "kwargs": {"type": "ai", **message}}
    return {"generations": [[{"text": "", "message": dump, "type": "ChatGeneration"}]], **about}


def test_langsmith_reads_langchains_dump_of_a_call() -> None:
    human = {"lc": 1, "type": "constructor", "id": [*AI[:-1], "HumanMessage"], "kwargs": {"content": "Hello?"}}
    counted = {
        "input_tokens": 1683,
        "output_tokens": 587,
        "total_tokens": 2270,
        "input_token_details": {"cache_read": 1152},
        "output_token_details": {"reasoning": 320},
    }
    about = {
        "model_name": "gpt-4o-mini-2024-07-18",
        "id": "chatcmpl-1",
        "finish_reason": "stop",
        "token_usage": OPENAI_USAGE,
    }
    completion = result({"content": "Hi.", "response_metadata": about, "usage_metadata": counted})
    (call,) = read(langsmith("llm", {"messages": [[human]]}, completion, **{"langsmith.metadata.ls_max_tokens": 400}))
    assert usage(call) == CANONICAL
    assert (call["response_model"], call["response_id"], call["finish_reasons"]) == (
        "gpt-4o-mini-2024-07-18",
        "chatcmpl-1",
        ["stop"],
    )
    assert said(call["input_messages"]) == [("user", "text", "Hello?")]
    assert said(call["output_messages"]) == [("assistant", "text", "Hi.")]
    assert call["parameters"] == {"max_tokens": 400}
    assert not any("LANGSMITH_" in name for name in (*call["attributes"], *call["metadata"]))


def test_langsmith_says_status_ok_of_a_failure() -> None:
    body = {"error": {"message": "Rate limit reached"}}
    completion = result({"content": "", "response_metadata": {"body": body, "status_code": 429}})
    raised = WireEvent(
        0,
        "exception",
        {"exception.type": "Exception", "exception.message": "X('no')\n\nTraceback (most recent call last):\n"},
    )
    call, tool = read(
        replace(langsmith("llm", {"messages": [[]]}, completion), events=(raised,)),
        replace(langsmith("tool", {"input": "x"}, {}), events=(raised,)),
    )
    assert (call["status"], call["error_type"], call["error_message"]) == ("error", "Exception", "Rate limit reached")
    assert (tool["status"], tool["error_message"], tool["input"]) == ("error", "X('no')", "x")


def test_langsmith_a_stream_nobody_read_on_did_not_fail() -> None:
    stopped = WireEvent(0, "exception", {"exception.message": "GeneratorExit()\n\nTraceback …"})
    (call,) = read(replace(langsmith("llm", {"messages": []}, {}), events=(stopped,)))
    assert call["status"] == "ok"


def test_langsmith_tags_come_as_one_text_with_those_of_the_framework() -> None:
    told = {"langsmith.span.tags": "graph:step:1, beta, rag-demo, seq:step:2", "langsmith.metadata.thread_id": "t"}
    (run,) = read(langsmith("chain", {"q": 1}, {"output": "x"}, **told))
    assert (run["tags"], run["session_id"], run["output"], run["provider"]) == (["beta", "rag-demo"], "t", "x", "")


# The AI SDK 7


def test_the_ai_sdk_7_gives_an_agent_the_sum_of_its_calls() -> None:
    def ai(operation: str, tokens: int | None, **ids: Any) -> WireSpan:
        told = {"gen_ai.operation.name": operation, "gen_ai.provider.name": "openai.chat", "gen_ai.request.model": "m"}
        if tokens is not None:
            told |= {"gen_ai.usage.input_tokens": tokens, "gen_ai.usage.output_tokens": tokens}
        return wire_span(operation, told, scope_name="gen_ai", trace_id="ab" * 16, **ids)

    agent = ai("invoke_agent", 30)
    step = ai("agent_step", None, parent_span_id=agent.span_id)
    calls = [ai("chat", tokens, parent_span_id=agent.span_id) for tokens in (10, 20)]
    outer = ai("embeddings", None)
    inner = ai("embeddings", 5, parent_span_id=outer.span_id)
    documents = read(agent, step, *calls, outer, inner)
    assert [d["usage_counted"] for d in documents] == [False, True, True, True, False, True]
    assert [d["kind"] for d in documents] == ["agent", "chain", "llm", "llm", "embedding", "embedding"]
    assert {d["provider"] for d in documents} == {"openai"}


# MLflow


def mlflow(name: str, inputs: Any, outputs: Any, **told: Any) -> WireSpan:
    attributes = {"mlflow.spanType": json.dumps(name), "mlflow.spanInputs": json.dumps(inputs)}
    attributes |= {"mlflow.spanOutputs": json.dumps(outputs)} if outputs is not None else {}
    attributes |= {key: json.dumps(value) for key, value in told.items()}
    return wire_span(name, attributes, scope_name="mlflow.tracing.provider")


def test_mlflow_quotes_everything() -> None:
    request = {
        "messages": [{"role": "user", "content": "Hello?"}],
        "model": "gpt-4o-mini",
        "temperature": 0.2,
        "user": "u1",
    }
    told: dict[str, Any] = {
        "model": "gpt-4o-mini",
        "temperature": 0.2,
        "user": "u1",
        "mlflow.llm.model": OPENAI_ANSWER["model"],
    }
    told["mlflow.chat.tokenUsage"] = {
        "input_tokens": 1683,
        "output_tokens": 587,
        "total_tokens": 2270,
        "cache_read_input_tokens": 1152,
    }
    (call,) = read(mlflow("CHAT_MODEL", request, OPENAI_ANSWER, **told))
    assert (call["kind"], usage(call), call["user_id"]) == ("llm", CANONICAL, "u1")
    assert (call["request_model"], call["response_model"]) == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18")
    assert (call["response_id"], call["finish_reasons"]) == ("chatcmpl-1", ["stop"])
    assert call["parameters"] == {"temperature": 0.2, "user": "u1"}
    assert said(call["input_messages"]) == [("user", "text", "Hello?")]
    assert call["attributes"] == {}


def test_mlflow_keeps_no_vectors_and_tells_a_failed_call_by_the_model_asked() -> None:
    answer = {
        "object": "list",
        "data": [{"embedding": [0.1]}],
        "model": "e",
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    }
    embedding, failed = read(
        mlflow("EMBEDDING", {"model": "e", "input": ["a", "b"]}, answer, **{"mlflow.llm.model": "e"}),
        mlflow("CHAT_MODEL", {"messages": []}, None, **{"mlflow.llm.model": "m"}),
    )
    assert (embedding["usage"]["input_tokens"], embedding["output"], embedding["attributes"]) == (7, "", {})
    assert said(embedding["input_messages"]) == [("user", "text", "a"), ("user", "text", "b")]
    assert (failed["request_model"], failed["response_model"]) == ("m", "")


def test_mlflow_tags_of_a_trace_have_names_and_no_quotes() -> None:
    root = mlflow("AGENT", {"question": "Hello?"}, "Hi.")
    tags = {"mlflow.traceTag.area": "beta", "mlflow.traceTag.stage": "rag-demo", "mlflow.traceTag.mlflow.user": "root"}
    agent, tool = read(
        replace(root, attributes={**root.attributes, **tags}),
        replace(mlflow("TOOL", {}, {}), trace_id=root.trace_id, parent_span_id=root.span_id),
    )
    assert (agent["tags"], agent["metadata"]) == (["beta", "rag-demo"], {"area": "beta", "stage": "rag-demo"})
    assert (tool["tags"], tool["tool_names"], agent["output"]) == (["beta", "rag-demo"], ["TOOL"], "Hi.")


def test_mlflow_writes_an_event_for_each_chunk() -> None:
    stream = mlflow("CHAT_MODEL", {"messages": [], "stream": True}, OPENAI_ANSWER)
    chunks = tuple(WireEvent(stream.start_ns + at * 10**7, f"mlflow.chunk.item.{at - 1}", {}) for at in (1, 2))
    (call,) = read(replace(stream, events=chunks))
    assert call["time_to_first_token_seconds"] == 0.01


# Genkit


def genkit(subtype: str, name: str, given: Any, gave: Any) -> WireSpan:
    told = {"genkit:type": "action", "genkit:metadata:subtype": subtype, "genkit:name": name, "genkit:sessionId": "s1"}
    told |= {"genkit:input": json.dumps(given), "genkit:output": json.dumps(gave)}
    return wire_span(name, told, scope_name="genkit-tracer")


def test_genkit_has_the_exact_usage_in_the_raw_answer() -> None:
    request = {
        "messages": [
            {"role": "system", "content": [{"text": "Be terse."}]},
            {"role": "user", "content": [{"text": "Hello?"}]},
        ],
        "config": {"temperature": 0.2},
        "tools": [],
    }
    call_part = {"toolRequest": {"name": "weather", "ref": "c1", "input": {"city": "Oslo"}}}
    answer = {
        "message": {"role": "model", "content": [{"text": "Hi."}, call_part]},
        "finishReason": "stop",
        "usage": {"inputTokens": 1683, "outputTokens": 587, "totalTokens": 2270},
        "raw": OPENAI_ANSWER,
    }
    call, tool, flow = read(
        genkit("model", "openai/gpt-4o-mini", request, answer),
        genkit("tool", "weather", {"city": "Oslo"}, {"t": 12}),
        genkit("flow", "support", "Hello?", "Hi."),
    )
    assert (call["provider"], call["request_model"], call["response_model"]) == (
        "openai",
        "gpt-4o-mini",
        "gpt-4o-mini-2024-07-18",
    )
    assert (usage(call), call["response_id"], call["finish_reasons"]) == (CANONICAL, "chatcmpl-1", ["stop"])
    assert said(call["input_messages"]) == [("system", "text", "Be terse."), ("user", "text", "Hello?")]
    assert said(call["output_messages"]) == [("assistant", "text", "Hi."), ("assistant", "tool_call", {"city": "Oslo"})]
    assert call["parameters"] == {"temperature": 0.2}
    assert (tool["kind"], tool["tool_names"], tool["output"]) == ("tool", ["weather"], '{"t": 12}')
    assert (flow["kind"], flow["session_id"]) == ("chain", "s1")


def test_genkit_keeps_no_vectors_and_says_a_failure_by_its_state() -> None:
    embedder = genkit(
        "embedder", "googleai/e", {"input": [{"content": [{"text": "a"}]}]}, {"embeddings": [{"embedding": [0.1]}]}
    )
    failed = genkit("model", "googleai/gemini-2.5-flash", {}, None)
    embedding, call = read(embedder, replace(failed, attributes={**failed.attributes, "genkit:state": "error"}))
    assert (embedding["kind"], embedding["output"], said(embedding["input_messages"])) == (
        "embedding",
        "",
        [("user", "text", "a")],
    )
    assert (call["status"], call["provider"], call["request_model"]) == ("error", "googleai", "gemini-2.5-flash")


# Strands with the newest names, and events of spans


def test_messages_of_a_details_event_fill_what_attributes_leave_out() -> None:
    parts = [{"type": "text", "content": "Hello?"}]
    answer = [{"type": "tool_call_response", "id": "c1", "response": [{"text": "12 °C"}]}]
    told = {
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be terse."}]),
        "gen_ai.input.messages": json.dumps([{"role": "user", "parts": parts}, {"role": "tool", "parts": answer}]),
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "Hi."}]}]),
    }
    event = WireEvent(0, "gen_ai.client.inference.operation.details", told)
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "strands-agents",
        "gen_ai.request.model": "gpt-4o",
    }
    (call,) = read(wire_span("chat", attributes, events=(event,), scope_name="strands.telemetry.tracer"))
    assert said(call["input_messages"]) == [
        ("system", "text", "Be terse."),
        ("user", "text", "Hello?"),
        ("tool", "tool_call_response", "12 °C"),
    ]
    assert said(call["output_messages"]) == [("assistant", "text", "Hi.")]
    assert call["provider"] == "openai"


def test_messages_of_events_of_a_span_are_read_where_nothing_else_tells_them() -> None:
    events = (
        WireEvent(0, "gen_ai.user.message", {"content": "Hello?"}),
        WireEvent(0, "gen_ai.choice", {"message": '{"role": "assistant", "content": "Hi."}', "finish_reason": "stop"}),
    )
    (call,) = read(wire_span("chat", {"gen_ai.operation.name": "chat"}, events=events))
    assert said(call["input_messages"]) == [("user", "text", "Hello?")]
    assert call["finish_reasons"] == ["stop"]


# LiteLLM, Logfire, OpenLIT: what they invent


def test_litellm_invents_ids_and_the_model_of_a_stream() -> None:
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.response.model": "m",
        "litellm.call_id": "x",
    }
    told |= {"gen_ai.response.id": "x", "llm.is_streaming": "True", "metadata.team_id": "", "metadata.plan": "pro"}
    (call,) = read(wire_span("litellm_request", told, scope_name="litellm"))
    assert (call["request_model"], call["response_model"], call["response_id"]) == ("m", "", "")
    assert call["parameters"] == {"stream": True}
    assert "metadata.team_id" not in call["attributes"]
    assert call["attributes"]["metadata.plan"] == "pro"


def test_litellm_writes_what_went_to_the_provider_as_python_does() -> None:
    told = {
        "llm.anthropic.messages": "[{'role': 'user', 'content': [{'type': 'text', 'text': 'It\\'s?'}]}]",
        "llm.anthropic.system": "[{'type': 'text', 'text': 'Be terse.'}]",
        "llm.anthropic.content": "[{'type': 'text', 'text': 'Hi.'}]",
        "llm.anthropic.stop_reason": "end_turn",
        "llm.anthropic.model": "claude-sonnet-4-5-20250929",
        "llm.anthropic.id": "msg_1",
        "llm.anthropic.max_tokens": 500,
        "llm.anthropic.usage": "{'input_tokens': 340}",
        "llm.anthropic.metadata": "{'broken': ",
    }
    (raw,) = read(wire_span("raw_gen_ai_request", told, scope_name="litellm"))
    assert said(raw["input_messages"]) == [("system", "text", "Be terse."), ("user", "text", "It's?")]
    assert said(raw["output_messages"]) == [("assistant", "text", "Hi.")]
    assert (raw["response_id"], raw["finish_reasons"], raw["parameters"]["max_tokens"]) == ("msg_1", ["end_turn"], 500)
    assert raw["usage"]["input_tokens"] is None
    assert raw["attributes"]["llm.anthropic.usage"] == "{'input_tokens': 340}"


def test_logfire_scrubs_sessions_and_tags_calls() -> None:
    told = {"logfire.span_type": "span", "session_id": "[Scrubbed due to 'session']", "user_id": "u1"}
    (span,) = read(wire_span("work", told | {"logfire.tags": ["LLM", "beta"]}, scope_name="logfire"))
    assert (span["session_id"], span["user_id"], span["tags"]) == ("", "u1", ["beta"])


def test_logfire_writes_a_record_when_a_stream_was_read() -> None:
    told = {"logfire.span_type": "log", "duration": 1.5, "gen_ai.request.model": "m", "gen_ai.response.model": "m"}
    end_ns = time.time_ns()
    (record,) = read(wire_span("streaming …", told, start_ns=end_ns, end_ns=end_ns, scope_name="logfire.openai"))
    assert (record["duration_seconds"], int(record["end_ns"]), record["response_model"]) == (1.5, end_ns, "")


def test_openlit_counts_itself_and_writes_what_was_not_sent() -> None:
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.request.stream": True,
        "gen_ai.request.temperature": 1.0,
        "gen_ai.request.top_p": 0.5,
        "gen_ai.request.max_tokens": -1,
        "gen_ai.usage.input_tokens": 22,
        "gen_ai.usage.output_tokens": 56,
        "tenant": "acme",
    }
    estimated, counted = read(
        wire_span("chat m", told, scope_name="openlit.instrumentation.openai"),
        wire_span(
            "chat m", told | {"gen_ai.usage.cache_read.input_tokens": 0}, scope_name="openlit.instrumentation.openai"
        ),
    )
    assert (estimated["usage"]["input_tokens"], counted["usage"]["input_tokens"]) == (None, 22)
    assert estimated["attributes"]["gen_ai.usage.input_tokens"] == "22"
    assert (counted["parameters"], counted["metadata"]) == ({"top_p": 0.5, "stream": True}, {"tenant": "acme"})


# Nobody's words


def test_what_no_dialect_knows_is_kept_whole_and_visible() -> None:
    told = {"acme.llm.prompt": "Hello?", "acme.tokens": 7, "acme.nested": {"a": [1, True]}, "gen_ai.of.tomorrow": "x"}
    event = WireEvent(1, "acme.event", {"a": 1})
    (span,) = read(wire_span("acme", told, events=(event,), status_code=2, status_message="no", scope_name="acme"))
    assert span["attributes"] == {
        "acme.llm.prompt": "Hello?",
        "acme.tokens": "7",
        "acme.nested": '{"a":[1,true]}',
        "gen_ai.of.tomorrow": "x",
    }
    assert (span["kind"], span["status"], span["error_message"], span["scope"]["name"]) == (
        "span",
        "error",
        "no",
        "acme",
    )
    assert [(e["name"], e["attributes"]) for e in span["events"]] == [("acme.event", {"a": "1"})]
    assert (span["usage_counted"], span["usage"]["input_tokens"]) == (True, None)
