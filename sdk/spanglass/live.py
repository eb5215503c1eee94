"""One recorded operation: a real OpenTelemetry span that does its work late.

``LiveSpan`` takes the place of the SDK's own span class. While the application runs it only keeps what it is given:
ids, two clock readings, snapshots. Its attributes are built when someone reads them, which is the exporter's thread.
To the rest of OpenTelemetry (propagators, processors, exporters, instrumentations that nest below it) it is a span
like any other.
"""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any, Self

from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import TraceFlags

from spanglass import semconv
from spanglass.capture import Snapshot, snapshot, wire_value
from spanglass.context import NOTHING, ambient, metadata_attributes
from spanglass.guard import guarded, swallow
from spanglass.late_span import LateSpan
from spanglass.usage import usage_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext

    from spanglass.content import Reader
    from spanglass.site import Recorder, Site


class LiveSpan(LateSpan):
    """A span while it is recorded, and what exporters read of it after."""

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
        self.sampled = answer.decision is Decision.RECORD_AND_SAMPLE
        self._flags = self._flags & ~TraceFlags.SAMPLED | (TraceFlags.SAMPLED if self.sampled else 0)
        self._trace_state = answer.trace_state
        self._extra.update(answer.attributes or NOTHING)

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

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return trace.format_trace_id(self._trace_id)

    @property
    def span_id(self) -> str:
        """16 hex digits."""
        return trace.format_span_id(self._span_id)

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


class SilentSpan(LiveSpan):
    """What a block yields while nothing is recorded: it takes everything and keeps nothing."""

    sampled = False
    end_ns = 1
    _name = ""
    _built = NOTHING

    def __init__(self) -> None:
        self._trace_id = self._span_id = self._parent_id = self._flags = self.start_ns = 0


SILENT = SilentSpan()
