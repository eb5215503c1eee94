"""Streams of Anthropic's own package against a server on loopback: read to the end, let go of, broken off."""

from __future__ import annotations

import asyncio
import gc
import json
from base64 import b64encode

import anthropic
import httpx2
import pytest
from sdk.anthropic_script import (
    ASKED,
    ENDING_ERROR,
    EVENTS,
    FIRST_TEXT,
    MESSAGE,
    STREAMED_PARTS,
    assert_half_streamed,
    assert_streamed,
    async_client_of,
    client_of,
    said,
    the_call,
)
from sdk.scripted import answer, aws_event_stream, event_stream, scripted

import spanglass
from spanglass import semconv
from spanglass.testing import Captured, captured

WHOLE = event_stream(EVENTS, request_id="req_1")
FAILING = event_stream([*EVENTS[: FIRST_TEXT + 1], ENDING_ERROR])
CUT = event_stream(EVENTS[: FIRST_TEXT + 1], cut=True)


def test_a_stream_is_put_together_again(seen: Captured) -> None:
    with scripted(WHOLE) as server, client_of(server) as client:
        stream = client.messages.create(**ASKED, stream=True)
        assert isinstance(stream, anthropic.Stream)
        assert [event.type for event in stream] == [event["type"] for event in EVENTS if event["type"] != "ping"]
        assert_streamed(the_call(seen))


def test_the_stream_helper_is_one_call_and_its_message_is_whole(seen: Captured) -> None:
    with scripted(WHOLE) as server, client_of(server) as client:
        with client.messages.stream(**ASKED) as stream:
            assert "".join(stream.text_stream) == "Let me look."
            assert stream.get_final_message().stop_reason == "tool_use"
            assert stream.request_id == "req_1"
        assert_streamed(the_call(seen))


def test_the_beta_stream_helper(seen: Captured) -> None:
    with scripted(WHOLE) as server, client_of(server) as client:
        with client.beta.messages.stream(**ASKED) as stream:
            stream.until_done()
        assert_streamed(the_call(seen))


def test_async_streams(seen: Captured) -> None:
    async def three() -> None:
        with scripted(WHOLE) as server:
            async with async_client_of(server) as client:
                stream = await client.messages.create(**ASKED, stream=True)
                assert isinstance(stream, anthropic.AsyncStream)
                assert len([event async for event in stream]) == len(EVENTS) - 1
                async with client.messages.stream(**ASKED) as helper:
                    assert [text async for text in helper.text_stream] == ["Let me ", "look."]
                async with client.beta.messages.stream(**ASKED) as helper:
                    assert (await helper.get_final_message()).stop_reason == "tool_use"

    with spanglass.span("parent"):
        asyncio.run(three())
    *calls, parent = seen.spans
    assert len(calls) == 3
    for span in calls:
        assert_streamed(span)
        assert span.parent_span_id == parent.span_id


def test_a_stream_closed_early_has_what_came_until_then(seen: Captured) -> None:
    with scripted(WHOLE) as server, client_of(server) as client:
        with client.messages.create(**ASKED, stream=True) as stream:
            for _ in zip(range(FIRST_TEXT), stream, strict=False):
                pass
        span = the_call(seen)
        assert span.status == "unset"
        assert_half_streamed(span)


def test_the_helper_left_early_has_what_came_until_then(seen: Captured) -> None:
    with scripted(WHOLE) as server, client_of(server) as client:
        with client.messages.stream(**ASKED) as stream:
            assert next(iter(stream.text_stream)) == "Let me "
        assert_half_streamed(the_call(seen))


def test_a_stream_let_go_of_ends_its_span(seen: Captured) -> None:
    with scripted(WHOLE) as server, client_of(server) as client:
        stream = client.messages.create(**ASKED, stream=True)
        for _ in range(FIRST_TEXT):
            next(stream)
        assert not seen.spans
        del stream, _
        gc.collect()
        assert_half_streamed(the_call(seen))


def test_an_async_helper_left_early(seen: Captured) -> None:
    async def leave() -> None:
        with scripted(WHOLE) as server:
            async with async_client_of(server) as client, client.messages.stream(**ASKED) as stream:
                async for text in stream.text_stream:
                    assert text == "Let me "
                    break

    asyncio.run(leave())
    assert_half_streamed(the_call(seen))


def test_an_error_among_the_events_passes_and_what_came_is_kept(seen: Captured) -> None:
    with scripted(FAILING) as server, client_of(server) as client:
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            list(client.messages.create(**ASKED, stream=True))
        span = the_call(seen)
        assert span.status == "error"
        assert span.error_type.startswith("anthropic.")
        assert_half_streamed(span)


def test_a_connection_that_breaks_off(seen: Captured) -> None:
    with scripted(CUT) as server, client_of(server) as client:
        with client.messages.stream(**ASKED) as stream, pytest.raises(httpx2.RemoteProtocolError):
            stream.until_done()
        span = the_call(seen)
        assert (span.status, span.error_type) == ("error", "httpx2.RemoteProtocolError")
        assert_half_streamed(span)


def test_a_stream_that_is_refused_is_one_failed_call(seen: Captured) -> None:
    refusal = answer({"type": "error", "error": {"type": "invalid_request_error", "message": "No."}}, 400)
    with scripted(refusal) as server, client_of(server) as client:
        with pytest.raises(anthropic.BadRequestError), client.messages.stream(**ASKED):
            pass
        span = the_call(seen)
        assert (span.error_type, span.attributes["http.response.status_code"]) == ("anthropic.BadRequestError", 400)


def test_a_helper_that_is_never_entered_asks_nothing_and_records_nothing(seen: Captured) -> None:
    with scripted(WHOLE) as server, client_of(server) as client:
        client.messages.stream(**ASKED)
        assert not server.requests
    assert not seen.spans


def test_without_content_a_stream_has_its_figures() -> None:
    with captured(capture_content=False) as seen, scripted(WHOLE) as server, client_of(server) as client:
        list(client.messages.create(**ASKED, stream=True))
    span = the_call(seen)
    assert span.attributes[semconv.OUTPUT_TOKENS] == 90
    assert span.attributes[semconv.FINISH_REASONS] == ["tool_use"]
    assert semconv.OUTPUT_MESSAGES not in span.attributes


def test_arguments_broken_off_are_kept_as_the_text_they_are(seen: Captured) -> None:
    events = [*EVENTS[:13], *EVENTS[14:]]
    with scripted(event_stream(events)) as server, client_of(server) as client:
        list(client.messages.create(**ASKED, stream=True))
    assert said(the_call(seen))[-1] == {**STREAMED_PARTS[-1], "arguments": '{"query": '}


def test_a_stream_in_the_framing_of_aws(seen: Captured) -> None:
    chunks = [("chunk", {"bytes": b64encode(json.dumps(event).encode()).decode()}) for event in EVENTS]
    with scripted(aws_event_stream(chunks)) as server:
        client = anthropic.AnthropicBedrock(
            aws_access_key="a", aws_secret_key="s", aws_region="us-east-1", base_url=server.url
        )
        with spanglass.wrap(client), client.messages.stream(**ASKED) as stream:
            stream.until_done()
    assert_streamed(the_call(seen))


def test_a_fallback_model_that_went_on_is_the_one_that_served(seen: Captured) -> None:
    block = {"type": "fallback", "from": {"model": MESSAGE["model"]}, "to": {"model": "claude-other"}}
    events = [EVENTS[0], {"type": "content_block_start", "index": 0, "content_block": block}, *EVENTS[-2:]]
    with scripted(event_stream(events)) as server, client_of(server) as client:
        list(client.beta.messages.create(**ASKED, stream=True))
    assert the_call(seen).attributes[semconv.RESPONSE_MODEL] == "claude-other"
