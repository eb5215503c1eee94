from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from collector.strategies import wire_spans
from collector.wire import body_of, request_of, wire_span
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from spanglass_collector.decode import WireSpan, decode
from spanglass_collector.errors import Rejected


@given(st.lists(wire_spans, max_size=4))
def test_decode_gives_back_what_was_encoded(spans: list[WireSpan]) -> None:
    decoded = decode(body_of(*spans))
    assert decoded.rejects == ()
    assert [*map(_comparable, sorted(decoded.spans, key=_ids))] == [*map(_comparable, sorted(spans, key=_ids))]


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_rejected(body: bytes) -> None:
    try:
        decode(body)
    except Rejected as rejected:
        assert "not an OTLP trace export request" in str(rejected)  # noqa: PT017


@pytest.mark.parametrize("body", [b"garbage!", b"<html></html>", b'{"resourceSpans": []}', b"\xff" * 9])
def test_what_is_no_otlp_is_rejected_with_a_sentence(body: bytes) -> None:
    with pytest.raises(Rejected, match="not an OTLP trace export request"):
        decode(body)


def test_a_truncated_request_is_rejected() -> None:
    with pytest.raises(Rejected):
        decode(body_of(wire_span())[:-1])


def test_protobuf_of_something_else_is_rejected() -> None:
    with pytest.raises(Rejected, match="no resource_spans"):
        decode(b"\x12\x03abc")


def test_an_empty_request_has_no_spans() -> None:
    assert decode(b"").spans == ()


def test_log_records_are_no_spans() -> None:
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1, severity_text="INFO")
    decoded = decode(logs.SerializeToString())
    assert (decoded.spans, len(decoded.rejects)) == ((), 1)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("trace_id", b"", "trace_id has 0 bytes, not 16"),
        ("trace_id", b"x" * 15, "trace_id has 15 bytes, not 16"),
        ("trace_id", bytes(16), "trace_id is all zeros"),
        ("span_id", b"x" * 16, "span_id has 16 bytes, not 8"),
        ("span_id", bytes(8), "span_id is all zeros"),
        ("parent_span_id", b"x", "parent_span_id has 1 bytes, not 8"),
    ],
)
def test_a_span_with_a_bad_id_is_refused_alone(field: str, value: bytes, reason: str) -> None:
    request = request_of([wire_span("bad"), wire_span("good")])
    setattr(request.resource_spans[0].scope_spans[0].spans[0], field, value)
    decoded = decode(request.SerializeToString())
    assert [span.name for span in decoded.spans] == ["good"]
    assert decoded.rejects == (f"span 'bad': {reason}",)


def test_a_parent_of_zeros_is_no_parent() -> None:
    request = request_of([wire_span()])
    request.resource_spans[0].scope_spans[0].spans[0].parent_span_id = bytes(8)
    assert decode(request.SerializeToString()).spans[0].parent_span_id == ""


def _comparable(span: WireSpan) -> WireSpan:
    """NaN is not equal to itself."""
    events = tuple(replace(event, attributes=_no_nan(event.attributes)) for event in span.events)
    links = tuple(replace(link, attributes=_no_nan(link.attributes)) for link in span.links)
    return replace(
        span, attributes=_no_nan(span.attributes), resource=_no_nan(span.resource), events=events, links=links
    )


def _no_nan(value: Any) -> Any:
    match value:
        case float() if math.isnan(value):
            return "NaN"
        case dict():
            return {key: _no_nan(item) for key, item in value.items()}
        case list():
            return [_no_nan(item) for item in value]
    return value


def _ids(span: WireSpan) -> tuple[str, str]:
    return span.trace_id, span.span_id
