"""One trace as the page needs it: laid out, added up, and kept a little while for everybody who looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import streamlit as st

from spanglass_dashboard import data, settings
from spanglass_dashboard.waterfall import Layout, counted_tokens, layout, to_bytes
from spanglass_store.queries import trace as trace_queries
from spanglass_store.rows import span_from_row
from spanglass_store.scores import Score, score_from_row
from spanglass_store.span import Span
from spanglass_store.span_details import completed

KEPT_SECONDS: Final = 30
MAX_TRACES: Final = 32
MODEL_KINDS: Final = frozenset({"llm", "embedding", "rerank"})


@dataclass(frozen=True, slots=True)
class Totals:
    """A trace added up. Usage told twice counts once; ``cost_usd`` is None where no call has a known cost, and then
    ``calls`` says whether there was something to pay for. ``models`` begins with those that wrote text.
    """

    duration_ns: int
    spans: int
    errors: int
    tokens: int | None
    cost_usd: Decimal | None
    calls: int
    unpriced_calls: int
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """Shared by all sessions: read, never change."""

    trace_id: str
    placed: Layout
    scores: tuple[Score, ...]
    totals: Totals
    by_id: Mapping[str, Span]
    is_cut: bool = False  # it has more spans than are read

    @property
    def root(self) -> Span:
        """The first row: the root, or what stands for it in a trace without one."""
        return self.placed.spans[0]


def open_trace(project: str, trace_id: str) -> Trace | None:
    """The trace as the database has it, at most KEPT_SECONDS old; None where there is none. Raises as ``data.load``."""
    return _trace(settings.current().clickhouse_url, project, trace_id)


def picture(project: str, trace_id: str, selected: str, height: int) -> bytes:
    """What the waterfall component draws for this trace, encoded once."""
    return _picture(settings.current().clickhouse_url, project, trace_id, selected, height)


def forget() -> None:
    """Ask the database again at the next look."""
    _trace.clear()
    _picture.clear()


def totals(placed: Layout) -> Totals:
    """Add up the spans of ``placed``. Pure."""
    spans = placed.spans
    tokens = [count for span in spans if (count := counted_tokens(span)) is not None]
    costs = [span.cost.total_usd for span in spans if span.usage_counted and span.cost.total_usd is not None]
    calls = [span for span in spans if span.kind in MODEL_KINDS and span.usage_counted]
    answering = sorted((span for span in spans if span.kind in MODEL_KINDS), key=lambda span: span.kind != "llm")
    models = (span.response_model or span.request_model for span in answering)
    return Totals(
        duration_ns=placed.end_ns - placed.start_ns,
        spans=len(spans),
        errors=sum(span.status == "error" for span in spans),
        tokens=sum(tokens) if tokens else None,
        cost_usd=sum(costs, Decimal(0)) if costs else None,
        calls=len(calls),
        unpriced_calls=sum(call.cost.total_usd is None and call.status != "error" for call in calls),
        models=tuple(dict.fromkeys(model for model in models if model)),
    )


@st.cache_resource(ttl=KEPT_SECONDS, max_entries=MAX_TRACES, show_spinner=False)
def _trace(url: str, project: str, trace_id: str) -> Trace | None:
    del url  # only tells databases apart
    rows = data.fetch_rows(trace_queries.spans(project, trace_id))
    found = [span_from_row(row) for row in rows]
    if not found:
        return None
    spans = completed(found, data.fetch_rows(trace_queries.details(project, trace_id)))
    scores = tuple(score_from_row(row) for row in data.fetch_rows(trace_queries.scores(project, trace_id)))
    placed = layout(spans)
    return Trace(
        trace_id, placed, scores, totals(placed), {span.span_id: span for span in reversed(placed.spans)}, rows.cut
    )


@st.cache_resource(ttl=KEPT_SECONDS, max_entries=MAX_TRACES, show_spinner=False)
def _picture(url: str, project: str, trace_id: str, selected: str, height: int) -> bytes:
    trace = _trace(url, project, trace_id)
    return b"{}" if trace is None else to_bytes(trace.placed, trace_id=trace_id, selected=selected, height=height)
