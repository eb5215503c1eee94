"""Reading what is stored: one trace, one session, and lists."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from spanglass_collector.api.answers import ERRORS, Json
from spanglass_collector.api.documents import trace_document
from spanglass_collector.api.listings import LISTS
from spanglass_collector.api.lists import Cursor, Limit, add_list, as_they_are
from spanglass_collector.api.query_body import rejecting
from spanglass_collector.errors import Rejected
from spanglass_collector.services import Services
from spanglass_store.connection import Rows
from spanglass_store.queries import sessions as sessions_queries
from spanglass_store.queries import trace as trace_queries
from spanglass_store.queries import traces as traces_queries
from spanglass_store.query import Filters, Query
from spanglass_store.rows import span_from_row
from spanglass_store.scores import score_from_row
from spanglass_store.span_details import completed

HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")


def read_routes(services: Services) -> APIRouter:
    """Everything that needs the scope ``read``."""
    routes = APIRouter(prefix="/api/v1", tags=["read"], responses=ERRORS)

    async def rows(query: Query) -> Rows:
        return await services.readers.run(services.store.fetch_rows, query)

    @routes.get("/traces/{trace_id}")
    async def trace(request: Request, trace_id: str) -> Response:
        """A trace: its spans, earliest first, its scores and its totals; ``cut`` where it has more spans than are told."""
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
        return Json(trace_document(trace_id, shown, map(score_from_row, scores)) | {"cut": spans.cut})

    @routes.get("/sessions/{session_id:path}")
    async def session(request: Request, session_id: str, limit: Limit = 1000, cursor: Cursor = "") -> Response:
        """A session: ``{session, traces, next_cursor, cut}``, its totals and its traces, earliest first."""
        project = await services.gate.project_of(request.headers, "read")
        of_it = Filters.of(session_id=[session_id])
        with rejecting():
            theirs = sessions_queries.traces_of(project, session_id, limit=limit, cursor=cursor)
        totals = sessions_queries.find(project, sessions_queries.EVER, of_it, limit=1)
        told, traces = await asyncio.gather(rows(totals), rows(theirs))
        if not told:
            return Json({"error": f"There is no session {session_id} in project {project}."}, 404)
        place = traces_queries.after(traces, sessions_queries.EVER, "oldest", cursor) if traces.cut else None
        shown = as_they_are(services.store, project, traces)
        (whole,) = as_they_are(services.store, project, told)
        return Json({"session": whole, "traces": shown, "next_cursor": place, "cut": traces.cut})

    for each in LISTS:
        add_list(routes, services, each)
    return routes
