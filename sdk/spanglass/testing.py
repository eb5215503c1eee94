"""For the tests of an application: see the spans and scores it records, without a collector.

>>> with spanglass.testing.captured() as seen:
...     answer("why?")
>>> assert seen.span("answer").output == "because"

As a fixture of pytest:

>>> @pytest.fixture
... def seen():
...     with spanglass.testing.captured(fixed=True) as seen:
...         yield seen
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer, TracerProvider

from spanglass import current, runtime, semconv, threads
from spanglass.export.pack import masked
from spanglass.fixed import CountedIds, Fixed, ticking
from spanglass.guard import POLICY
from spanglass.mask import from_settings
from spanglass.provider import RELAY, Relay, new_provider
from spanglass.recorder import Recorder
from spanglass.settings import from_environment
from spanglass.stats import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from spanglass.mask import Hook, Mask

__all__ = ["Captured", "CapturedSpan", "Fixed", "captured", "captured_span", "reset"]

_OF_THE_MACHINE: Final = "exception.stacktrace"  # files and lines: never the same twice


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
    """What was recorded so far: spans in the order in which they ended, scores in that in which they were given.

    Spans of another library are among them when it is given ``provider`` as its tracer provider.
    """

    provider: TracerProvider
    spans: list[CapturedSpan] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)

    def span(self, name: str) -> CapturedSpan:
        """The only span of this name; ``LookupError`` when there is none or more than one."""
        found = [span for span in self.spans if span.name == name]
        if len(found) != 1:
            message = f"{len(found)} spans are named {name!r}; recorded:\n{self.tree() or 'nothing'}"
            raise LookupError(message)
        return found[0]

    def spans_of(self, kind: str) -> list[CapturedSpan]:
        """Those of a kind (``"llm"``, ``"tool"``, …), the one that began first first."""
        return [span for span in self._by_start() if span.kind == kind]

    def tree(self) -> str:
        """One line a span with its name, below its parent and two spaces further in; siblings as they began."""
        known = {span.span_id for span in self.spans}
        below: dict[str, list[CapturedSpan]] = {}
        for span in self._by_start():
            below.setdefault(span.parent_span_id if span.parent_span_id in known else "", []).append(span)

        def lines(parent: str, indent: str) -> Iterator[str]:
            for span in below.get(parent, ()):
                yield indent + span.name
                yield from lines(span.span_id, indent + "  ")

        return "\n".join(lines("", ""))

    def snapshot(self) -> dict[str, list[dict[str, Any]]]:
        """Everything in plain values to compare with a stored file: with fixed ids and clock it is always the same.

        Spans come as they began. Stack traces, which tell files and lines, are left out.
        """
        spans = [
            {**asdict(span), "events": [[name, _lasting(told)] for name, told in span.events]}
            for span in self._by_start()
        ]
        return {"spans": spans, "scores": [dict(score) for score in self.scores]}

    def _by_start(self) -> list[CapturedSpan]:
        return sorted(self.spans, key=lambda span: span.start_ns)


class _Scores:
    """In the place of the queue of scores."""

    def __init__(self, seen: Captured) -> None:
        self._seen = seen

    def put(self, score: dict[str, Any]) -> None:
        """Keep it."""
        self._seen.scores.append(score)


class _Spans:
    """In the place of the queue of spans."""

    def __init__(self, seen: Captured, mask: Mask | None) -> None:
        self._seen = seen
        self._mask = mask

    def take(self, span: ReadableSpan, size_bytes: int) -> None:  # noqa: ARG002  the queue wants to know it
        """Keep it."""
        self._seen.spans.append(captured_span(span, self._mask))


_RELAY: Final = Relay()


@contextmanager
def captured(
    *,
    fixed: bool | Fixed = False,
    capture_content: bool | None = None,
    mask: Hook | None = None,
    mask_patterns: Sequence[str] | None = None,
    mask_paths: Sequence[str] | None = None,
    raise_errors: bool = True,
    tracer_provider: TracerProvider | None = None,
) -> Iterator[Captured]:
    """Record into memory instead of sending, inside the block; afterwards all is as it was before.

    With ``fixed`` ids count up and the clock advances by the same step with each reading, so that a test of one thread
    sees the same spans in every run. Masking applies as set, here or in the environment. Failures of the SDK itself
    are raised, so that they are seen. With a ``tracer_provider`` of the application everything that ends there is
    captured, whichever library made it.
    """
    chosen = Fixed() if fixed is True else fixed
    settings, _ = from_environment(
        enabled=True, capture_content=capture_content, mask_patterns=mask_patterns, mask_paths=mask_paths
    )
    rules = from_settings(settings.mask_patterns, settings.mask_paths, mask, settings.mask_hash_key)
    with ExitStack() as undo:
        provider = tracer_provider or new_provider(settings)
        if chosen:
            _restoring(undo, provider, "id_generator")
            provider.id_generator = CountedIds(chosen.seed)  # type: ignore[assignment]  # any generator will do
        seen = Captured(provider)
        tracer = provider.get_tracer(semconv.SDK_NAME)
        if not isinstance(tracer, Tracer):
            message = "OpenTelemetry is switched off by OTEL_SDK_DISABLED"
            raise RuntimeError(message)  # noqa: TRY004
        undo.callback(threads.follow, threads.follow(settings.propagate_context))
        for relay in (_RELAY, RELAY):
            _restoring(undo, relay, "target")
        RELAY.target = None
        _RELAY.attach(provider, _Spans(seen, rules))
        _restoring(undo, POLICY, "raises")
        POLICY.raises = raise_errors
        state = runtime.State(
            recorder=Recorder(settings, tracer), settings=settings, provider=provider, sender=_Scores(seen)
        )
        undo.callback(runtime.swap, runtime.swap(state))
        if chosen:
            undo.enter_context(ticking(chosen))
        yield seen


def _restoring(undo: ExitStack, holder: object, name: str) -> None:
    undo.callback(setattr, holder, name, getattr(holder, name))


def captured_span(span: ReadableSpan, mask: Mask | None = None) -> CapturedSpan:
    """An ended OpenTelemetry span as tests like to see it."""
    own = span.get_span_context()
    attributes: Mapping[str, Any] = dict(span.attributes or {})
    if mask is not None:
        span, attributes = masked(span, attributes, mask)
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


def _lasting(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if name != _OF_THE_MACHINE}


def reset() -> None:
    """Forget every setting, queue and count: the next call sets up anew from the environment."""
    runtime.shutdown(timeout_seconds=0)
    runtime.swap(runtime.State())
    threads.follow(wanted=False)
    current.PROCESS.context = Context()
    COUNTERS.reset()
    POLICY.said.clear()
