"""A tracer provider for instrumentations of other libraries: each span goes where the SDK records at that moment.

An instrumentation keeps the tracer it was given for good. This one may be handed out before ``spanglass.init`` and
outlives a second one: who records is asked with every span, and while nobody does the spans are empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import NoOpTracer, Span, Tracer, TracerProvider

from spanglass import nesting, runtime

if TYPE_CHECKING:
    from collections.abc import Callable

_SILENT: Final = NoOpTracer()


class LateTracerProvider(TracerProvider):
    """Gives tracers that look for the SDK's own provider when they start a span; ``began`` is told of each span."""

    def __init__(self, began: Callable[[Span], None] | None = None) -> None:
        self._began = began

    def get_tracer(self, instrumenting_module_name: str, *more: Any, **named: Any) -> Tracer:
        """A tracer of this scope: name and version of an instrumentation."""
        nesting.SCOPES.add(instrumenting_module_name)
        return LateTracer(lambda provider: provider.get_tracer(instrumenting_module_name, *more, **named), self._began)


class LateTracer(Tracer):
    """Starts spans with the tracer that the SDK's provider of the moment has for its scope."""

    def __init__(self, tracer_of: Callable[[TracerProvider], Tracer], began: Callable[[Span], None] | None) -> None:
        self._tracer_of = tracer_of
        self._began = began
        self._known: tuple[TracerProvider, Tracer] | None = None

    def start_span(self, *args: Any, **kwargs: Any) -> Span:
        """A span of the SDK's provider; one that records nothing while the SDK is off."""
        span = self._tracer().start_span(*args, **kwargs)
        if self._began is not None:
            self._began(span)
        return span

    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Any:
        """The same as a block in which the span is the current one."""
        return self._tracer().start_as_current_span(*args, **kwargs)

    def _tracer(self) -> Tracer:
        recorder = runtime.STATE.recorder or runtime.start()
        provider = runtime.STATE.provider
        if recorder is None or provider is None:
            return _SILENT
        if self._known is None or self._known[0] is not provider:
            self._known = (provider, self._tracer_of(provider))
        return self._known[1]
