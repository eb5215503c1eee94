"""OTLP protobuf to plain Python values: one ``WireSpan`` a span, with its resource and scope. Nothing is interpreted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from spanglass_collector.attributes import Attributes, Pairs, Value
from spanglass_collector.errors import Rejected
from spanglass_collector.wire_messages import Request, Status

__all__ = ["Attributes", "Decoded", "Value", "WireEvent", "WireLink", "WireSpan", "decode"]

_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
_NO_TRACE_ID: Final = bytes(_TRACE_ID_BYTES)
_NO_SPAN_ID: Final = bytes(_SPAN_ID_BYTES)
_PAIRS: Final = Pairs()
_STATUS: Final[Mapping[bytes, tuple[int, str]]] = {b"": (0, ""), b"\x18\x01": (1, ""), b"\x18\x02": (2, "")}
"""Code and message of the statuses without words, which nearly all are."""


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


@dataclass(slots=True)
class WireSpan:
    """A span as sent; ids in lower-case hex, ``parent_span_id`` empty for a root, times in nanoseconds.

    ``status_code`` is 0 unset, 1 ok, 2 error; other numbers are possible on the wire. Not frozen, because making a
    frozen one takes four times as long; nobody changes it.
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
    request = Request()
    try:
        request.ParseFromString(body)
        if not request.resource_spans and len(UnknownFieldSet(request)):
            msg = "The body is protobuf, and not an OTLP trace export request: it has no resource_spans."
            raise Rejected(msg)
        return _decoded(request)
    except (DecodeError, ValueError) as error:
        msg = "The body is not an OTLP trace export request: it cannot be parsed as protobuf."
        raise Rejected(msg) from error


def _decoded(request: Any) -> Decoded:
    spans: list[WireSpan] = []
    rejects: list[str] = []
    for of_resource in request.resource_spans:
        resource = _PAIRS.read(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            scope = of_scope.scope
            scope_name, scope_version = _text(scope.name), _text(scope.version)
            for proto in of_scope.spans:
                trace_id, span_id, parent = proto.trace_id, proto.span_id, proto.parent_span_id
                if len(trace_id) != _TRACE_ID_BYTES or len(span_id) != _SPAN_ID_BYTES or len(parent) not in {0, 8}:
                    rejects.append(_problem(proto))
                    continue
                if trace_id == _NO_TRACE_ID or span_id == _NO_SPAN_ID:
                    rejects.append(_problem(proto))
                    continue
                status, events, links = proto.status, proto.events, proto.links
                code, message = _STATUS.get(status) or _status(status)
                spans.append(
                    WireSpan(
                        trace_id.hex(),
                        span_id.hex(),
                        "" if parent == _NO_SPAN_ID else parent.hex(),
                        _text(proto.name),
                        proto.start_time_unix_nano,
                        proto.end_time_unix_nano,
                        code,
                        message,
                        _PAIRS.read(proto.attributes),
                        tuple(_events(events)) if events else (),
                        tuple(_links(links)) if links else (),
                        resource,
                        scope_name,
                        scope_version,
                    )
                )
    return Decoded(tuple(spans), tuple(rejects))


def _problem(proto: Any) -> str:
    """Why this span cannot be stored."""
    for name, value, size in (
        ("trace_id", proto.trace_id, _TRACE_ID_BYTES),
        ("span_id", proto.span_id, _SPAN_ID_BYTES),
    ):
        if len(value) != size:
            return f"span {_text(proto.name)[:60]!r}: {name} has {len(value)} bytes, not {size}"
        if value == bytes(size):
            return f"span {_text(proto.name)[:60]!r}: {name} is all zeros"
    return f"span {_text(proto.name)[:60]!r}: parent_span_id has {len(proto.parent_span_id)} bytes, not 8"


def _status(encoded: bytes) -> tuple[int, str]:
    status = Status.FromString(encoded)
    return status.code, _text(status.message)


def _events(events: Iterable[Any]) -> Iterable[WireEvent]:
    return (WireEvent(e.time_unix_nano, _text(e.name), _PAIRS.read(e.attributes)) for e in events)


def _links(links: Iterable[Any]) -> Iterable[WireLink]:
    """Links whose ids can be followed; one that points nowhere is left out."""
    for link in links:
        if len(link.trace_id) == _TRACE_ID_BYTES and len(link.span_id) == _SPAN_ID_BYTES:
            yield WireLink(link.trace_id.hex(), link.span_id.hex(), _PAIRS.read(link.attributes))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
