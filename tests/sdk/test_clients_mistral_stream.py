"""Mistral's streams: put together, ended whenever and however they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from mistralai.client import Mistral
from mistralai.client.errors import SDKError
from mistralai.client.utils.eventstreaming import EventStream, EventStreamAsync
from sdk.mistral_script import (
    ASK,
    BLUE_SAID,
    CHUNKS,
    USAGE,
    USAGE_TOLD,
    Json,
    chunk,
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


def assert_streamed(span: CapturedSpan) -> None:
    assert span.status == "unset"
    assert told(span, semconv.OUTPUT_MESSAGES) == BLUE_SAID
    assert usage_of(span) == USAGE_TOLD
    assert span.attributes[semconv.REQUEST_STREAM] is True
    assert span.attributes[semconv.RESPONSE_ID] == "c1"
    assert span.attributes[semconv.RESPONSE_MODEL] == "mistral-small-2506"
    assert span.attributes[semconv.SERVICE_TIER] == "priority"
    assert span.attributes[semconv.FINISH_REASONS] == ["stop"]
    assert 0 < span.attributes[semconv.TIME_TO_FIRST_CHUNK] <= (span.end_ns - span.start_ns) / 1e9


def test_events_are_passed_on_and_joined(seen: Captured) -> None:
    with scripted(stream_of(CHUNKS)) as server, client_of(server) as client, client.chat.stream(**ASK) as stream:
        assert type(stream) is EventStream
        assert [event.data.id for event in stream] == ["c1"] * len(CHUNKS)
    assert_streamed(the_call(seen))


def test_an_asynchronous_stream(seen: Captured) -> None:
    async def ask(client: Mistral) -> int:
        async with client, await client.chat.stream_async(**ASK) as stream:
            assert type(stream) is EventStreamAsync
            return len([event async for event in stream])

    with scripted(stream_of(CHUNKS)) as server, client_of(server) as client:
        assert asyncio.run(ask(client)) == len(CHUNKS)
    assert_streamed(the_call(seen))


def leave_block(stream: Any) -> None:
    with stream:
        for _ in range(4):
            next(stream)
    with pytest.raises(StopIteration):
        next(stream)  # as a stream of the package's own


def let_go(stream: Any) -> None:
    for _ in range(4):
        next(stream)
    del stream


@pytest.mark.parametrize("leave", [leave_block, let_go])
def test_a_stream_left_early_tells_what_had_come(seen: Captured, leave: Callable[[Any], None]) -> None:
    with scripted(stream_of(CHUNKS)) as server, client_of(server) as client:
        leave(client.chat.stream(**ASK))
        span = the_call(seen)
    assert told(span, semconv.OUTPUT_MESSAGES)[0]["parts"] == [
        *BLUE_SAID[0]["parts"][:1],
        {"type": "text", "content": "Bl"},
    ]
    assert usage_of(span) == {}
    assert semconv.FINISH_REASONS not in span.attributes


def test_an_asynchronous_stream_left_early(seen: Captured) -> None:
    async def ask(client: Mistral) -> None:
        async with client, await client.chat.stream_async(**ASK) as stream:
            await anext(stream)
            await stream.close()
            with pytest.raises(StopAsyncIteration):
                await anext(stream)

    with scripted(stream_of(CHUNKS)) as server, client_of(server) as client:
        asyncio.run(ask(client))
    assert the_call(seen).status == "unset"


def test_a_connection_that_breaks_is_an_error_with_what_had_come(seen: Captured) -> None:
    with (
        scripted(stream_of(CHUNKS[:4], cut=True)) as server,
        client_of(server) as client,
        pytest.raises(Exception, match=r"(?i)incomplete|closed") as raised,
    ):
        list(client.chat.stream(**ASK))
    span = the_call(seen)
    assert (span.status, span.error_type.rpartition(".")[2]) == ("error", type(raised.value).__name__)
    assert told(span, semconv.OUTPUT_MESSAGES)[0]["parts"][-1] == {"type": "text", "content": "Bl"}


def test_a_refusal_is_an_error(seen: Captured) -> None:
    with (
        scripted(answer({"message": "Busy."}, 503)) as server,
        client_of(server) as client,
        pytest.raises(SDKError, match="Busy"),
    ):
        client.chat.stream(**ASK)
    span = the_call(seen)
    assert (span.status, span.attributes[semconv.HTTP_STATUS]) == ("error", 503)


def call(index: int | None, call_id: str | None, name: str, arguments: Any) -> Json:
    told: Json = {"function": {"name": name, "arguments": arguments}}
    told |= {} if index is None else {"index": index}
    return told | ({} if call_id is None else {"id": call_id})


F = {"type": "tool_call", "id": "t1", "name": "f", "arguments": {"a": 1}}
G = {"type": "tool_call", "id": "t2", "name": "g", "arguments": {"b": 2}}


@pytest.mark.parametrize(
    "deltas",
    [
        [[call(0, "t1", "f", '{"a": 1}'), call(1, "t2", "g", '{"b": 2}')]],
        [[call(None, "t1", "f", '{"a": 1}'), call(None, "t2", "g", {"b": 2})]],  # no indexes: the package says 0 twice
        [[call(0, "t1", "f", '{"a"')], [call(0, None, "", ": 1}")], [call(1, "t2", "g", '{"b": 2}')]],
        [
            [call(0, "t1", "f", '{"a"'), call(1, "t2", "g", "{")],
            [call(0, "null", "", ": 1}"), call(1, "t2", "", '"b": 2}')],
        ],
    ],
    ids=["whole", "unnumbered", "in turn", "interleaved"],
)
def test_calls_of_tools_whole_or_in_pieces(seen: Captured, deltas: list[list[Json]]) -> None:
    chunks = [chunk({"tool_calls": calls}) for calls in deltas]
    with scripted(stream_of([*chunks, chunk({}, "tool_calls", usage=USAGE)])) as server, client_of(server) as client:
        list(client.chat.stream(**ASK))
    assert told(the_call(seen), semconv.OUTPUT_MESSAGES) == [
        {"role": "assistant", "parts": [F, G], "finish_reason": "tool_calls"}
    ]


def test_without_content_there_are_figures_only() -> None:
    with scripted(stream_of(CHUNKS)) as server, client_of(server) as client, captured(capture_content=False) as seen:
        list(client.chat.stream(**ASK))
    span = the_call(seen)
    assert usage_of(span) == USAGE_TOLD
    assert span.attributes[semconv.FINISH_REASONS] == ["stop"]
    assert not {semconv.INPUT_MESSAGES, semconv.OUTPUT_MESSAGES} & span.attributes.keys()


def test_nothing_is_changed_while_recording_is_off() -> None:
    with scripted(stream_of(CHUNKS)) as server, client_of(server) as client:
        spanglass.init(enabled=False)
        assert len(list(client.chat.stream(**ASK))) == len(CHUNKS)
