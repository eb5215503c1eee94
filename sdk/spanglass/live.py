"""One recorded operation: a real OpenTelemetry span that does its work late.

``LiveSpan`` takes the place of the SDK's own span class. While the application runs it only keeps what it is given:
ids, two clock readings, snapshots. Its attributes are built when someone reads them, which is the exporter's thread.
To the rest of OpenTelemetry (propagators, processors, exporters, instrumentations that nest below it) it is a span
like any other.
"""

from __future__ import annotations

from time import time_ns
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from opentelemetry import trace
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags

from spanglass import semconv
from spanglass.capture import Snapshot, snapshot, wire_value
from spanglass.context import NOTHING, ambient, metadata_attributes
from spanglass.failure import Failure
from spanglass.guard import guarded, swallow
from spanglass.usage import usage_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from opentelemetry.context import Context
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanKind, TraceState
    from opentelemetry.util.types import Attributes, AttributeValue

    from spanglass.content import Reader
    from spanglass.site import Recorder, Site


class LiveSpan(trace.Span, ReadableSpan):
    """A span while it is recorded, and what exporters read of it after."""

    # What most spans never set is not stored in each of them.
    sampled: bool = True
    end_ns: int = 0
    first_chunk_ns: int = 0
    _failure: Failure | None = None
    _remote_parent: SpanContext | None = None
    _trace_state: TraceState | None = None
    _own_events: tuple[Event, ...] = ()
    _own_links: tuple[Link, ...] = ()
    _own_status: Status = Status(StatusCode.UNSET)
    _built: Mapping[str, Any] | None = None

    def __init__(self, site: Site, recorder: Recorder, context: Context) -> None:
        """Start now, below the current span of ``context``: the sampler is asked, the span processors are told."""
        self.site = site
        self.recorder = recorder
        self.ambient = ambient(context)
        self._name = site.name
        self._facts: list[tuple[Reader, Snapshot]] = []
        self._extra: dict[str, Any] = {}
        parent = trace.get_current_span(context)
        if type(parent) is LiveSpan:
            self.sampled = parent.sampled
            self._trace_id, self._parent_id = parent._trace_id, parent._span_id  # noqa: SLF001
            self._flags, self._trace_state = parent._flags, parent._trace_state  # noqa: SLF001
            ask = not recorder.keeps_every_span
        else:
            ask = self._begin_below(parent.get_span_context()) or not recorder.keeps_every_span
        if ask:
            self._ask_sampler(context)
        self._span_id = recorder.tracer.id_generator.generate_span_id()
        self.start_ns = time_ns()
        if self.sampled:
            recorder.tracer.span_processor.on_start(self, context)  # type: ignore[arg-type]  # it wants its own class

    def _begin_below(self, parent: SpanContext) -> bool:
        """Take ids from a span of another library or process; with none, begin a trace. True when there is one."""
        if parent.is_valid:
            self._remote_parent = parent
            self._trace_id, self._parent_id = parent.trace_id, parent.span_id
            self._flags, self._trace_state = int(parent.trace_flags), parent.trace_state
            return True
        ids = self.recorder.tracer.id_generator
        self._trace_id, self._parent_id = ids.generate_trace_id(), 0
        self._flags = TraceFlags.SAMPLED | (TraceFlags.RANDOM_TRACE_ID if ids.is_trace_id_random() else 0)
        return False

    def _ask_sampler(self, context: Context) -> None:
        answer = self.recorder.tracer.sampler.should_sample(
            context, self._trace_id, self._name, self.site.span_kind, self.site.constants
        )
        self.sampled = answer.decision.is_sampled()
        self._flags = self._flags & ~TraceFlags.SAMPLED | (TraceFlags.SAMPLED if self.sampled else 0)
        self._trace_state = answer.trace_state
        self._extra.update(answer.attributes or NOTHING)

    # --- what the application and the rest of the SDK say -----------------------------------------------------

    def set(
        self,
        *,
        input: object = None,  # noqa: A002
        output: object = None,
        name: str | None = None,
        model: str | None = None,
        provider: str | None = None,
        usage: object = None,
        cost_usd: float | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> Self:
        """Say more about this span; what is said later wins. Returns the span.

        ``usage`` is a mapping or object of token counts: ``input_tokens`` or ``prompt_tokens``, ``output_tokens`` or
        ``completion_tokens``, ``cache_read_tokens``, ``reasoning_tokens`` …, or nested as OpenAI tells them. Input
        includes cached, output includes reasoning tokens. ``cost_usd`` wins over the cost the collector computes.
        """
        if not self.is_recording():
            return self
        with guarded("span.set"):
            if self.recorder.capture and input is not None:
                self.take(self.site.read_input, input)
            if self.recorder.capture and output is not None:
                self.take(self.site.read_output, output)
            told = {semconv.REQUEST_MODEL: model, semconv.PROVIDER_NAME: provider, semconv.COST_USD: cost_usd}
            self._extra.update({key: value for key, value in told.items() if value is not None})
            self._extra.update(usage_attributes(usage))
            self._extra.update(metadata_attributes(metadata or NOTHING))
            self._name = name or self._name
        return self

    def take(self, read: Reader, value: object) -> None:
        """Keep a snapshot of ``value``; ``read`` makes attributes of it when they are asked for."""
        self._facts.append((read, snapshot(value, self.recorder.max_bytes)))

    def fail(self, error: BaseException) -> None:
        """Note ``error`` as what ended this span."""
        with guarded("span.fail"):
            self._failure = Failure(error)

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return trace.format_trace_id(self._trace_id)

    @property
    def span_id(self) -> str:
        """16 hex digits."""
        return trace.format_span_id(self._span_id)

    # --- opentelemetry.trace.Span -----------------------------------------------------------------------------

    def end(self, end_time: int | None = None) -> None:
        """Stop the clock and hand over to the span processors; a second call does nothing."""
        if self.end_ns:
            return
        self.end_ns = end_time or time_ns()
        if self.sampled:
            self.recorder.tracer.span_processor.on_end(self)

    def get_span_context(self) -> SpanContext:
        return SpanContext(self._trace_id, self._span_id, False, TraceFlags(self._flags), self._trace_state)  # noqa: FBT003

    def is_recording(self) -> bool:
        return self.sampled and not self.end_ns

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        self.set_attributes({key: value})

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        if self.is_recording():
            self._extra.update(attributes)

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
        escaped: bool = False,  # noqa: ARG002, FBT001, FBT002  OpenTelemetry's signature
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
            self._facts = []
        return built

    def _build(self) -> dict[str, Any]:
        built = {**self.site.constants, **self.ambient}
        for read, taken in self._facts:
            try:
                built.update(read(taken))
            except Exception as error:  # noqa: BLE001  one fact is lost, not the span
                swallow("span.attributes", error)
        built.update({key: wire_value(value, self.recorder.max_bytes) for key, value in self._extra.items()})
        if self.first_chunk_ns:
            built[semconv.TIME_TO_FIRST_CHUNK] = (self.first_chunk_ns - self.start_ns) / 1e9
        if self._failure:
            built[semconv.ERROR_TYPE] = self._failure.type_name
        return built

    def to_json(self, indent: int | None = 4) -> str:
        """The span as JSON text, for exporters that print spans."""
        return ReadableSpan(
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
        ).to_json(indent)


class SilentSpan(LiveSpan):
    """What a block yields while nothing is recorded: it takes everything and keeps nothing."""

    sampled = False
    end_ns = 1
    _name = ""
    _built = NOTHING

    def __init__(self) -> None:
        self._trace_id = self._span_id = self._parent_id = self._flags = self.start_ns = 0


SILENT = SilentSpan()
