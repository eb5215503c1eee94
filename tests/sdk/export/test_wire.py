"""The encoding by hand says what OpenTelemetry's own encoder says, field by field."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, TraceFlags, TraceState
from sdk.export import spans as made
from sdk.servers import plain

import spanglass
from spanglass import semconv, testing
from spanglass.export import wire
from spanglass.live import LiveSpan

Told = dict[tuple[str, str], list[Span]]


def by_place(message: ExportTraceServiceRequest) -> Told:
    """(Resource and its schema, scope and its schema) -> spans; an empty status is the same as none."""
    found: Told = {}
    for resource in message.resource_spans:
        for scope in resource.scope_spans:
            where = (f"{resource.resource} {resource.schema_url}", f"{scope.scope} {scope.schema_url}")
            for span in scope.spans:
                if not span.status.ByteSize():
                    span.ClearField("status")
                found.setdefault(where, []).append(span)
    return found


def ours(ended: Sequence[ReadableSpan], max_bytes: int = made.NO_LIMIT) -> Told:
    return by_place(ExportTraceServiceRequest.FromString(made.request(ended, max_bytes)))


def read_back(told: dict[str, Any], max_bytes: int = made.NO_LIMIT) -> dict[str, Any]:
    """Attributes as the other side reads them."""
    ((span,),) = ours([made.a_span(told)], max_bytes).values()
    return plain(span.attributes)


@given(st.lists(made.spans, min_size=1, max_size=4))
def test_any_spans_are_told_as_the_official_encoder_tells_them(ended: list[ReadableSpan]) -> None:
    assert ours(ended) == by_place(encode_spans(ended))


@given(st.integers(0, 2**64 - 1))
def test_numbers_are_written_as_protobuf_has_them(number: int) -> None:
    raw = wire.varint(number)
    assert sum((byte & 127) << 7 * place for place, byte in enumerate(raw)) == number
    assert [byte > 127 for byte in raw] == [True] * (len(raw) - 1) + [False]
    assert len(raw) == max(math.ceil(number.bit_length() / 7), 1)


class Colour(str, enum.Enum):  # noqa: UP042  people write it so
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    "value", [Colour.RED, Level.HIGH, np.float64(1.5), [Colour.RED, "x"], True, -1, 2**63 - 1, -(2**63), 0.0, "", b""]
)
def test_a_value_of_a_class_of_its_own_is_told_as_what_it_is(value: object) -> None:
    span = made.a_span({"key": value})
    assert ours([span]) == by_place(encode_spans([span]))


def test_numbers_that_are_none() -> None:
    found = read_back({"nan": math.nan, "most": math.inf})
    assert math.isnan(float(found["nan"]))
    assert float(found["most"]) == math.inf


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("half \ud83d of a pair", "half ? of a pair"),
        ("x" * 100 + "\udc00", "x" * 100 + "?"),
        (["\ud83d"], ["?"]),
        ({1: "\ud83d"}, {"1": "?"}),
        (2**63, str(2**63)),
        (-(2**100), str(-(2**100))),
        (1 + 2j, "(1+2j)"),
        ([10**9_999], ["<int: unreadable>"]),
    ],
)
def test_what_the_official_encoder_cannot_say_becomes_text(value: object, told: object) -> None:
    found = read_back({"key": value, "other": 1})
    assert found == {"key": told, "other": 1}


def test_names_with_half_a_pair_pass_too() -> None:
    assert read_back({"\ud83d": 1}) == {"?": 1}
    ((span,),) = ours([made.a_span(name="\ud83d")]).values()
    assert span.name == "?"


def test_texts_already_encoded_are_told_as_texts() -> None:
    ended = made.a_span()
    for size in (1, 30, 5_000):
        raw = wire.span(ended, wire.ids(ended), {"key": ("ü" * size).encode()}, made.NO_LIMIT, is_text=True)
        assert plain(Span.FromString(bytes(raw)).attributes) == {"key": "ü" * size}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=3_000), st.integers(256, 2_000), st.booleans())
def test_a_text_beyond_the_limit_is_cut_with_a_mark(said: str, limit: int, encoded: bool) -> None:
    ended = made.a_span()
    told = {"key": said.encode() if encoded else said, "short": "s"}
    found = plain(Span.FromString(bytes(wire.span(ended, wire.ids(ended), told, limit, is_text=encoded))).attributes)
    assert found["short"] == "s"
    if len(said) > limit:
        assert len(found["key"]) <= limit
        assert found["key"].endswith("more characters]")
        assert said.startswith(found["key"].partition("…[")[0])
    else:
        assert found["key"] == said


def test_bytes_beyond_the_limit_are_cut() -> None:
    ((span,),) = ours([made.a_span({"key": b"x" * 999})], 300).values()
    assert span.attributes[0].value.bytes_value == b"x" * 300


def test_a_link_tells_its_trace_state_which_the_official_encoder_forgets() -> None:
    to = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("a", "b")]))
    ((span,),) = ours([made.a_span(links=[Link(to)])]).values()
    assert span.links[0].trace_state == "a=b"


def test_a_span_without_a_context_is_refused() -> None:
    with pytest.raises(ValueError, match="context"):
        wire.ids(ReadableSpan("s", None, resource=Resource({})))


def test_a_span_of_ours_is_told_alike_encoded_late_or_read_by_others() -> None:
    kept = InMemorySpanExporter()
    with testing.captured() as seen:
        seen.provider.add_span_processor(SimpleSpanProcessor(kept))
        with spanglass.context(user_id="u1", tags=["a", "b"]), spanglass.span("s", input={"q": "ü" * 99}) as span:
            span.set(output="\ud83d" * 60, model="m", usage={"input_tokens": 3}, metadata={"n": 1})
            span.add_event("e", {"k": 1})
    (ended,) = kept.get_finished_spans()
    assert isinstance(ended, LiveSpan)
    late = wire.span(ended, wire.Ids(*ended.ids()), ended.encoded_attributes(), made.NO_LIMIT, is_text=True)
    early = wire.span(ended, wire.ids(ended), ended.attributes, made.NO_LIMIT)
    told, official = Span.FromString(bytes(late)), encode_spans([ended]).resource_spans[0].scope_spans[0].spans[0]
    official.ClearField("status")
    assert told == Span.FromString(bytes(early)) == official
    assert plain(told.attributes)[semconv.OUTPUT] == "?" * 60


def test_a_request_counts_what_it_holds() -> None:
    ended = [made.a_span({"k": "x" * size}, span_id=size + 1) for size in (0, 100, 20_000)]
    gathered = wire.Request()
    for span in ended:
        gathered.add(b"", b"", wire.span(span, wire.ids(span), span.attributes or {}, made.NO_LIMIT))
    size_bytes = gathered.size_bytes
    assert gathered.count == 3
    assert len(gathered.body()) <= size_bytes <= len(gathered.body()) + 3 * 4 + 20
    assert bytes(wire.Request().body()) == b""
