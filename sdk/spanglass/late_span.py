"""What OpenTelemetry expects of a span: to be written to, and to be read from by processors and exporters.

Times are nanoseconds since 1970. Everything is read late: status, events and attributes are made when asked for.
"""
# ruff: noqa: D102  the methods are OpenTelemetry's, and described there

from __future__ import annotations

from abc import abstractmethod
from time import time_ns
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags

from spanglass.failure import Failure
from spanglass.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanKind, TraceState
    from opentelemetry.util.types import Attributes, AttributeValue

    from spanglass.recorder import Recorder
    from spanglass.site import Site


class LateSpan(trace.Span, ReadableSpan):
    """Both of OpenTelemetry's interfaces over a few plain fields."""

    site: Site
    recorder: Recorder
    start_ns: int
    _name: str
    _trace_id: int
    _span_id: int
    _flags: int

    # What most spans never set is not stored in each of them.
    sampled: bool = True
    _parent_id: int = 0  # 0: the root of a trace
    _extra: Mapping[str, Any] = MappingProxyType({})
    end_ns: int = 0
    first_chunk_ns: int = 0
    _failure: Failure | None = None
    _remote_parent: SpanContext | None = None
    _trace_state: TraceState | None = None
    _own_events: tuple[Event, ...] = ()
    _own_links: tuple[Link, ...] = ()
    _own_status: Status = Status(StatusCode.UNSET)
    _built: Mapping[str, Any] | None = None

    def fail(self, error: BaseException) -> None:
        """Note ``error`` as what ended this span."""
        with guarded("span.fail"):
            self._failure = Failure(error)

    @abstractmethod
    def end(self, end_time: int | None = None) -> None:
        """Stop the clock and hand over; a second call does nothing."""

    @abstractmethod
    def _build(self) -> dict[str, Any]:
        """The attributes, as far as they are known."""

    # --- opentelemetry.trace.Span -----------------------------------------------------------------------------

    def get_span_context(self) -> SpanContext:
        return SpanContext(self._trace_id, self._span_id, False, TraceFlags(self._flags), self._trace_state)  # noqa: FBT003

    def is_recording(self) -> bool:
        return self.sampled and not self.end_ns

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        self.set_attributes({key: value})

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        if self.is_recording():
            self.set_raw(attributes)

    def set_raw(self, attributes: Mapping[str, Any]) -> None:
        """The same, whether it is recording or not."""
        if attributes:
            self._extra = {**self._extra, **attributes}

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        if self.is_recording():
            self._own_events = (*self._own_events, Event(name, attributes, timestamp))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        if self.is_recording():
            self._own_links = (*self._own_links, Link(context, attributes))

    def update_name(self, name: str) -> None:
        if self.is_recording():
            self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        if self.is_recording() and self._own_status.status_code is not StatusCode.OK:
            self._own_status = status if isinstance(status, Status) else Status(status, description)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: ARG002  OpenTelemetry's signature
    ) -> None:
        self.add_event("exception", {**Failure(exception).attributes(), **(attributes or {})}, timestamp)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and self.is_recording():
            self.fail(error)
        self.end()

    # --- opentelemetry.sdk.trace.ReadableSpan -----------------------------------------------------------------

    @property
    def context(self) -> SpanContext:
        return self.get_span_context()

    @property
    def kind(self) -> SpanKind:
        return self.site.span_kind

    @property
    def parent(self) -> SpanContext | None:
        if self._remote_parent is not None or not self._parent_id:
            return self._remote_parent
        return SpanContext(self._trace_id, self._parent_id, False, TraceFlags(self._flags), self._trace_state)  # noqa: FBT003

    @property
    def start_time(self) -> int | None:
        return self.start_ns

    @property
    def end_time(self) -> int | None:
        return self.end_ns or None

    @property
    def status(self) -> Status:
        return Status(StatusCode.ERROR, self._failure.message) if self._failure else self._own_status

    @property
    def events(self) -> Sequence[Event]:
        if self._failure is None:
            return self._own_events
        return (*self._own_events, Event("exception", self._failure.attributes(), self.end_ns or time_ns()))

    @property
    def links(self) -> Sequence[Link]:
        return self._own_links

    @property
    def resource(self) -> Resource:
        return self.recorder.tracer.resource

    @property
    def instrumentation_scope(self) -> InstrumentationScope | None:
        return self.recorder.tracer._instrumentation_scope  # noqa: SLF001  it has no public name

    @property
    def dropped_attributes(self) -> int:
        return 0

    @property
    def dropped_events(self) -> int:
        return 0

    @property
    def dropped_links(self) -> int:
        return 0

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Built at the first reading after the end and then kept; before the end, what is known so far."""
        if self._built is not None:
            return self._built
        built = MappingProxyType(self._build())
        if self.end_ns:
            self._built = built
        return built

    def to_json(self, indent: int | None = 4) -> str:
        """The span as JSON text, for exporters that print spans."""
        readable = ReadableSpan(
            self._name,
            self.context,
            self.parent,
            self.resource,
            self.attributes,
            self.events,
            self.links,
            self.kind,
            status=self.status,
            start_time=self.start_time,
            end_time=self.end_time,
            instrumentation_scope=self.instrumentation_scope,
        )
        return str(readable.to_json(indent))
