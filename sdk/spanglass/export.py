"""From ended spans to requests at the collector, in the background.

The queue and its thread are OpenTelemetry's batch processor, the request is made by its OTLP exporter. Added here:
batches are cut to a size in bytes, what was sent is counted, an unreachable collector is told once and not with every
attempt, and waiting at the end of the process has a limit.
"""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from spanglass import semconv
from spanglass.context import ambient
from spanglass.guard import guarded, warn_once
from spanglass.live import LiveSpan
from spanglass.stats import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan

    from spanglass.settings import Settings

_SPAN_BYTES: Final = 300  # ids, times, name, lengths
_ATTRIBUTE_BYTES: Final = 16


class Exporter(SpanExporter):
    """Sends batches to the collector; the OTLP exporter and its imports are made with the first one, in the thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wire: SpanExporter | None = None
        self.under_way = 0  # spans handed over and neither sent nor given up yet

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the spans in requests of a bounded size; waits for the collector's answers."""
        self.under_way = len(spans)
        try:
            with guarded("export"):
                for part in split(spans, self._settings.max_batch_bytes):
                    self._send(part)
        finally:
            self.under_way = 0
        return SpanExportResult.SUCCESS  # a failure is counted here; the batch processor does nothing with it

    def _send(self, spans: Sequence[ReadableSpan]) -> None:
        self._wire = self._wire or self._connect()
        with _QUIET:
            result = self._wire.export(spans)
        if result is SpanExportResult.SUCCESS:
            COUNTERS.add("spans_sent", len(spans))
        else:
            warn_once("export", "spanglass: the collector at %s does not take spans", self._settings.traces_url)

    def _connect(self) -> SpanExporter:
        from opentelemetry.exporter.otlp.proto.http import Compression  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        logging.getLogger(OTLPSpanExporter.__module__).addFilter(_QUIET)
        return OTLPSpanExporter(
            endpoint=self._settings.traces_url,
            headers=self._settings.headers,
            timeout=self._settings.timeout_seconds,
            compression=Compression.Gzip,
        )

    def shutdown(self) -> None:
        """Break off what is under way."""
        if self._wire is not None:
            self._wire.shutdown()


class _Quiet(logging.Filter):
    """Keeps the OTLP exporter from logging each attempt, only while it works for us in this thread."""

    def __init__(self) -> None:
        super().__init__()
        self._here = threading.local()

    def __enter__(self) -> None:
        self._here.exporting = True

    def __exit__(self, *_exc: object) -> None:
        self._here.exporting = False

    def filter(self, _record: logging.LogRecord) -> bool:
        return not getattr(self._here, "exporting", False)


_QUIET: Final = _Quiet()


class Outbox(BatchSpanProcessor):
    """The queue of ended spans and the thread that empties it."""

    def __init__(self, settings: Settings) -> None:
        self._exporter = Exporter(settings)
        super().__init__(
            self._exporter,
            max_queue_size=settings.max_queue_spans,
            max_export_batch_size=min(settings.max_batch_spans, settings.max_queue_spans),
            schedule_delay_millis=settings.export_interval_seconds * 1_000,
            export_timeout_millis=settings.timeout_seconds * 1_000,
        )

    def on_end(self, span: ReadableSpan) -> None:
        """Take the span; called where it ends."""
        super().on_end(span)
        COUNTERS.add("spans_ended", 1)

    def pending(self) -> int:
        """Spans waiting or on their way."""
        return len(self._batch_processor._queue) + self._exporter.under_way  # noqa: SLF001  it has no public length

    def close(self, timeout_seconds: float) -> None:
        """Send what is left, for so long at most; then stop for good."""
        if RELAY.target is self:
            RELAY.target = None
        self._batch_processor.shutdown(timeout_millis=int(timeout_seconds * 1_000))


class Relay(SpanProcessor):
    """Our place among the processors of a provider.

    A provider cannot give back a processor, so this one is added once, and what it hands spans to can be changed.
    It also gives the spans of other libraries the facts of the surrounding ``context`` blocks.
    """

    def __init__(self) -> None:
        self.target: SpanProcessor | None = None
        self._known: WeakSet[TracerProvider] = WeakSet()

    def attach(self, provider: TracerProvider, target: SpanProcessor) -> None:
        """From now on what ends at ``provider``, and at any provider of before, goes to ``target``."""
        self.target = target
        if provider not in self._known:
            self._known.add(provider)
            provider.add_span_processor(self)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Give a span of another library the facts of the ``context`` blocks around it."""
        if self.target is not None and not isinstance(span, LiveSpan):
            with guarded("relay.on_start"):
                span.set_attributes(ambient(parent_context))

    def on_end(self, span: ReadableSpan) -> None:
        """Hand it on."""
        if self.target is not None:
            self.target.on_end(span)


RELAY: Final = Relay()
_OWN: Final[WeakSet[TracerProvider]] = WeakSet()


def provider_for(settings: Settings) -> TracerProvider:
    """The application's tracer provider when it has set one, else a new one, which becomes the global one."""
    current = trace.get_tracer_provider()
    if isinstance(current, TracerProvider) and current not in _OWN:
        return current
    own = new_provider(settings)
    if isinstance(current, trace.ProxyTracerProvider):
        trace.set_tracer_provider(own)
    return own


def new_provider(settings: Settings) -> TracerProvider:
    """A provider whose resource says what the settings know of the application; OTEL_RESOURCE_ATTRIBUTES add to it."""
    told: dict[str, Any] = {
        semconv.SERVICE_NAME: settings.service,
        semconv.SERVICE_VERSION: settings.release,
        semconv.DEPLOYMENT_ENVIRONMENT: settings.environment,
    }
    resource = Resource.create({key: value for key, value in told.items() if value})
    if str(resource.attributes[semconv.SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({semconv.SERVICE_NAME: program_name(sys.argv)}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    _OWN.add(provider)
    return provider


def program_name(arguments: Sequence[str]) -> str:
    """A name for an application that has not told its own: its script, or the module it was started with."""
    script = PurePath(arguments[0] if arguments else "")
    name = script.parent.name if script.stem == "__main__" else script.stem
    return "python" if name in {"", "-", "-c"} else name


def split(spans: Sequence[ReadableSpan], max_bytes: int) -> Iterator[Sequence[ReadableSpan]]:
    """The spans in order, in runs of at most ``max_bytes`` on the wire; a single span beyond it goes alone."""
    start = size = 0
    for index, span in enumerate(spans):
        more = wire_size_bytes(span)
        if size and size + more > max_bytes:
            yield spans[start:index]
            start, size = index, 0
        size += more
    if start < len(spans):
        yield spans[start:]


def wire_size_bytes(span: ReadableSpan) -> int:
    """About what the span takes as protobuf: never much too little."""
    mappings = (span.attributes, *(event.attributes for event in span.events))
    return _SPAN_BYTES + sum(
        len(key) + _ATTRIBUTE_BYTES + _text_bytes(value)
        for mapping in mappings
        for key, value in (mapping or {}).items()
    )


def _text_bytes(value: object) -> int:
    match value:
        case str():
            return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
        case list() | tuple():
            return sum(_ATTRIBUTE_BYTES + _text_bytes(item) for item in value)
        case _:
            return 8
