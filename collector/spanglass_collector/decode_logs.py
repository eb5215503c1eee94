"""OTLP log records to plain Python values: those that are events of a GenAI instrumentation. The rest is counted. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from spanglass_collector.attributes import Attributes, Pairs, Value, text_from_proto, value_from_proto
from spanglass_collector.decode import read_request
from spanglass_collector.wire_messages import AnyValue, LogsRequest

EVENT_NAME: Final = "event.name"
"""Attribute that named an event before records had a field for it (opentelemetry-proto v1.5)."""
PREFIX: Final = "gen_ai."
"""What the names of the events begin with that are read."""
_EVENT_NAME: Final = EVENT_NAME.encode()
_PREFIX: Final = PREFIX.encode()
_PAIRS: Final = Pairs()


@dataclass(slots=True)
class WireLog:
    """An event as sent. Ids are lower-case hex, empty where there is none; ``time_ns`` is 0 where none is told.

    ``position`` is its place among the records of its request.
    """

    name: str
    trace_id: str
    span_id: str
    time_ns: int
    position: int
    body: Value = None
    attributes: Attributes = field(default_factory=dict)
    resource: Attributes = field(default_factory=dict)
    scope_name: str = ""
    scope_version: str = ""


@dataclass(frozen=True, slots=True)
class DecodedLogs:
    """The GenAI events of one request, and how many records it holds in all."""

    events: Sequence[WireLog]
    records: int


def decode_logs(body: bytes) -> DecodedLogs:
    """The events of an ``ExportLogsServiceRequest``. Raises Rejected for bytes that are none."""
    return read_request(LogsRequest(), body, "logs", "resource_logs", _decoded)


def _decoded(request: Any) -> DecodedLogs:
    events: list[WireLog] = []
    records = 0
    for of_resource in request.resource_logs:
        resource = _PAIRS.read(of_resource.resource.attributes)
        for of_scope in of_resource.scope_logs:
            scope = resource, text_from_proto(of_scope.scope.name), text_from_proto(of_scope.scope.version)
            for proto in of_scope.log_records:
                if name := _event_name(proto):
                    events.append(_event(proto, name, records, scope))
                records += 1
    return DecodedLogs(events, records)


def _event_name(proto: Any) -> str:
    """The name of the event where it is one of GenAI; empty for any other record."""
    if name := proto.event_name:
        return text_from_proto(name) if name.startswith(_PREFIX) else ""
    named = [each for each in proto.attributes if _EVENT_NAME in each]
    name = _PAIRS.read(named).get(EVENT_NAME) if named else None
    return name if isinstance(name, str) and name.startswith(PREFIX) else ""


def _event(proto: Any, name: str, position: int, scope: tuple[Attributes, str, str]) -> WireLog:
    attributes = _PAIRS.read(proto.attributes)
    attributes.pop(EVENT_NAME, None)
    return WireLog(
        name,
        proto.trace_id.hex(),
        proto.span_id.hex(),
        proto.time_unix_nano or proto.observed_time_unix_nano,
        position,
        value_from_proto(AnyValue.FromString(proto.body)),
        attributes,
        *scope,
    )
