"""OpenAI's responses API over real HTTP: items in and out, streams, tools, structured output, failures."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterator
from typing import Any

import openai
import pydantic
import pytest
from openai import AsyncOpenAI, OpenAI
from sdk.scripted import Scripted, answer, event_stream, scripted

import spanglass
from sdk import openai_script as script
from spanglass import semconv
from spanglass.testing import Captured, CapturedSpan

USAGE = {
    semconv.INPUT_TOKENS: 75,
    semconv.OUTPUT_TOKENS: 1186,
    semconv.CACHE_READ_TOKENS: 32,
    semconv.CACHE_WRITE_TOKENS: 8,
    semconv.REASONING_TOKENS: 1024,
}


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted(answer(script.response())) as found:
        yield found


@pytest.fixture
def client(server: Scripted) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.url + "/v1", api_key="k", max_retries=0) as made:
        yield spanglass.wrap(made)


def told(span: CapturedSpan, name: str) -> Any:
    return json.loads(span.attributes[name])


def usage_of(span: CapturedSpan) -> dict[str, int]:
    return {name: value for name, value in span.attributes.items() if name.startswith("gen_ai.usage.")}


def test_a_plain_call(client: OpenAI, server: Scripted, seen: Captured) -> None:
    given = client.responses.create(
        model="gpt-5",
        input="Why?",
        instructions="Be brief.",
        previous_response_id="resp_0",
        conversation="conv_1",
        reasoning={"effort": "low"},
        temperature=0.5,
        max_output_tokens=900,
    )
    assert given.output_text == "Because."
    span = seen.span("chat gpt-5")
    attributes = dict(span.attributes)
    assert told(span, semconv.SYSTEM_INSTRUCTIONS) == [{"type": "text", "content": "Be brief."}]
    assert told(span, semconv.INPUT_MESSAGES) == [
        {"role": "user", "parts": [{"type": "text", "content": "Why?"}]},
    ]
    assert told(span, semconv.OUTPUT_MESSAGES) == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "Think first."},
                {"type": "text", "content": "Because.", "annotations": [script.CITATION]},
            ],
            "finish_reason": "completed",
        }
    ]
    for name in (semconv.SYSTEM_INSTRUCTIONS, semconv.INPUT_MESSAGES, semconv.OUTPUT_MESSAGES):
        del attributes[name]
    assert attributes == {
        semconv.SPAN_KIND: "llm",
        semconv.OPERATION_NAME: "chat",
        semconv.PROVIDER_NAME: "openai",
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: int(server.url.rsplit(":", 1)[1]),
        semconv.REQUEST_MODEL: "gpt-5",
        semconv.CONVERSATION_ID: "conv_1",
        "gen_ai.request.previous_response_id": "resp_0",
        "gen_ai.request.reasoning": '{"effort":"low"}',
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_output_tokens": 900,
        semconv.RESPONSE_MODEL: "gpt-5-2025-08-07",
        semconv.RESPONSE_ID: "resp_1",
        semconv.SERVICE_TIER: "default",
        semconv.FINISH_REASONS: ["completed"],
        **USAGE,
    }


def test_tools_and_their_answers(client: OpenAI, server: Scripted, seen: Captured) -> None:
    server.replies[0] = answer(script.response(output=[script.REASONING, script.CALL, script.SEARCH, script.MCP]))
    tools: list[Any] = [{"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": True}]
    first = client.responses.create(model="gpt-5", input="Oslo?", tools=tools)
    history: list[Any] = [
        {"role": "user", "content": [{"type": "input_text", "text": "Oslo?"}, script.PICTURE, script.PAPER]},
        *first.output,
        {"type": "function_call_output", "call_id": "call_1", "output": "rain"},
        {"type": "item_reference", "id": "msg_9"},
    ]
    read_once: Any = iter(history)
    client.responses.create(model="gpt-5", input=read_once, tools=tools)
    asked, continued = seen.spans
    called: list[dict[str, Any]] = [
        {"type": "reasoning", "content": "Think first."},
        {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Oslo"}},
        {
            "type": "tool_call",
            "id": "ws_1",
            "name": "web_search",
            "arguments": {"type": "search", "query": "Oslo weather"},
        },
        {"type": "tool_call", "id": "mcp_1", "name": "lookup", "arguments": {"q": 1}, "server": "docs"},
        {"type": "tool_call_response", "id": "mcp_1", "response": "found"},
    ]
    assert told(asked, semconv.TOOL_DEFINITIONS) == tools
    (said,) = told(asked, semconv.OUTPUT_MESSAGES)
    assert [{k: v for k, v in part.items() if k != "arguments"} for part in said["parts"]] == [
        {k: v for k, v in part.items() if k != "arguments"} for part in called
    ]
    assert said["parts"][1]["arguments"] == {"city": "Oslo"}
    assert said["parts"][2]["arguments"]["query"] == "Oslo weather"
    heard = told(continued, semconv.INPUT_MESSAGES)
    assert [message["role"] for message in heard] == ["user", "assistant", "tool", "unknown"]
    assert heard[0]["parts"] == [
        {"type": "text", "content": "Oslo?"},
        {"type": "uri", "modality": "image", "uri": "https://x.test/a.png", "detail": "low"},
        {"type": "file", "modality": "document", "file_id": "file_1"},
    ]
    assert heard[1]["parts"][1] == called[1]
    assert heard[2]["parts"] == [{"type": "tool_call_response", "id": "call_1", "response": "rain"}]
    assert heard[3]["parts"] == [{"type": "item_reference", "id": "msg_9"}]
    assert len(server.bodies()[1]["input"]) == 7  # the iterator was not used up by us


def test_tools_of_the_house(client: OpenAI, server: Scripted, seen: Captured) -> None:
    server.replies[0] = answer(script.response(output=[script.CODE, script.DRAWING, script.HIDDEN]))
    client.responses.create(model="gpt-5", input="Draw.")
    assert told(seen.spans[0], semconv.OUTPUT_MESSAGES)[0]["parts"] == [
        {"type": "tool_call", "id": "ci_1", "name": "code_interpreter", "arguments": "print(1)"},
        {"type": "tool_call_response", "id": "ci_1", "response": [{"type": "logs", "logs": "1"}]},
        {"type": "tool_call", "id": "ig_1", "name": "image_generation", "arguments": {"size": "1024x1024"}},
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="},
        {"type": "reasoning", "content": "", "redacted": True},
    ]


def test_a_stream(client: OpenAI, server: Scripted, seen: Captured) -> None:
    server.replies[0] = event_stream(script.events())
    stream = client.responses.create(model="gpt-5", input="Why?", stream=True)
    assert isinstance(stream, openai.Stream)
    kinds = [event.type for event in stream]
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    span = seen.span("chat gpt-5")
    assert [part["content"] for part in told(span, semconv.OUTPUT_MESSAGES)[0]["parts"]] == ["Think first.", "Because."]
    assert usage_of(span) == USAGE
    assert span.attributes[semconv.REQUEST_STREAM] is True
    assert 0 < span.attributes[semconv.TIME_TO_FIRST_CHUNK] <= (span.end_ns - span.start_ns) / 1e9


def test_a_stream_let_go_of_has_what_came(client: OpenAI, server: Scripted, seen: Captured) -> None:
    server.replies[0] = event_stream(script.events())
    gc.disable()
    try:
        for event in client.responses.create(model="gpt-5", input="Why?", stream=True):
            if event.type == "response.function_call_arguments.delta":
                break
        span = seen.span("chat gpt-5")
    finally:
        gc.enable()
    assert told(span, semconv.OUTPUT_MESSAGES)[0]["parts"] == [
        {"type": "reasoning", "content": "Think first."},
        {"type": "text", "content": "Because."},
        {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": '{"city":'},
    ]
    assert (span.attributes[semconv.RESPONSE_ID], usage_of(span)) == ("resp_1", {})
    assert span.attributes[semconv.RESPONSE_MODEL] == "gpt-5-2025-08-07"


def test_the_stream_helper_of_the_package_is_one_span(client: OpenAI, server: Scripted, seen: Captured) -> None:
    server.replies[0] = event_stream(script.events())
    with client.responses.stream(model="gpt-5", input="Why?") as stream:
        for _ in stream:
            pass
        assert stream.get_final_response().output_text == "Because."
    assert usage_of(seen.span("chat gpt-5")) == USAGE


def test_a_parsed_answer_is_one_span(client: OpenAI, server: Scripted, seen: Captured) -> None:
    class Reason(pydantic.BaseModel):
        why: str

    server.replies[0] = answer(script.response(output=[script.message('{"why": "so"}')]))
    parsed = client.responses.parse(model="gpt-5", input="Why?", text_format=Reason)
    assert parsed.output_parsed == Reason(why="so")
    span = seen.span("chat gpt-5")
    assert told(span, semconv.OUTPUT_MESSAGES)[0]["parts"] == [{"type": "text", "content": '{"why": "so"}'}]
    assert "Reason" in span.attributes["gen_ai.request.text_format"]


def test_an_answer_cut_short_says_why(client: OpenAI, server: Scripted, seen: Captured) -> None:
    server.replies[0] = answer(script.response(status="incomplete", incomplete_details={"reason": "max_output_tokens"}))
    client.responses.create(model="gpt-5", input="Why?")
    assert seen.spans[0].attributes[semconv.FINISH_REASONS] == ["max_output_tokens"]
    assert seen.spans[0].status == "unset"


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_that_says_it_failed_is_an_error(
    client: OpenAI, server: Scripted, seen: Captured, *, streamed: bool
) -> None:
    failed = script.response(status="failed", error={"code": "server_error", "message": "Down."}, output=[], usage=None)
    event = {"type": "response.failed", "sequence_number": 1, "response": failed}
    server.replies[0] = event_stream([event]) if streamed else answer(failed)
    made: Any = client.responses.create(model="gpt-5", input="Why?", stream=streamed)
    if streamed:
        list(made)
    span = seen.spans[0]
    assert (span.status, span.error_type, span.error_message) == ("error", "server_error", "Down.")
    assert span.attributes[semconv.FINISH_REASONS] == ["failed"]


def test_an_error_in_a_stream(client: OpenAI, server: Scripted, seen: Captured) -> None:
    told_error = {"type": "error", "sequence_number": 2, "code": "overloaded", "message": "Later.", "param": None}
    server.replies[0] = event_stream([script.events()[0], told_error])
    list(client.responses.create(model="gpt-5", input="Why?", stream=True))
    assert (seen.spans[0].error_type, seen.spans[0].error_message) == ("overloaded", "Later.")


def test_retries_are_one_span(server: Scripted, seen: Captured) -> None:
    server.replies.appendleft(answer({"error": {"message": "Too fast."}}, 429, retry_after_ms="1"))
    server.replies.appendleft(answer({"error": {"message": "Down."}}, 500, retry_after_ms="1"))
    with OpenAI(base_url=server.url + "/v1", api_key="k", max_retries=2) as made:
        assert spanglass.wrap(made).responses.create(model="gpt-5", input="Why?").id == "resp_1"
    assert len(server.requests) == 3
    assert (seen.span("chat gpt-5").status, usage_of(seen.spans[0])) == ("unset", USAGE)


def test_an_error_keeps_its_status(client: OpenAI, server: Scripted, seen: Captured) -> None:
    server.replies[0] = answer({"error": {"message": "Too fast."}}, 429)
    with pytest.raises(openai.RateLimitError):
        client.responses.create(model="gpt-5", input="Why?")
    span = seen.span("chat gpt-5")
    assert (span.error_type, span.attributes[semconv.HTTP_STATUS]) == ("openai.RateLimitError", 429)


def test_raw_responses_work(client: OpenAI, seen: Captured) -> None:
    raw = client.responses.with_raw_response.create(model="gpt-5", input="Why?")
    assert raw.parse().id == "resp_1"
    assert usage_of(seen.span("chat gpt-5")) == USAGE


def test_content_off_leaves_the_figures(client: OpenAI, server: Scripted) -> None:
    with spanglass.testing.captured(capture_content=False) as seen:
        client.responses.create(model="gpt-5", input="Why?", instructions="Be brief.", temperature=0.5)
        server.replies[0] = event_stream(script.events())
        list(client.responses.create(model="gpt-5", input="Why?", stream=True))
    for span in seen.spans:
        assert usage_of(span) == USAGE
        assert span.attributes[semconv.FINISH_REASONS] == ["completed"]
        assert not any(word in str(span.attributes) for word in ("Why", "Be brief", "Because", "Think"))
    assert seen.spans[0].attributes["gen_ai.request.temperature"] == 0.5


def test_async_calls_at_once(server: Scripted, seen: Captured) -> None:
    @spanglass.observe
    async def visit(made: AsyncOpenAI, name: str) -> str:
        stream = await made.responses.create(model=name, input=name, stream=True)
        texts = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        return "".join(texts)

    async def main() -> list[str]:
        async with AsyncOpenAI(base_url=server.url + "/v1", api_key="k", max_retries=0) as made:
            spanglass.wrap(made)
            return await asyncio.gather(*(visit(made, f"m{n}") for n in range(4)))

    server.replies[0] = event_stream(script.events())
    assert asyncio.run(main()) == ["Because."] * 4
    visits = {span.span_id: span for span in seen.spans if span.name == "visit"}
    calls = [span for span in seen.spans if span.kind == "llm"]
    assert len(calls) == 4
    for call in calls:
        assert call.name.removeprefix("chat ") in str(visits[call.parent_span_id].input)
        assert usage_of(call) == USAGE
