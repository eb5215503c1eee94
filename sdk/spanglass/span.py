"""One recorded operation: a real OpenTelemetry span that does its work late.

``LiveSpan`` takes the place of the SDK's own span class. While the application runs it only keeps what it is given:
ids, two clock readings, snapshots. Its attributes are built when someone reads them, which is the exporter's thread.
To every other part of OpenTelemetry (propagators, span processors, exporters, instrumentations that nest under it) it
is a span like any other.
"""

from __future__ import annotations

from time import time_ns
from traceback import TracebackException
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace import sampling as otel_sampling
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from spanglass import semconv
from spanglass.capture import Snapshot, snapshot, text, wire_value
from spanglass.content import Reader, readers
from spanglass.context import NOTHING, ambient, leave, metadata_attributes
from spanglass.guard import guarded, swallow, warn_once
from spanglass.usage import usage_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Tracer
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import Link, TraceState
    from opentelemetry.util.types import Attributes, AttributeValue

    from spanglass.settings import Settings

KindName = (
    semconv.Kind
    | Literal[
        "llm",
        "embedding",
        "rerank",
        "retriever",
        "tool",
        "agent",
        "chain",
        "guardrail",
        "evaluator",
        "prompt",
        "span",
    ]
)

_UNSET: Final = Status(StatusCode.UNSET)
_MAX_FRAMES: Final = 50
_MAX_MESSAGE_BYTES: Final = 8_192


class Site:
    """What is known of a span before it starts: made once for a decorated function or a client."""

    __slots__ = ("constants", "kind", "name", "read_input", "read_output", "span_kind")

    def __init__(self, name: str, kind: str, extra: Mapping[str, Any] = NOTHING) -> None:
        if kind not in semconv.Kind:
            warn_once(f"kind {kind}", "spanglass: %r is no kind of span, %r is recorded as 'span'", kind, name)
            kind = semconv.Kind.SPAN
        self.name = name
        self.kind = semconv.Kind(kind)
        self.span_kind = SpanKind.CLIENT if self.kind in semconv.MODEL_KINDS else SpanKind.INTERNAL
        operation = semconv.OPERATION_OF_KIND.get(self.kind)
        self.constants: dict[str, Any] = {
            semconv.SPAN_KIND: self.kind.value,
            **({semconv.OPERATION_NAME: operation} if operation else {}),
            **({semconv.TOOL_NAME: name} if self.kind is semconv.Kind.TOOL else {}),
            **extra,
        }
        self.read_input, self.read_output = readers(self.kind)


class Recorder:
    """What spans need of the tracer provider they belong to, and of the settings."""

    __slots__ = ("capture", "max_bytes", "samples_all", "settings", "tracer")

    def __init__(self, settings: Settings, tracer: Tracer) -> None:
        self.settings = settings
        self.tracer = tracer
        self.capture = settings.capture_content
        self.max_bytes = settings.max_content_bytes
        # The two stock samplers that keep every span need not be asked when no foreign parent has a say.
        self.samples_all = tracer.sampler in {otel_sampling.DEFAULT_ON, otel_sampling.ALWAYS_ON}


class LiveSpan(trace.Span, ReadableSpan):
    """A span while it is recorded, and what exporters read of it after."""

    # What most spans never set is not stored in each of them.
    end_ns: int = 0
    sampled: bool = True
    first_chunk_ns: int = 0
    failure: TracebackException | None = None
    _error_type: str = ""
    _parent_context: SpanContext | None = None
    _trace_state: TraceState | None = None
    _events: tuple[Event, ...] = ()  # type: ignore[assignment]
    _links: tuple[Link, ...] = ()
    _status: Status = _UNSET
    _attributes: dict[str, Any] | None = None  # type: ignore[assignment]

    def __init__(self, site: Site, recorder: Recorder, parent_context: otel_context.Context) -> None:
        """Start now, below the current span of ``parent_context``. Sampling is asked, span processors are told."""
        tracer = recorder.tracer
        self._name = site.name
        self.site = site
        self.recorder = recorder
        self.ambient = ambient(parent_context)
        self._facts: list[tuple[Reader, Snapshot]] = []
        self._extra: dict[str, Any] = {}
        parent = trace.get_current_span(parent_context)
        if type(parent) is LiveSpan:
            self._trace_id = parent._trace_id  # noqa: SLF001
            self._parent_id = parent._span_id  # noqa: SLF001
            self._flags: int = parent._flags  # noqa: SLF001
            self._trace_state = parent._trace_state  # noqa: SLF001
            self.sampled = parent.sampled
        else:
            self._root(parent.get_span_context())
        if not (recorder.samples_all and (self._parent_id == 0 or type(parent) is LiveSpan)):
            self._sample(parent_context)
        self._span_id = tracer.id_generator.generate_span_id()
        self.start_ns = time_ns()
        if self.sampled:
            tracer.span_processor.on_start(self, parent_context)  # type: ignore[arg-type]

    def _root(self, parent: SpanContext) -> None:
        """Take the place below a span of another library or process, or of none."""
        if parent.is_valid:
            self._parent_context = parent
            self._trace_id, self._parent_id = parent.trace_id, parent.span_id
            self._flags, self._trace_state = parent.trace_flags, parent.trace_state
            return
        ids = self.recorder.tracer.id_generator
        self._trace_id, self._parent_id = ids.generate_trace_id(), 0
        self._flags = TraceFlags.SAMPLED | (TraceFlags.RANDOM_TRACE_ID if ids.is_trace_id_random() else 0)

    def _sample(self, parent_context: otel_context.Context) -> None:
        result = self.recorder.tracer.sampler.should_sample(
            parent_context, self._trace_id, self._name, self.site.span_kind, self.site.constants
        )
        self.sampled = result.decision.is_sampled()
        self._flags = (self._flags & ~TraceFlags.SAMPLED) | (TraceFlags.SAMPLED if self.sampled else 0)
        self._trace_state = result.trace_state
        self._extra.update({key: item for key, item in (result.attributes or {}).items() if key not in self.site.constants})

    # --- what the application and our own code say ---------------------------------------------------------

    def take_input(self, value: object) -> None:
        """Keep a snapshot of ``value`` as the input."""
        self._facts.append((self.site.read_input, snapshot(value, self.recorder.max_bytes)))

    def take_output(self, value: object) -> None:
        """Keep a snapshot of ``value`` as the output."""
        self._facts.append((self.site.read_output, snapshot(value, self.recorder.max_bytes)))

    def take(self, read: Reader, value: object) -> None:
        """Keep a snapshot of ``value``, to be read by ``read`` when the attributes are built."""
        self._facts.append((read, snapshot(value, self.recorder.max_bytes)))

    def set(
        self,
        *,
        input: object = None,  # noqa: A002
        output: object = None,
        model: str | None = None,
        provider: str | None = None,
        usage: object = None,
        cost_usd: float | None = None,
        metadata: Mapping[str, object] | None = None,
        name: str | None = None,
    ) -> Self:
        """Say more about this span; what is said later wins. Returns the span.

        ``usage`` is a mapping or object of token counts (``input_tokens`` or ``prompt_tokens``, ``output_tokens`` or
        ``completion_tokens``, ``cache_read_tokens``, ``reasoning_tokens``, …, or as OpenAI nests them), where input
        includes cached and output includes reasoning tokens. ``cost_usd`` wins over the collector's computed cost.
        """
        if not self.is_recording():
            return self
        with guarded("span.set"):
            if self.recorder.capture and input is not None:
                self.take_input(input)
            if self.recorder.capture and output is not None:
                self.take_output(output)
            told = {semconv.REQUEST_MODEL: model, semconv.PROVIDER_NAME: provider, semconv.COST_USD: cost_usd}
            self._extra.update({key: value for key, value in told.items() if value is not None})
            self._extra.update(usage_attributes(usage))
            self._extra.update(metadata_attributes(metadata or NOTHING))
            self._name = name or self._name
        return self

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return trace.format_trace_id(self._trace_id)

    @property
    def span_id(self) -> str:
        """16 hex digits."""
        return trace.format_span_id(self._span_id)

    def fail(self, error: BaseException) -> None:
        """Record ``error`` as what ended this span.

        Its frames are noted down but neither formatted nor kept: an exception held until export would keep alive
        every local variable of the application on the way.
        """
        self._error_type = type_name(error)
        self.failure = TracebackException(
            type(error), error, error.__traceback__, limit=-_MAX_FRAMES, lookup_lines=False, compact=True
        )

    # --- opentelemetry.trace.Span ----------------------------------------------------------------------------

    def get_span_context(self) -> SpanContext:
        return SpanContext(self._trace_id, self._span_id, False, TraceFlags(self._flags), self._trace_state)  # noqa: FBT003

    context = property(get_span_context)

    def is_recording(self) -> bool:
        return self.sampled and not self.end_ns

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        if not self.end_ns:
            self._extra[key] = value

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        if not self.end_ns:
            self._extra.update(attributes)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        if not self.end_ns:
            self._events = (*self._events, Event(name, attributes, timestamp))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        if not self.end_ns:
            self._links = (*self._links, trace.Link(context, attributes))

    def update_name(self, name: str) -> None:
        if not self.end_ns:
            self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        if not self.end_ns:
            self._status = status if isinstance(status, Status) else Status(status, description)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: ARG002, FBT001, FBT002  the signature is OpenTelemetry's
    ) -> None:
        failure = TracebackException.from_exception(exception, limit=-_MAX_FRAMES, compact=True)
        self.add_event(
            "exception", {**exception_attributes(type_name(exception), failure), **(attributes or {})}, timestamp
        )

    def end(self, end_time: int | None = None) -> None:
        """Stop the clock and hand over to the span processors; a second call does nothing."""
        if self.end_ns:
            return
        self.end_ns = end_time or time_ns()
        if self.sampled:
            self.recorder.tracer.span_processor.on_end(self)

    def __exit__(self, exc_type: object, error: BaseException | None, traceback: object) -> None:
        if error is not None and self.is_recording():
            self.fail(error)
        self.end()

    # --- opentelemetry.sdk.trace.ReadableSpan ----------------------------------------------------------------

    @property
    def kind(self) -> SpanKind:
        return self.site.span_kind

    @property
    def parent(self) -> SpanContext | None:
        if self._parent_context is not None or not self._parent_id:
            return self._parent_context
        return SpanContext(self._trace_id, self._parent_id, False, TraceFlags(self._flags), self._trace_state)  # noqa: FBT003

    @property
    def start_time(self) -> int | None:
        return self.start_ns

    @property
    def end_time(self) -> int | None:
        return self.end_ns or None

    @property
    def status(self) -> Status:
        if self.failure is None:
            return self._status
        return Status(StatusCode.ERROR, text(snapshot(_message(self.failure), _MAX_MESSAGE_BYTES)))

    @property
    def events(self) -> Sequence[Event]:
        if self.failure is None:
            return self._events
        told = exception_attributes(self._error_type, self.failure)
        return (*self._events, Event("exception", told, self.end_ns or time_ns()))

    @property
    def links(self) -> Sequence[Link]:
        return self._links

    @property
    def resource(self) -> Resource:
        return self.recorder.tracer.resource

    @property
    def instrumentation_scope(self) -> InstrumentationScope | None:
        return self.recorder.tracer._instrumentation_scope  # noqa: SLF001  no public name

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Built when first read after the end; before it, as far as is known."""
        if self._attributes is not None:
            return MappingProxyType(self._attributes)
        built = self._build()
        if self.end_ns:
            self._attributes = built
            self._facts = []
        return MappingProxyType(built)

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
        if self._error_type:
            built[semconv.ERROR_TYPE] = self._error_type
        return built

    def to_json(self, indent: int | None = 4) -> str:
        return ReadableSpan(
            name=self.name,
            context=self.get_span_context(),
            parent=self.parent,
            resource=self.resource,
            attributes=self.attributes,
            events=self.events,
            links=self.links,
            kind=self.kind,
            status=self.status,
            start_time=self.start_time,
            end_time=self.end_time,
            instrumentation_scope=self.instrumentation_scope,
        ).to_json(indent)


def type_name(error: BaseException) -> str:
    """``ValueError``, ``openai.RateLimitError``."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def exception_attributes(name: str, failure: TracebackException) -> dict[str, str]:
    """OpenTelemetry's attributes of an ``exception`` event."""
    stack = "".join(failure.format())
    return {
        "exception.type": name,
        "exception.message": text(snapshot(_message(failure), _MAX_MESSAGE_BYTES)),
        "exception.stacktrace": text(snapshot(stack, 8 * _MAX_MESSAGE_BYTES)),
    }


def _message(failure: TracebackException) -> str:
    return getattr(failure, "_str", "")
