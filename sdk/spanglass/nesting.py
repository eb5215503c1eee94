"""Our spans below those of a framework's instrumentation, and each usage counted once.

Two things are missing when both of us record one call:

- LangChain's instrumentation learns of a run by callbacks and never makes its span the current one. Here it is
  remembered which run was begun where, and what we start there goes below it, as long as that run is going on.
- The span of a framework tells the usage of the model call that our span below it has from the provider itself. The
  upper one is marked as a repetition, so that the same tokens are not summed twice.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from opentelemetry import trace

from spanglass import semconv
from spanglass.guard import guarded

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from spanglass.site import Site

SCOPES: Final[set[str]] = set()
"""Telemetry scopes of the instrumentations that have been turned on. While there are none, nothing here is asked."""


class _Run:
    """A span that is not the current one where it should be, and what was the current one when it began."""

    __slots__ = ("current_id", "outer", "span")

    def __init__(self, span: trace.Span, current_id: int, outer: _Run | None) -> None:
        self.span = ref(span)
        self.current_id = current_id
        self.outer = outer


_RUN: Final[ContextVar[_Run | None]] = ContextVar("spanglass-run", default=None)


def began(span: trace.Span) -> None:
    """Note that a framework began ``span`` here without making it the current one."""
    with guarded("nesting.began"):
        if span.is_recording():
            _RUN.set(_Run(span, _id_of(trace.get_current_span()), _going_on(_RUN.get())))


def below(site: Site, context: Context) -> Context:
    """Where a span of ours belongs that would start in ``context``: there, or below the run that is going on there.

    A framework's span right above a model call of ours is marked: the call tells its usage again.
    """
    with guarded("nesting.below"):
        run = _going_on(_RUN.get())
        inner = run.span() if run is not None else None
        if run is not None and inner is not None and run.current_id == _id_of(trace.get_current_span(context)):
            context = trace.set_span_in_context(inner, context)
        if site.kind in semconv.MODEL_KINDS:
            above: Any = trace.get_current_span(context)
            scope = getattr(above, "instrumentation_scope", None)
            if scope is not None and scope.name in SCOPES:
                above.set_attribute(semconv.USAGE_COUNTED, False)  # noqa: FBT003  OpenTelemetry's signature
    return context


def _going_on(run: _Run | None) -> _Run | None:
    """The innermost of these runs that has not ended."""
    while run is not None:
        span = run.span()
        if span is not None and span.is_recording():
            return run
        run = run.outer
    return None


def _id_of(span: trace.Span) -> int:
    return span.get_span_context().span_id
