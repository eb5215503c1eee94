"""Plain values to OTLP protobuf: the inverse of ``decode``, for tests."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from spanglass_collector.decode import WireEvent, WireLink, WireSpan


def wire_span(name: str = "chat", attributes: Mapping[str, Any] | None = None, **fields: Any) -> WireSpan:
    """A root span of now, with ids of its own."""
    now_ns = time.time_ns()
    told = {"trace_id": os.urandom(16).hex(), "span_id": os.urandom(8).hex(), "parent_span_id": ""}
    told |= {"start_ns": now_ns - 10**9, "end_ns": now_ns} | fields
    return WireSpan(name=name, attributes=dict(attributes or {}), **told)


def model_call(**fields: Any) -> WireSpan:
    """A call of gpt-4o-mini as the OpenTelemetry conventions tell it: 1,000 tokens in, 500 out."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 500,
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hello?"}]}]',
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hi."}]}]',
    }
    return wire_span("chat gpt-4o-mini", attributes | fields.pop("attributes", {}), **fields)


def body_of(*spans: WireSpan) -> bytes:
    """An ``ExportTraceServiceRequest`` with these spans, each under a resource and a scope of its own."""
    return request_of(spans).SerializeToString()


def request_of(spans: Iterable[WireSpan]) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    for span in spans:
        of_resource = request.resource_spans.add()
        of_resource.resource.attributes.extend(pairs(span.resource))
        of_scope = of_resource.scope_spans.add()
        of_scope.scope.name, of_scope.scope.version = span.scope_name, span.scope_version
        proto = of_scope.spans.add(
            trace_id=bytes.fromhex(span.trace_id),
            span_id=bytes.fromhex(span.span_id),
            parent_span_id=bytes.fromhex(span.parent_span_id),
            name=span.name,
            start_time_unix_nano=span.start_ns,
            end_time_unix_nano=span.end_ns,
            attributes=pairs(span.attributes),
        )
        proto.status.code, proto.status.message = span.status_code, span.status_message
        for event in span.events:
            _add_event(proto, event)
        for link in span.links:
            _add_link(proto, link)
    return request


def as_otlp_json(request: Any, *, snake_case: bool = False) -> dict[str, Any]:
    """A request as protobuf's own JSON has it, with ids as OTLP wants them."""

    def with_hex(value: Any, key: str = "") -> Any:
        match value:
            case dict():
                return {name: with_hex(inner, name.replace("_", "").lower()) for name, inner in value.items()}
            case list():
                return [with_hex(inner) for inner in value]
        return base64.b64decode(value).hex() if key in {"traceid", "spanid", "parentspanid"} else value

    document: dict[str, Any] = with_hex(MessageToDict(request, preserving_proto_field_name=snake_case))
    return document


def _add_event(proto: Any, event: WireEvent) -> None:
    proto.events.add(time_unix_nano=event.time_ns, name=event.name, attributes=pairs(event.attributes))


def _add_link(proto: Any, link: WireLink) -> None:
    proto.links.add(
        trace_id=bytes.fromhex(link.trace_id), span_id=bytes.fromhex(link.span_id), attributes=pairs(link.attributes)
    )


def pairs(attributes: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value_to_proto(value)) for key, value in attributes.items()]


def value_to_proto(value: Any) -> AnyValue:
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[value_to_proto(item) for item in value]))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=pairs(value)))
    msg = f"no wire form for {value!r}"
    raise TypeError(msg)
