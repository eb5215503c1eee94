"""The lists there are."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from fastapi import Query, Request

from spanglass_collector.api.documents import score_document
from spanglass_collector.api.lists import Documents, Listing, Rows, without_order
from spanglass_collector.api.whole_spans import whole_spans
from spanglass_store.connection import Store
from spanglass_store.queries import scores as scores_queries
from spanglass_store.queries import sessions as sessions_queries
from spanglass_store.queries import spans as spans_queries
from spanglass_store.queries import traces as traces_queries
from spanglass_store.queries import users as users_queries
from spanglass_store.queries.trace_filters import TraceBounds
from spanglass_store.query import SCORE_NAME
from spanglass_store.scores import score_from_row

Least = Annotated[float | None, Query(ge=0, lt=1e18)]
Score = Annotated[float | None, Query(description="With score_name: one of its scores of this name")]


def _bounds(
    request: Request,
    min_cost_usd: Least = None,
    min_duration_seconds: Least = None,
    max_duration_seconds: Least = None,
    min_tokens: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    min_errors: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    score_above: Score = None,
    score_below: Score = None,
) -> dict[str, Any]:
    """What a trace as a whole must be like."""
    totals = min_cost_usd, min_duration_seconds, max_duration_seconds, min_tokens, min_errors
    score_name = request.query_params.get(SCORE_NAME, "")
    return {"bounds": TraceBounds(*totals, score_name, score_above, score_below)}


def _scores(_store: Store, _project: str, rows: Rows) -> Documents:
    return [score_document(score_from_row(without_order(row))) for row in rows]


LISTS: Final[tuple[Listing, ...]] = (
    Listing(
        "traces",
        "Traces with a span in the window that passes the filters, newest first.",
        {
            "trace_id": "0af7651916cd43dd8448eb211c80319c", "start_ns": "1795000000000000000", "duration_seconds": 2.4,
            "name": "answer", "status": "ok", "models": ["gpt-4o"], "user_id": "u1", "total_tokens": 1500, "cost_usd": 0.0045,
            "spans": 5, "errors": 0, "score": 0.9,
        },
        traces_queries.find,
        traces_queries.after,
        traces_queries.ORDERS,
        more=_bounds,
    ),
    Listing(
        "spans",
        "Spans that started in the window and pass the filters, newest first, whole: with content, messages, scores. "
        "As Arrow: the columns of the table, without messages and scores, and without what log records tell.",
        {
            "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "parent_span_id": "00f067aa0ba902b7",
            "name": "chat gpt-4o", "kind": "llm", "start_ns": "1795000000000000000", "duration_seconds": 1.2,
            "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Where is my parcel?"}]}],
            "usage": {"input_tokens": 1200, "output_tokens": 300}, "cost_usd": 0.0045, "tags": ["beta"], "scores": [],
        },
        partial(spans_queries.find, columns=spans_queries.WHOLE),
        spans_queries.after,
        spans_queries.ORDERS,
        whole_spans,
    ),
    Listing(
        "sessions",
        "Sessions with a span in the window that passes the filters, the latest first; figures of all their spans in it.",
        {
            "session_id": "s1", "user_id": "u1", "first_time": "2026-11-18T11:06:40+00:00", "traces": 7, "spans": 35,
            "total_tokens": 9800, "cost_usd": 0.031, "errors": 0, "score": 0.8,
        },
        sessions_queries.find,
        sessions_queries.after,
        sessions_queries.ORDERS,
    ),
    Listing(
        "users",
        "Users with a span in the window that passes the filters, the latest first; figures of all their spans in it.",
        {"user_id": "u1", "spans": 210, "traces": 42.0, "total_tokens": 58000.0, "cost_usd": 0.19, "sessions": 6.0},
        users_queries.find,
        users_queries.after,
        users_queries.ORDERS,
    ),
    Listing(
        "scores",
        "Scores given in the window, newest first; filters are of the spans of their trace, and score_name.",
        {
            "id": "5b0c…", "name": "helpful", "value": 1.0, "data_type": "numeric", "source": "user",
            "trace_id": "0af7651916cd43dd8448eb211c80319c", "timestamp_ns": "1795000000000000000",
        },
        scores_queries.find,
        scores_queries.after,
        scores_queries.ORDERS,
        _scores,
    ),
)  # fmt: skip
