"""Streams of boto3's ``bedrock-runtime``, in AWS's own framing: read to the end, let go of, broken off."""

from __future__ import annotations

import gc

import pytest
from botocore.exceptions import EventStreamError
from sdk.bedrock_script import ASKED, EVENTS, FIRST_TEXT, WHOLE, calling, said, the_call
from sdk.scripted import aws_event_stream

from spanglass import semconv
from spanglass.testing import Captured, CapturedSpan


def test_a_stream_is_put_together_again(seen: Captured) -> None:
    with calling(WHOLE) as client:
        stream = client.converse_stream(**ASKED)["stream"]
        assert [next(iter(event)) for event in stream] == [name for name, _ in EVENTS]
        assert list(stream) == []
    span = the_call(seen)
    assert said(span) == [
        {"type": "reasoning", "content": "Light scatters."},
        {"type": "text", "content": "Let me look."},
        {"type": "tool_call", "id": "tool_1", "name": "search", "arguments": {"query": "sky"}},
    ]
    assert span.attributes[semconv.REQUEST_STREAM] is True
    assert span.attributes[semconv.AWS_REQUEST_ID] == "req-1"
    assert span.attributes[semconv.SERVICE_TIER] == "flex"
    assert span.attributes[semconv.FINISH_REASONS] == ["tool_use"]
    assert (span.attributes[semconv.INPUT_TOKENS], span.attributes[semconv.OUTPUT_TOKENS]) == (180, 12)
    assert 0 < span.attributes[semconv.TIME_TO_FIRST_CHUNK] <= (span.end_ns - span.start_ns) / 1e9


def assert_half_streamed(span: CapturedSpan) -> None:
    assert said(span)[-1] == {"type": "text", "content": "Let me "}
    assert semconv.INPUT_TOKENS not in span.attributes
    assert semconv.FINISH_REASONS not in span.attributes


def test_a_stream_closed_early_has_what_came_until_then(seen: Captured) -> None:
    with calling(WHOLE) as client:
        stream = client.converse_stream(**ASKED)["stream"]
        for _ in zip(range(FIRST_TEXT), stream, strict=False):
            pass
        stream.close()
        assert the_call(seen).status == "unset"
    assert_half_streamed(the_call(seen))


def test_a_stream_let_go_of_ends_its_span(seen: Captured) -> None:
    with calling(WHOLE) as client:
        told = client.converse_stream(**ASKED)
        for _ in zip(range(FIRST_TEXT), told["stream"], strict=False):
            pass
        assert not seen.spans
        del told
        assert_half_streamed(the_call(seen))
        gc.collect()  # the package's stream and its iterator hold each other


def test_a_stream_that_only_its_loop_holds_is_read_to_the_end_and_one_left_can_be_gone_on_with(seen: Captured) -> None:
    with calling(WHOLE) as client:
        assert len([event for event in client.converse_stream(**ASKED)["stream"]]) == len(EVENTS)  # noqa: C416
        stream = client.converse_stream(**ASKED)["stream"]
        first = [event for event, _ in zip(stream, range(3), strict=False)]
        assert len(first) + 1 + len(list(stream)) == len(EVENTS)  # zip takes one more than it gives
    assert [span.attributes[semconv.FINISH_REASONS] for span in seen.spans] == [["tool_use"]] * 2


def test_an_error_among_the_events_passes_and_what_came_is_kept(seen: Captured) -> None:
    events = [*EVENTS[:FIRST_TEXT], ("modelStreamErrorException", {"message": "It broke."})]
    with calling(aws_event_stream(events)) as client:
        stream = client.converse_stream(**ASKED)["stream"]
        with pytest.raises(EventStreamError, match="It broke"):
            list(stream)
    span = the_call(seen)
    assert (span.status, span.error_type) == ("error", "botocore.exceptions.EventStreamError")
    assert_half_streamed(span)
