"""A span as it was sent, one value each. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from spanglass_collector.attributes import Attributes


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
