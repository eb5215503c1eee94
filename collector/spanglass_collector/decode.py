"""OTLP protobuf to plain Python values: one frozen ``WireSpan`` a span, with its resource and scope. Pure.

Nothing is interpreted here. Attribute values become ``str``, ``bool``, ``int``, ``float``, ``bytes``, lists and
dictionaries, as ``AnyValue`` has them (opentelemetry-proto v1, ``common.proto``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from spanglass_collector.errors import Rejected

Value: TypeAlias = "str | bool | int | float | bytes | list[Value] | dict[str, Value] | None"
Attributes: TypeAlias = Mapping[str, Value]

_NO_TRACE_ID = bytes(16)
_NO_SPAN_ID = bytes(8)


@dataclass(frozen=True, slots=True)
class WireEvent:
    """An event as sent."""

    time_ns: int
    name: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class WireLink:
    """A link as sent; ids in lower-case hex."""

    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class WireSpan:
    """A span as sent; ids in lower-case hex, ``parent_span_id`` empty for a root, times in nanoseconds.

    ``status_code`` is 0 unset, 1 ok, 2 error; other numbers are possible on the wire.
    """

    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    start_ns: int
    end_ns: int
    status_code: int = 0
    status_message: str = ""
    attributes: Attributes = field(default_factory=dict)
    events: tuple[WireEvent, ...] = ()
    links: tuple[WireLink, ...] = ()
    resource: Attributes = field(default_factory=dict)
    scope_name: str = ""
    scope_version: str = ""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The spans of one request that can be stored, and a sentence for each that cannot."""

    spans: tuple[WireSpan, ...]
    rejects: tuple[str, ...]


def decode(body: bytes) -> Decoded:
    """The spans of an ``ExportTraceServiceRequest``. Raises Rejected for bytes that are none."""
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        msg = "The body is not an OTLP trace export request: it cannot be parsed as protobuf."
        raise Rejected(msg) from error
    if not request.resource_spans and len(UnknownFieldSet(request)):
        msg = "The body is protobuf, and not an OTLP trace export request: it has no resource_spans."
        raise Rejected(msg)
    spans: list[WireSpan] = []
    rejects: list[str] = []
    for of_resource in request.resource_spans:
        resource = attributes_from_proto(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            name, version = of_scope.scope.name, of_scope.scope.version
            for span in of_scope.spans:
                if problem := _problem(span):
                    rejects.append(problem)
                else:
                    spans.append(_span_from_proto(span, resource, name, version))
    return Decoded(tuple(spans), tuple(rejects))


def _problem(span: ProtoSpan) -> str:
    """Why this span cannot be stored; empty where it can."""
    for name, value, size, missing in (
        ("trace_id", span.trace_id, 16, _NO_TRACE_ID),
        ("span_id", span.span_id, 8, _NO_SPAN_ID),
    ):
        if len(value) != size:
            return f"span {span.name[:60]!r}: {name} has {len(value)} bytes, not {size}"
        if value == missing:
            return f"span {span.name[:60]!r}: {name} is all zeros"
    if len(span.parent_span_id) not in {0, 8}:
        return f"span {span.name[:60]!r}: parent_span_id has {len(span.parent_span_id)} bytes, not 8"
    return ""


def _span_from_proto(span: ProtoSpan, resource: Attributes, scope_name: str, scope_version: str) -> WireSpan:
    parent = span.parent_span_id
    return WireSpan(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id="" if parent == _NO_SPAN_ID else parent.hex(),
        name=span.name,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        status_code=span.status.code,
        status_message=span.status.message,
        attributes=attributes_from_proto(span.attributes),
        events=tuple(WireEvent(e.time_unix_nano, e.name, attributes_from_proto(e.attributes)) for e in span.events),
        links=tuple(_links(span.links)),
        resource=resource,
        scope_name=scope_name,
        scope_version=scope_version,
    )


def _links(links: Sequence[ProtoSpan.Link]) -> Iterable[WireLink]:
    """Links whose ids can be followed; one that points nowhere is left out."""
    for link in links:
        if len(link.trace_id) == len(_NO_TRACE_ID) and len(link.span_id) == len(_NO_SPAN_ID):
            yield WireLink(link.trace_id.hex(), link.span_id.hex(), attributes_from_proto(link.attributes))


def attributes_from_proto(pairs: Iterable[KeyValue]) -> Attributes:
    """Name to value. Of a name told twice the last counts, as the specification leaves open."""
    return {pair.key: value_from_proto(pair.value) for pair in pairs}


def value_from_proto(value: AnyValue) -> Value:
    """The Python value of an ``AnyValue``; None for one that holds nothing."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return value.int_value
        case "bool_value":
            return value.bool_value
        case "double_value":
            return value.double_value
        case "array_value":
            return [value_from_proto(item) for item in value.array_value.values]
        case "kvlist_value":
            return {pair.key: value_from_proto(pair.value) for pair in value.kvlist_value.values}
        case "bytes_value":
            return value.bytes_value
    return None
