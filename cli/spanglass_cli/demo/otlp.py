"""Past traces as an OTLP request (https://opentelemetry.io/docs/specs/otlp/) and as scores for the collector. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from spanglass import semconv
from spanglass_cli.demo.history import PastSpan, PastTrace


def to_request(traces: Iterable[PastTrace], resource: Mapping[str, str]) -> bytes:
    """The body of a POST to ``/v1/traces``, protobuf, uncompressed."""
    spans = [_span(trace.trace_id, span) for trace in traces for span in trace.spans]
    scope = ScopeSpans(scope=InstrumentationScope(name=semconv.SDK_NAME), spans=spans)
    whole = ResourceSpans(resource=Resource(attributes=_attributes(resource)), scope_spans=[scope])
    body: bytes = ExportTraceServiceRequest(resource_spans=[whole]).SerializeToString()
    return body


def to_scores(traces: Iterable[PastTrace]) -> list[dict[str, Any]]:
    """The body of a POST to ``/api/v1/scores``. Each score has an id of its own, so sending it again changes nothing."""
    return [
        {
            "id": f"{trace.trace_id}-{score.name}",
            "trace_id": trace.trace_id,
            "name": score.name,
            "value": score.value,
            "source": score.source,
            "comment": score.comment,
            "timestamp_ns": str(trace.scored_ns),
        }
        for trace in traces
        for score in trace.scores
    ]


def _span(trace_id: str, past: PastSpan) -> Span:
    is_client = past.kind in semconv.MODEL_KINDS
    span = Span(
        trace_id=bytes.fromhex(trace_id),
        span_id=bytes.fromhex(past.span_id),
        parent_span_id=bytes.fromhex(past.parent_id),
        name=past.name,
        kind=Span.SPAN_KIND_CLIENT if is_client else Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=past.start_ns,
        end_time_unix_nano=past.end_ns,
        attributes=_attributes(past.attributes),
    )
    if past.error_message is not None:
        span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message=past.error_message))
        told = {
            "exception.type": past.attributes[semconv.ERROR_TYPE],
            "exception.message": past.error_message,
        }
        span.events.add(name="exception", time_unix_nano=past.end_ns, attributes=_attributes(told))
    return span


def _attributes(values: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in values.items()]


def _value(value: Any) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[_value(item) for item in value]))
        case _:
            return AnyValue(string_value=str(value))
