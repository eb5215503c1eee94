"""What the spans of one request say about each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from spanglass.semconv import MODEL_KINDS
from spanglass_store.span import Span

SHARED: Final = ("session_id", "user_id", "tags", "metadata")
"""Fields of the trace, which every span of it carries."""

PROVIDER_SCOPES: Final = ("com.anthropic.sdk.",)
"""Provider libraries that make a span of their own under that of whatever instruments them."""


def with_trace_context(spans: Sequence[Span]) -> list[Span]:
    """The same spans, each with the session, user, tags and metadata told on another span of its trace.

    What a span tells itself stays; of several that tell, the root goes first, then the earliest.
    """
    told: dict[str, dict[str, Any]] = {}
    for span in sorted(spans, key=lambda s: (bool(s.parent_span_id), s.start_ns)):
        context = told.setdefault(span.trace_id, {})
        for name in SHARED:
            if value := getattr(span, name):
                context.setdefault(name, value)
    return [_with(span, told[span.trace_id]) for span in spans]


def _with(span: Span, context: Mapping[str, Any]) -> Span:
    missing = {name: value for name, value in context.items() if not getattr(span, name)}
    return replace(span, **missing) if missing else span


def counted_once(spans: Sequence[Span]) -> list[Span]:
    """The same spans; of a model call that two libraries tell, one under the other, only the upper one counts.

    It is the same call where the lower span is made by the provider's own library, or has the same usage.
    """
    calls = {(s.trace_id, s.span_id): s for s in spans if s.kind in MODEL_KINDS}
    return [
        replace(span, usage_counted=False)
        if span.kind in MODEL_KINDS and _repeats(span, calls.get((span.trace_id, span.parent_span_id)))
        else span
        for span in spans
    ]


def _repeats(span: Span, above: Span | None) -> bool:
    if above is None or not above.usage_counted:
        return False
    has_usage = span.usage.input_tokens is not None
    return span.scope_name.startswith(PROVIDER_SCOPES) or (has_usage and _numbers(span) == _numbers(above))


def _numbers(span: Span) -> tuple[int | None, int | None]:
    return span.usage.input_tokens, span.usage.output_tokens
