from __future__ import annotations

import pytest
from collector.payloads import payloads
from collector.strategies import wire_spans
from collector.wire import body_of, wire_span
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanglass_collector.errors import Rejected, TooLarge
from spanglass_collector.receive.records import records_in, require_few


def counted_by_protobuf(body: bytes) -> int:
    request = ExportTraceServiceRequest.FromString(body)
    return sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)


@given(st.lists(wire_spans, max_size=4))
def test_as_many_are_counted_as_protobuf_finds(spans: list[object]) -> None:
    body = body_of(*spans)  # type: ignore[arg-type]
    assert records_in(body, "traces") == counted_by_protobuf(body) == len(spans)


def test_recorded_requests_are_counted() -> None:
    bodies = [each.body for each in payloads("openinference-openai")]
    assert [records_in(body, "traces") for body in bodies] == [counted_by_protobuf(body) for body in bodies]


def test_logs_and_metrics_have_the_same_shape() -> None:
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1)
    metrics = ExportMetricsServiceRequest()
    for _ in range(2):
        metrics.resource_metrics.add(schema_url="s").scope_metrics.add().metrics.add(name="m")
    assert (records_in(logs.SerializeToString(), "logs"), records_in(metrics.SerializeToString(), "metrics")) == (1, 2)
    assert records_in(b"", "metrics") == 0


@pytest.mark.parametrize("body", [b"garbage!", b"\x0a\xff", b"\x0a\x05\x12", b"\x0b", b"\xff" * 11, b"\x09\x01"])
def test_bytes_that_are_no_request_are_refused(body: bytes) -> None:
    with pytest.raises(Rejected, match="cannot be parsed as protobuf"):
        records_in(body, "metrics")


def test_protobuf_of_something_else_is_refused() -> None:
    with pytest.raises(Rejected, match="it has no resource_metrics"):
        records_in(b"\x10\x01", "metrics")


def test_too_many_are_refused_and_broken_bytes_left_to_others() -> None:
    body = body_of(*(wire_span() for _ in range(10)))  # each with a resource and a scope of its own
    require_few(body, 30)
    with pytest.raises(TooLarge, match="more than 29 records"):
        require_few(body, 29)
    require_few(body[:-1], 30)
