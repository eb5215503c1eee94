"""For the tests of an application: see the spans and scores it records, without a collector.

>>> with spanglass.testing.captured() as seen:
...     answer("why?")
>>> assert seen.span("answer").output == '"because"'
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import SpanProcessor, Tracer

from spanglass import runtime, semconv
from spanglass.export import new_provider
from spanglass.guard import POLICY
from spanglass.settings import from_environment
from spanglass.site import Recorder
from spanglass.stats import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.sdk.trace import ReadableSpan


@dataclass(frozen=True, slots=True)
class CapturedSpan:
    """An ended span. Ids are hex, times nanoseconds, content as it would be sent."""

    name: str
    trace_id: str
    span_id: str
    parent_span_id: str  # empty for the root of a trace
    start_ns: int
    end_ns: int
    kind: str
    status: str  # "unset", "ok" or "error"
    error_type: str
    error_message: str
    attributes: Mapping[str, Any]
    events: tuple[tuple[str, Mapping[str, Any]], ...]

    @property
    def input(self) -> str | None:
        """Messages as JSON for a model call, text or JSON otherwise."""
        return self.attributes.get(semconv.INPUT_MESSAGES) or self.attributes.get(semconv.INPUT)

    @property
    def output(self) -> str | None:
        """Messages as JSON for a model call, text or JSON otherwise."""
        return self.attributes.get(semconv.OUTPUT_MESSAGES) or self.attributes.get(semconv.OUTPUT)


@dataclass(slots=True)
class Captured:
    """What was recorded so far, in the order in which it ended."""

    spans: list[CapturedSpan] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)

    def span(self, name: str) -> CapturedSpan:
        """The only span of this name; ``LookupError`` when there is none or more than one."""
        found = [span for span in self.spans if span.name == name]
        if len(found) != 1:
            message = f"{len(found)} spans are named {name!r}; recorded: {[span.name for span in self.spans]}"
            raise LookupError(message)
        return found[0]


class _Scores:
    """In the place of the queue of scores."""

    def __init__(self, seen: Captured) -> None:
        self._seen = seen

    def put(self, score: dict[str, Any]) -> None:
        """Keep it."""
        self._seen.scores.append(score)

    def pending(self) -> int:
        """Nothing waits."""
        return 0

    def flush(self, timeout_seconds: float) -> None:
        """Nothing waits."""

    def hurry(self) -> None:
        """Nothing waits."""

    def close(self, timeout_seconds: float) -> None:
        """Nothing waits."""


class _Keep(SpanProcessor):
    def __init__(self, seen: Captured) -> None:
        self._seen = seen

    def on_end(self, span: ReadableSpan) -> None:
        self._seen.spans.append(captured_span(span))


@contextmanager
def captured(*, capture_content: bool | None = None, raise_errors: bool = True) -> Iterator[Captured]:
    """Record into memory instead of sending, inside the block; afterwards all is as it was before.

    Failures of the SDK itself are raised, so that they are seen.
    """
    seen = Captured()
    settings, _ = from_environment(enabled=True, capture_content=capture_content)
    provider = new_provider(settings)
    provider.add_span_processor(_Keep(seen))
    tracer = provider.get_tracer(semconv.SDK_NAME)
    if not isinstance(tracer, Tracer):
        message = "OpenTelemetry is switched off by OTEL_SDK_DISABLED"
        raise RuntimeError(message)  # noqa: TRY004
    before = runtime.swap(runtime.State(recorder=Recorder(settings, tracer), settings=settings, sender=_Scores(seen)))
    raised = POLICY.raises
    POLICY.raises = raise_errors
    try:
        yield seen
    finally:
        POLICY.raises = raised
        runtime.swap(before)


def captured_span(span: ReadableSpan) -> CapturedSpan:
    """An ended OpenTelemetry span as tests like to see it."""
    own = span.get_span_context()
    attributes = dict(span.attributes or {})
    return CapturedSpan(
        name=span.name,
        trace_id=format(own.trace_id, "032x") if own else "",
        span_id=format(own.span_id, "016x") if own else "",
        parent_span_id=format(span.parent.span_id, "016x") if span.parent else "",
        start_ns=span.start_time or 0,
        end_ns=span.end_time or 0,
        kind=str(attributes.get(semconv.SPAN_KIND, semconv.Kind.SPAN)),
        status=span.status.status_code.name.lower(),
        error_type=str(attributes.get(semconv.ERROR_TYPE, "")),
        error_message=span.status.description or "",
        attributes=attributes,
        events=tuple((event.name, dict(event.attributes or {})) for event in span.events),
    )


def reset() -> None:
    """Forget every setting, queue and count: the next call sets up anew from the environment."""
    runtime.shutdown(timeout_seconds=0)
    runtime.swap(runtime.State())
    COUNTERS.reset()
    POLICY.said.clear()
