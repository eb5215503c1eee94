"""Reading what is stored: one trace, and lists."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from spanglass_collector.api.answers import Json
from spanglass_collector.api.documents import score_document, trace_document
from spanglass_collector.api.lists import Documents, Listing, Rows, add_list, without_order
from spanglass_collector.api.whole_spans import whole_spans
from spanglass_collector.errors import Rejected
from spanglass_collector.services import Services
from spanglass_store.connection import Store
from spanglass_store.queries import scores as scores_queries
from spanglass_store.queries import spans as spans_queries
from spanglass_store.queries import trace as trace_queries
from spanglass_store.queries import traces as traces_queries
from spanglass_store.query import Query as StoreQuery
from spanglass_store.rows import span_from_row
from spanglass_store.scores import score_from_row
from spanglass_store.span_details import completed

HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")


def _scores(_store: Store, _project: str, rows: Rows) -> Documents:
    return [score_document(score_from_row(without_order(row))) for row in rows]


LISTS: Final = (
    Listing(
        "traces",
        "Traces with a span in the window that passes the filters, newest first.",
        traces_queries.find,
        traces_queries.after,
        traces_queries.ORDERS,
    ),
    Listing(
        "spans",
        "Spans that started in the window and pass the filters, newest first, whole: with content, messages, scores. "
        "As Arrow: the columns of the table, without messages and scores, and without what log records tell.",
        partial(spans_queries.find, columns=spans_queries.WHOLE),
        spans_queries.after,
        spans_queries.ORDERS,
        whole_spans,
    ),
    Listing(
        "scores",
        "Scores given in the window, newest first; filters are of the spans of their trace, and score_name.",
        scores_queries.find,
        scores_queries.after,
        scores_queries.ORDERS,
        _scores,
    ),
)


def read_routes(services: Services) -> APIRouter:
    """Everything that needs the scope ``read``."""
    routes = APIRouter(prefix="/api/v1", tags=["read"])

    async def rows(query: StoreQuery) -> list[dict[str, Any]]:
        return await services.readers.run(services.store.fetch_rows, query)

    @routes.get("/traces/{trace_id}")
    async def trace(request: Request, trace_id: str) -> Response:
        """A trace: its spans, earliest first, its scores and its totals."""
        project = await services.gate.project_of(request.headers, "read")
        if len(trace_id) != 32 or not HEX_DIGITS.issuperset(trace_id):
            msg = "A trace id is 32 hexadecimal digits."
            raise Rejected(msg)
        trace_id = trace_id.lower()
        asked = trace_queries.spans, trace_queries.details, trace_queries.scores
        spans, details, scores = await asyncio.gather(*(rows(each(project, trace_id)) for each in asked))
        if not spans:
            return Json({"error": f"There is no trace {trace_id} in project {project}."}, 404)
        shown = completed(map(span_from_row, spans), details)
        return Json(trace_document(trace_id, shown, map(score_from_row, scores)))

    for each in LISTS:
        add_list(routes, services, each)
    return routes
