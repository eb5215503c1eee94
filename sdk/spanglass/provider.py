"""OpenTelemetry's tracer provider: the application's own, or one of ours; and our place among its span processors."""

from __future__ import annotations

import sys
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import WeakSet

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from spanglass import semconv
from spanglass.context import NOTHING, ambient
from spanglass.guard import guarded
from spanglass.live import LiveSpan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan

    from spanglass.settings import Settings


class Taker(Protocol):
    """Where ended spans go."""

    def take(self, span: ReadableSpan, size_bytes: int) -> None:
        """Take one, and about how much memory it holds."""


class Relay(SpanProcessor):
    """Our place among the processors of a provider.

    A provider cannot give back a processor, so this one is added once, and what it hands spans to can be changed.
    It also gives the spans of other libraries the facts of the surrounding ``context`` blocks, and marks those that
    tell a model call of ours again.
    """

    def __init__(self) -> None:
        self.target: Taker | None = None
        self._known: WeakSet[TracerProvider] = WeakSet()

    def attach(self, provider: TracerProvider, target: Taker) -> None:
        """From now on what ends at ``provider``, and at any provider of before, goes to ``target``."""
        self.target = target
        if provider not in self._known:
            self._known.add(provider)
            provider.add_span_processor(self)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Give a span of another library the facts of the ``context`` blocks around it."""
        if self.target is not None and not isinstance(span, LiveSpan):
            with guarded("relay.on_start"):
                repeats = tells_again(span, trace.get_current_span(parent_context))
                span.set_attributes({**ambient(parent_context), **(_NOT_COUNTED if repeats else NOTHING)})

    def on_end(self, span: ReadableSpan) -> None:
        """Hand it on."""
        target = self.target
        if target is None:
            return
        if isinstance(span, LiveSpan):
            target.take(span, span.size_bytes())
            return
        own = span.get_span_context()
        if own is not None and own.trace_flags.sampled:
            target.take(span, size_bytes(span))


def tells_again(span: ReadableSpan, above: trace.Span) -> bool:
    """Is this the span that a model provider's own package makes for the call that our span ``above`` tells?

    The collector finds that out too, but only where both come in one request, and this one ends first.
    """
    scope = span.instrumentation_scope
    theirs = scope is not None and scope.name.startswith(PROVIDER_SCOPES)
    return theirs and isinstance(above, LiveSpan) and above.site.kind in semconv.MODEL_KINDS


_NOT_COUNTED: Final = {semconv.USAGE_COUNTED: False}
PROVIDER_SCOPES: Final = ("com.anthropic.sdk.", "mistralai_sdk")
"""Beginnings of the telemetry scopes of providers' packages that make spans with usage themselves."""


def size_bytes(span: ReadableSpan) -> int:
    """About what a span of another library takes in memory: its texts, and a little for the rest."""
    texts = sum(len(value) for value in (span.attributes or {}).values() if isinstance(value, str))
    return _SPAN_BYTES + texts


_SPAN_BYTES: Final = 2_000
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
    # With the rate alone to decide, what is left out need not even be recorded.
    by_rate = settings.sample_rate < 1 and not settings.sample_keep_interesting
    sampler = ParentBasedTraceIdRatio(settings.sample_rate) if by_rate else None
    provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
    _OWN.add(provider)
    return provider


def program_name(arguments: Sequence[str]) -> str:
    """A name for an application that has not told its own: its script, or the module it was started with."""
    script = PurePath(arguments[0] if arguments else "")
    name = script.parent.name if script.stem == "__main__" else script.stem
    return "python" if name in {"", "-", "-c"} else name
