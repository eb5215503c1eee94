"""Streamed answers of google-genai: put together, ended whenever and however they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials
from sdk.google_script import (
    BLUE,
    BLUE_SAID,
    CHUNKS,
    MODEL,
    USAGE_TOLD,
    Json,
    answer_of,
    candidate,
    client_of,
    stream_of,
    the_call,
    told,
    usage_of,
)
from sdk.scripted import answer, scripted

import spanglass
from spanglass import semconv
from spanglass.testing import Captured, CapturedSpan, captured

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")  # theirs

HALF_USAGE = {semconv.INPUT_TOKENS: 120}


def asked(client: genai.Client, **config: Any) -> Any:
    return client.models.generate_content_stream(
        model=MODEL, contents="Why blue?", config=types.GenerateContentConfig(**config)
    )


def assert_streamed(span: CapturedSpan) -> None:
    assert span.status == "unset"
    assert told(span, semconv.OUTPUT_MESSAGES) == BLUE_SAID
    assert usage_of(span) == USAGE_TOLD
    assert span.attributes[semconv.REQUEST_STREAM] is True
    assert span.attributes[semconv.RESPONSE_ID] == "r1"
    assert span.attributes[semconv.RESPONSE_MODEL] == "gemini-test-002"
    assert span.attributes[semconv.FINISH_REASONS] == ["stop"]
    assert 0 < span.attributes[semconv.TIME_TO_FIRST_CHUNK] <= (span.end_ns - span.start_ns) / 1e9


def test_chunks_are_passed_on_and_joined(seen: Captured) -> None:
    with scripted(stream_of(CHUNKS)) as server, client_of(server) as client:
        chunks = list(asked(client))
    assert [chunk.text for chunk in chunks] == [None, None, "Bl", "ue."]
    assert_streamed(the_call(seen))


def test_an_asynchronous_stream(seen: Captured) -> None:
    async def ask(client: genai.Client) -> list[str | None]:
        async with client.aio as asynchronous:
            stream = await asynchronous.models.generate_content_stream(model=MODEL, contents="Why blue?")
            return [chunk.text async for chunk in stream]

    with scripted(stream_of(CHUNKS)) as server, client_of(server) as client:
        assert asyncio.run(ask(client)) == [None, None, "Bl", "ue."]
    assert_streamed(the_call(seen))


def close(stream: Any) -> None:
    next(stream)
    stream.close()


def let_go(stream: Any) -> None:
    next(stream)
    del stream


@pytest.mark.parametrize("leave", [close, let_go])
def test_a_stream_left_early_tells_what_had_come(seen: Captured, leave: Callable[[Any], None]) -> None:
    with scripted(stream_of(CHUNKS)) as server, client_of(server) as client:
        leave(asked(client))
        span = the_call(seen)
    assert told(span, semconv.OUTPUT_MESSAGES)[0]["parts"] == [{"type": "reasoning", "content": "Light "}]
    assert usage_of(span) == HALF_USAGE
    assert semconv.FINISH_REASONS not in span.attributes


def test_an_asynchronous_stream_left_early(seen: Captured) -> None:
    async def ask(client: genai.Client) -> None:
        async with client.aio as asynchronous:
            stream = await asynchronous.models.generate_content_stream(model=MODEL, contents="Why blue?")
            await anext(stream)
            await stream.aclose()

    with scripted(stream_of(CHUNKS)) as server, client_of(server) as client:
        asyncio.run(ask(client))
    assert usage_of(the_call(seen)) == HALF_USAGE


def test_a_connection_that_breaks_is_an_error_with_what_had_come(seen: Captured) -> None:
    with (
        scripted(stream_of(CHUNKS[:3], cut=True)) as server,
        client_of(server) as client,
        pytest.raises(Exception, match=r"(?i)incomplete|closed") as raised,
    ):
        list(asked(client, automatic_continuation=False))
    span = the_call(seen)
    assert (span.status, span.error_type.rpartition(".")[2]) == ("error", type(raised.value).__name__)
    assert told(span, semconv.OUTPUT_MESSAGES)[0]["parts"][-1] == {"type": "text", "content": "Bl"}


def test_a_refusal_before_the_first_chunk_is_an_error(seen: Captured) -> None:
    refused = answer({"error": {"code": 503, "message": "Busy.", "status": "UNAVAILABLE"}}, 503)
    with scripted(refused) as server, client_of(server) as client, pytest.raises(genai.errors.ServerError):
        list(asked(client))
    span = the_call(seen)
    assert (span.status, span.attributes[semconv.HTTP_STATUS]) == ("error", 503)
    assert semconv.OUTPUT_MESSAGES not in span.attributes


def test_functions_called_between_two_streams(seen: Captured) -> None:
    @spanglass.observe(kind="tool", name="now")
    def now() -> str:
        """The time."""
        return "noon"

    calls = [answer_of(candidate({"functionCall": {"name": "now", "args": {}}}))]
    with scripted(stream_of(calls), stream_of(CHUNKS)) as server, client_of(server) as client:
        list(asked(client, tools=[now]))
    first, second = (span for span in seen.spans if span.kind == "llm")
    (tool,) = (span for span in seen.spans if span.kind == "tool")
    assert tool.output == "noon"
    assert told(first, semconv.OUTPUT_MESSAGES)[0]["parts"][0]["name"] == "now"
    assert [message["role"] for message in told(second, semconv.INPUT_MESSAGES)] == ["user", "assistant", "tool"]
    assert_streamed(second)


def test_arguments_that_come_in_pieces_are_one_call(seen: Captured) -> None:
    def call(**told: Any) -> Json:
        return answer_of(candidate({"functionCall": told}, reason=None))

    def piece(path: str, **value: Any) -> Json:
        return call(partialArgs=[{"jsonPath": path, **value}], willContinue=True)

    chunks = [
        call(name="book", willContinue=True),
        piece("$.stops[0].city", stringValue="Os"),
        piece("$.stops[0].city", stringValue="lo"),
        piece("$.stops[1]['city']", stringValue="Rome"),
        piece("$.seats", numberValue=2),
        piece("$.window", boolValue=True),
        call(),
        call(name="pay", args={"by": "card"}),
    ]
    options: dict[str, Any] = {"api_key": None, "vertexai": True, "project": "p", "location": "l"}
    credentials = Credentials("token")
    with scripted(stream_of(chunks)) as server, client_of(server, credentials=credentials, **options) as client:
        assert len(list(asked(client))) == len(chunks)
    arguments = {"stops": [{"city": "Oslo"}, {"city": "Rome"}], "seats": 2, "window": True}
    assert told(the_call(seen), semconv.OUTPUT_MESSAGES)[0]["parts"] == [
        {"type": "tool_call", "id": None, "name": "book", "arguments": arguments},
        {"type": "tool_call", "id": None, "name": "pay", "arguments": {"by": "card"}},
    ]


def test_two_candidates_stay_apart(seen: Captured) -> None:
    chunks = [
        answer_of(candidate({"text": "Bl"}, reason=None), candidate({"text": "Az"}, reason=None) | {"index": 1}),
        answer_of(candidate({"text": "ue"}), candidate({"text": "ure"}, reason="MAX_TOKENS") | {"index": 1}),
    ]
    with scripted(stream_of(chunks)) as server, client_of(server) as client:
        list(asked(client, candidate_count=2))
    span = the_call(seen)
    texts = [message["parts"][0]["content"] for message in told(span, semconv.OUTPUT_MESSAGES)]
    assert texts == ["Blue", "Azure"]
    assert span.attributes[semconv.FINISH_REASONS] == ["stop", "max_tokens"]
    assert span.attributes["gen_ai.request.choice.count"] == 2


def test_without_content_there_are_figures_only() -> None:
    with scripted(stream_of(CHUNKS)) as server, client_of(server) as client, captured(capture_content=False) as seen:
        list(asked(client))
    span = the_call(seen)
    assert usage_of(span) == USAGE_TOLD
    assert span.attributes[semconv.FINISH_REASONS] == ["stop"]
    assert not {semconv.INPUT_MESSAGES, semconv.OUTPUT_MESSAGES} & span.attributes.keys()


def test_nothing_is_changed_while_recording_is_off() -> None:
    with scripted(stream_of(CHUNKS), answer(BLUE)) as server, client_of(server) as client:
        spanglass.init(enabled=False)
        assert "".join(chunk.text or "" for chunk in asked(client)) == "Blue."
        assert client.models.generate_content(model=MODEL, contents="Why?").text == "Blue."
