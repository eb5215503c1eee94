"""A request taken apart and put together again loses nothing and keeps its order."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Status, StatusCode
from sdk.export import spans as made
from sdk.servers import plain

from spanglass.export import cut, wire

several = st.lists(made.spans, min_size=1, max_size=6)
few = settings(max_examples=30)  # each example is several spans of every shape


def placed(*bodies: bytes | bytearray) -> list[tuple[str, bytes]]:
    """Resource and scope of each span, with its bytes, in order."""
    return [
        (f"{resource.resource} {resource.schema_url} {scope.scope} {scope.schema_url}", span.SerializeToString())
        for body in bodies
        for resource in ExportTraceServiceRequest.FromString(bytes(body)).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def spans_of(body: bytes | bytearray) -> list[Span]:
    return [Span.FromString(raw) for _, raw in placed(body)]


@few
@given(several)
def test_what_groups_finds_makes_the_same_request_again(ended: list[ReadableSpan]) -> None:
    body = made.request(ended)
    again = wire.Request()
    for where, spans in cut.groups(body).items():
        for span in spans:
            again.add(*where, span)
    assert bytes(again.body()) == body
    assert again.count == len(ended)


@few
@given(several)
def test_requests_of_another_encoder_are_taken_apart_too(ended: list[ReadableSpan]) -> None:
    body = encode_spans(ended).SerializeToString()
    assert placed(*(part for part, _ in cut.halves(body))) == placed(body)


@few
@given(several)
def test_two_halves_are_the_whole_in_its_order(ended: list[ReadableSpan]) -> None:
    body = made.request(ended)
    parts = cut.halves(body)
    assert placed(*(part for part, _ in parts)) == placed(body)
    assert [count for _, count in parts] == [len(placed(part)) for part, _ in parts]
    assert [count for _, count in parts] == [(len(ended) + 1) // 2, len(ended) // 2][: min(len(ended), 2)]


@few
@given(several)
def test_halved_until_each_is_alone_none_is_missing(ended: list[ReadableSpan]) -> None:
    waiting, alone = [(made.request(ended), len(ended))], []
    while waiting:
        body, count = waiting.pop(0)
        if count == 1:
            alone.append(body)
        else:
            waiting[:0] = cut.halves(body)
    assert placed(*alone) == placed(made.request(ended))


def test_of_nothing_there_are_no_halves() -> None:
    assert cut.halves(b"") == ()
    assert cut.groups(b"") == {}


@few
@given(several)
def test_what_is_short_enough_stays_as_it_is(ended: list[ReadableSpan]) -> None:
    body = made.request(ended)
    assert bytes(cut.shortened(body, made.NO_LIMIT)) == body


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=2_000), st.integers(1, 1_000))
def test_long_texts_are_cut_with_a_mark_and_all_else_stays(said: str, limit: int) -> None:
    about = {"short": "", "long": said, "number": 2**40, "data": b"b" * 2_000, "list": ["l" * 2_000], "truth": True}
    ended = made.a_span(
        about,
        name="n" * 2_000,
        events=[Event("e" * 2_000, about, 5)],
        status=Status(StatusCode.ERROR, "m" * 2_000),
        parent=made.a_span(span_id=9).get_span_context(),
    )
    (before,), (after,) = spans_of(made.request([ended])), spans_of(cut.shortened(made.request([ended]), limit))
    for attributes in (after.attributes, after.events[0].attributes):
        kept, mark, rest = plain(attributes)["long"].partition("…[") if len(said.encode()) > limit else (said, "", "")
        assert said.startswith(kept)
        if mark:
            assert limit - 3 <= len(kept.encode()) <= limit  # a character is not cut in two
            assert rest == f"{len(said.encode()) - len(kept.encode())} more bytes]"
    for span in (before, after):
        for attributes in (span.attributes, span.events[0].attributes):
            (long,) = [pair for pair in attributes if pair.key == "long"]
            long.value.string_value = "the only difference"
    assert before == after


@pytest.mark.parametrize("body", [b"\x0a", b"\x0a\x05ab", b"\xff" * 11, b"\x0b", b"\x09123", b"\x08\x80"])
def test_what_is_no_protobuf_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"a field is longer|a number has no end"):
        list(cut.fields(body))


@given(st.binary(max_size=60))
def test_any_bytes_are_taken_apart_whole_or_refused(body: bytes) -> None:
    try:
        found = list(cut.fields(body))
    except ValueError:
        return
    assert b"".join(whole for *_, whole in found) == body


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), min_size=1), st.integers(256, 2_000))
def test_what_was_json_is_json_still(said: list[str], limit: int) -> None:
    told = [{"role": "user", "parts": [{"type": "text", "content": text}]} for text in said]
    messages = orjson.dumps(told).decode()
    (span,) = spans_of(cut.shortened(made.request([made.a_span({"messages": messages})]), limit))
    kept = plain(span.attributes)["messages"]
    assert kept == messages or len(kept.encode()) <= limit
    assert orjson.loads(kept)
    (span,) = spans_of(made.request([made.a_span({"messages": messages})], limit))
    assert orjson.loads(plain(span.attributes)["messages"]) == orjson.loads(kept)
