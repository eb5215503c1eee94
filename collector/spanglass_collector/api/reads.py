"""Reading what is stored: one trace, and lists. Every query runs in a thread."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from spanglass_collector.api.answers import Json
from spanglass_collector.api.documents import score_document, trace_document
from spanglass_collector.api.lists import page, without_order
from spanglass_collector.api.query_body import FILTER_PARAMETERS, Narrowed
from spanglass_collector.api.whole_spans import whole_spans
from spanglass_collector.errors import Rejected
from spanglass_collector.services import Services
from spanglass_store.queries import scores as scores_queries
from spanglass_store.queries import spans as spans_queries
from spanglass_store.queries import trace as trace_queries
from spanglass_store.queries import traces as traces_queries
from spanglass_store.query import Query as StoreQuery
from spanglass_store.rows import span_from_row
from spanglass_store.scores import score_from_row
from spanglass_store.span_details import completed

HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")
Limit = Annotated[int, Query(gt=0, le=1000, description="Rows of a page")]
Cursor = Annotated[str, Query(description="next_cursor of the page before; the other parameters stay the same")]
FILTERED: Final[dict[str, Any]] = {"parameters": FILTER_PARAMETERS}


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

    @routes.get("/traces", openapi_extra=FILTERED)
    async def traces(
        request: Request,
        asked: Annotated[Narrowed, Depends()],
        order: Annotated[str, Query(description=", ".join(traces_queries.ORDERS))] = "newest",
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Response:
        """Traces with a span in the window that passes the filters, newest first."""
        project = await services.gate.project_of(request.headers, "read")
        window = asked.window(services.clock())
        return await page(
            request,
            services,
            "traces",
            lambda: traces_queries.find(project, window, asked.filters, order=order, limit=limit, cursor=cursor),
            lambda rows: traces_queries.after(rows, window, order, cursor),
        )

    @routes.get("/spans", openapi_extra=FILTERED)
    async def spans(
        request: Request,
        asked: Annotated[Narrowed, Depends()],
        order: Annotated[str, Query(description=", ".join(spans_queries.ORDERS))] = "newest",
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Response:
        """Spans that started in the window and pass the filters, newest first, whole: with content, messages, scores.

        As Arrow: the columns of the table, without messages and scores, and without what log records tell.
        """
        project = await services.gate.project_of(request.headers, "read")
        window = asked.window(services.clock())
        whole = spans_queries.WHOLE
        return await page(
            request,
            services,
            "spans",
            lambda: spans_queries.find(
                project, window, asked.filters, columns=whole, order=order, limit=limit, cursor=cursor
            ),
            lambda rows: spans_queries.after(rows, window, order, cursor),
            lambda rows: whole_spans(services.store, project, rows),
        )

    @routes.get("/scores", openapi_extra=FILTERED)
    async def scores(
        request: Request, asked: Annotated[Narrowed, Depends()], limit: Limit = 100, cursor: Cursor = ""
    ) -> Response:
        """Scores given in the window, newest first; filters are of the spans of their trace, and ``score_name``."""
        project = await services.gate.project_of(request.headers, "read")
        window = asked.window(services.clock())
        return await page(
            request,
            services,
            "scores",
            lambda: scores_queries.find(project, window, asked.filters, limit=limit, cursor=cursor),
            lambda rows: scores_queries.after(rows, window, cursor),
            lambda rows: [score_document(score_from_row(without_order(row))) for row in rows],
        )

    return routes
