"""One recorded operation: a real OpenTelemetry span that does its work late.

``LiveSpan`` takes the place of the SDK's own span class. While the application runs it only keeps what it is given:
ids, two clock readings, snapshots. Its attributes are built when someone reads them, which is the exporter's thread.
To the rest of OpenTelemetry (propagators, processors, exporters, instrumentations that nest below it) it is a span
like any other.
"""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any, Final, Self

from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import TraceFlags

from spanglass import semconv
from spanglass.capture import GROWTH, flat_copy, snapshot, wire_value
from spanglass.context import AMBIENT_KEY, NOTHING, metadata_attributes
from spanglass.current import SPAN_KEY
from spanglass.guard import guarded, swallow
from spanglass.late_span import LateSpan
from spanglass.usage import usage_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.trace import TraceState

    from spanglass.capture import Snapshot
    from spanglass.content import Reader
    from spanglass.recorder import Recorder
    from spanglass.site import Site


_OWN_BYTES: Final = 1_000  # memory of a span without what it has taken


class LiveSpan(LateSpan):
    """A span while it is recorded, and what exporters read of it after."""

    token: Token[Context] | None = None  # of the OpenTelemetry context in which it is the current span
    ambient: Mapping[str, Any] = NOTHING
    _facts: tuple[Any, ...] = ()  # reader, snapshot, reader, snapshot …
    _held_bytes: int = _OWN_BYTES

    def __init__(self, site: Site, recorder: Recorder, context: Context) -> None:
        """Start now, below the current span of ``context``: the sampler is asked, the span processors are told."""
        self.site = site
        self.recorder = recorder
        self._name = site.name
        if facts := context.get(AMBIENT_KEY):
            self.ambient = facts  # type: ignore[assignment]
        parent = context.get(SPAN_KEY)
        if parent.__class__ is LiveSpan:
            self._trace_id, self._parent_id, self._flags = parent._trace_id, parent._span_id, parent._flags  # noqa: SLF001
            if parent._trace_state is not None:  # noqa: SLF001
                self._trace_state = parent._trace_state  # noqa: SLF001
            if not parent.sampled:
                self.sampled = False
            ask = not recorder.keeps_every_span
        elif parent is None:
            self._trace_id, self._flags = recorder.new_trace_id(), recorder.trace_flags
            ask = not recorder.keeps_every_span
        else:
            ask = self._begin_below(parent) or not recorder.keeps_every_span
        if ask:
            self._ask_sampler(context)
        self._span_id = recorder.new_span_id()
        self.start_ns = time_ns()
        if self.sampled and recorder.processors._span_processors is not recorder.alone:  # noqa: SLF001
            recorder.tracer.span_processor.on_start(self, context)  # type: ignore[arg-type]  # it wants its own class

    def _begin_below(self, parent: object) -> bool:
        """Take ids from a span of another library or process; with none, begin a trace. True when there is one."""
        told = parent.get_span_context() if isinstance(parent, trace.Span) else None
        if told is not None and told.is_valid:
            self._remote_parent = told
            self._trace_id, self._parent_id = told.trace_id, told.span_id
            self._flags, self._trace_state = int(told.trace_flags), told.trace_state
            return True
        self._trace_id, self._flags = self.recorder.new_trace_id(), self.recorder.trace_flags
        return False

    def _ask_sampler(self, context: Context) -> None:
        answer = self.recorder.tracer.sampler.should_sample(
            context, self._trace_id, self._name, self.site.span_kind, self.site.constants
        )
        self.sampled = answer.decision is Decision.RECORD_AND_SAMPLE
        self._flags = self._flags & ~TraceFlags.SAMPLED | (TraceFlags.SAMPLED if self.sampled else 0)
        self._trace_state = answer.trace_state
        self.set_raw(answer.attributes or NOTHING)

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
            self.set_raw({key: value for key, value in told.items() if value is not None})
            self.set_raw(usage_attributes(usage))
            self.set_raw(metadata_attributes(metadata or NOTHING))
            self._name = name or self._name
        return self

    def take(self, read: Reader, value: object) -> None:
        """Keep a snapshot of ``value``; ``read`` makes attributes of it when they are asked for."""
        taken = snapshot(value, self.recorder.max_bytes)
        self._facts += (read, taken)
        self._held_bytes += len(taken)

    def take_flat(self, read: Reader, arguments: dict[str, Any]) -> bool:
        """The same of the arguments of a call by copying them; False when there is more to them than that is good for."""
        flat = flat_copy(arguments, self.recorder.max_bytes)
        if flat is None:
            return False
        self._facts += (read, flat[0])
        self._held_bytes += flat[1]
        return True

    def keep(self, read: Reader, value: object, size_bytes: int | None) -> None:
        """The same for values that nobody else holds: as they are, if it is known how much memory they take."""
        if size_bytes is None or size_bytes * GROWTH > self.recorder.max_bytes:
            self.take(read, value)
            return
        self._facts += (read, value)
        self._held_bytes += size_bytes

    def holds(self, size_bytes: int) -> None:
        """Count memory that a reader keeps besides its snapshot."""
        self._held_bytes += size_bytes

    def end(self, end_time: int | None = None) -> None:
        """Stop the clock and hand over for sending; a second call does nothing."""
        if self.end_ns:
            return
        self.end_ns = end_time or time_ns()
        self.token = None  # it holds on to the context of the caller, with all that is in it
        if self.sampled:
            recorder = self.recorder
            if recorder.processors._span_processors is recorder.alone:  # noqa: SLF001
                recorder.take(self, self._held_bytes)  # type: ignore[misc]  # there is one when we are alone
            else:
                recorder.tracer.span_processor.on_end(self)

    def size_bytes(self) -> int:
        """About how much memory it takes."""
        return self._held_bytes

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return trace.format_trace_id(self._trace_id)

    @property
    def span_id(self) -> str:
        """16 hex digits."""
        return trace.format_span_id(self._span_id)

    def ids(self) -> tuple[int, int, int, bool, TraceState | None]:
        """Trace, span, parent (0: none), whether the parent is remote, trace state."""
        remote = self._remote_parent is not None and self._remote_parent.is_remote
        return self._trace_id, self._span_id, self._parent_id, remote, self._trace_state

    def encoded_attributes(self) -> dict[str, Any]:
        """The attributes, long texts among them still as UTF-8 bytes: what sends them needs them so."""
        return self._told()

    def _build(self) -> dict[str, Any]:
        return {key: value.decode() if type(value) is bytes else value for key, value in self._told().items()}

    def _told(self) -> dict[str, Any]:
        built = {**self.site.constants, **self.ambient}
        for read, taken in zip(self._facts[::2], self._facts[1::2], strict=True):
            built.update(self._read(read, taken))
        built.update({key: wire_value(value, self.recorder.max_bytes) for key, value in self._extra.items()})
        if self.first_chunk_ns:
            built[semconv.TIME_TO_FIRST_CHUNK] = (self.first_chunk_ns - self.start_ns) / 1e9
        if self._failure:
            built[semconv.ERROR_TYPE] = self._failure.type_name
        return built

    def _read(self, read: Reader, taken: Snapshot) -> Mapping[str, Any]:
        try:
            try:
                return read(taken)
            except Exception:
                if not isinstance(taken, dict):
                    raise
                return read(snapshot(taken, self.recorder.max_bytes))  # it holds what only a dump can tame
        except Exception as error:  # noqa: BLE001  one fact is lost, not the span
            swallow("span.attributes", error)
            return NOTHING


class SilentSpan(LiveSpan):
    """What a block yields while nothing is recorded: it takes everything and keeps nothing."""

    sampled = False
    end_ns = 1
    _name = ""
    _built = NOTHING

    def __init__(self) -> None:
        self._trace_id = self._span_id = self._parent_id = self._flags = self.start_ns = 0


SILENT = SilentSpan()
