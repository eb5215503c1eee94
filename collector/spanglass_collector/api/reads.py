"""Reading: one trace, the list of traces, measures. Every query runs in a thread."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from spanglass_collector.api.answers import Json
from spanglass_collector.api.documents import plain, trace_document
from spanglass_collector.api.query_body import Nanoseconds, QueryBody, filters_of, window_of
from spanglass_collector.errors import Rejected
from spanglass_collector.services import Services
from spanglass_store import measures
from spanglass_store.queries import trace as trace_queries
from spanglass_store.queries import traces as traces_queries
from spanglass_store.query import FIELDS
from spanglass_store.query import Query as StoreQuery
from spanglass_store.rows import span_from_row
from spanglass_store.scores import score_from_row
from spanglass_store.span_details import completed

HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


def read_routes(services: Services) -> APIRouter:
    """Everything that needs the scope ``read``."""
    routes = APIRouter(prefix="/api/v1", tags=["read"])

    async def rows(query: StoreQuery) -> list[dict[str, Any]]:
        return await asyncio.to_thread(services.store.fetch_rows, query)

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

    @routes.get("/traces")
    async def traces(
        request: Request,
        start_ns: Nanoseconds | None = None,
        end_ns: Nanoseconds | None = None,
        search: str = "",
        limit: Annotated[int, Query(gt=0, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
    ) -> Response:
        """Traces of a window (default: the last hour), newest first. Any filter field may be given, also repeatedly:
        ``?model=gpt-4o&status=error``.
        """
        project = await services.gate.project_of(request.headers, "read")
        window = window_of(start_ns, end_ns, services.clock())
        asked = {field: request.query_params.getlist(field) for field in FIELDS if field in request.query_params}
        query = traces_queries.find(project, window, filters_of(asked, search), limit=limit, offset=offset)
        return Json({"traces": plain(await rows(query))})

    @routes.get("/measures")
    async def all_measures(request: Request) -> Response:
        """What can be measured."""
        await services.gate.project_of(request.headers, "read")
        told = ("name", "label", "unit", "table", "better", "help")
        found = [{name: getattr(each, name) for name in told} for each in measures.MEASURES.values()]
        return Json({"measures": found, "fields": list(FIELDS)})

    @routes.post("/query")
    async def query(request: Request, asked: QueryBody) -> Response:
        """Measures over a window: one row, or one for each interval and group."""
        project = await services.gate.project_of(request.headers, "read")
        window = window_of(asked.start_ns, asked.end_ns, services.clock())
        filters = filters_of(asked.filters, asked.search)
        common = (asked.measures, project, window, filters)
        try:
            if asked.interval_seconds is None:
                wanted = measures.totals(*common, group_by=asked.group_by, limit=asked.limit)
            else:
                wanted = measures.series(*common, asked.interval_seconds, group_by=asked.group_by)
        except ValueError as error:
            msg = f"{error}."
            raise Rejected(msg) from error
        return Json({"rows": plain(await rows(wanted))})

    return routes
