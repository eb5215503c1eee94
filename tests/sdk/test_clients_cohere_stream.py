"""Streams of Cohere's own package (V2): read to the end, let go of, broken off, refused."""

from __future__ import annotations

import asyncio
import gc
import json

import cohere
import httpx
import pytest
from sdk.cohere_script import (
    ASKED,
    EVENTS,
    FIRST_TEXT,
    REPLY,
    WHOLE,
    assert_half_streamed,
    assert_streamed,
    client_of,
    the_call,
)
from sdk.scripted import answer, event_stream, scripted

import spanglass
from spanglass import semconv
from spanglass.clients.calls import patch_classes
from spanglass.clients.cohere import PROVIDER
from spanglass.testing import Captured


def test_a_stream_is_put_together_again(seen: Captured) -> None:
    with scripted(WHOLE) as server, client_of(server) as client:
        assert [each.type for each in client.chat_stream(**ASKED)] == [each["type"] for each in EVENTS]
    assert_streamed(the_call(seen))
    (message,) = json.loads(the_call(seen).attributes[semconv.OUTPUT_MESSAGES])
    assert message["role"] == "assistant"


def test_an_async_client(seen: Captured) -> None:
    async def two() -> None:
        with scripted(answer(REPLY), WHOLE) as server:
            async with spanglass.wrap(cohere.AsyncClientV2(api_key="k", base_url=server.url)) as client:
                await client.chat(**ASKED)
                assert len([each async for each in client.chat_stream(**ASKED)]) == len(EVENTS)

    with spanglass.span("parent"):
        asyncio.run(two())
    reply, stream, parent = seen.spans
    assert reply.attributes[semconv.OUTPUT_TOKENS] == 289
    assert_streamed(stream)
    assert reply.parent_span_id == stream.parent_span_id == parent.span_id


def test_a_stream_let_go_of_ends_its_span(seen: Captured) -> None:
    with scripted(WHOLE) as server, client_of(server) as client:
        stream = client.chat_stream(**ASKED)
        for _ in zip(range(FIRST_TEXT), stream, strict=False):
            pass
        assert not seen.spans
        del stream
        gc.collect()
    assert the_call(seen).status == "unset"
    assert_half_streamed(the_call(seen))


def test_a_connection_that_breaks_off_and_a_stream_refused(seen: Captured) -> None:
    cut = event_stream(EVENTS[:FIRST_TEXT], cut=True)
    with scripted(cut, answer({"message": "No."}, 400)) as server, client_of(server) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            list(client.chat_stream(**ASKED))
        with pytest.raises(cohere.BadRequestError):
            list(client.chat_stream(**ASKED))
    broken, refused = seen.spans
    assert (broken.status, broken.error_type) == ("error", "httpx.RemoteProtocolError")
    assert_half_streamed(broken)
    assert refused.attributes["http.response.status_code"] == 400


def test_instrument_and_wrap_together_record_a_call_once(seen: Captured) -> None:
    undo = patch_classes(PROVIDER)
    try:
        with scripted(answer(REPLY), WHOLE) as server, client_of(server) as client:
            client.chat(**ASKED)
            list(client.chat_stream(**ASKED))
    finally:
        undo()
    assert len(seen.spans) == 2
    assert_streamed(seen.spans[1])
