"""``GET /api/v1/search``: what a search found, as a person reads it: the place in the text, not the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from spanglass_collector.api.answers import ERRORS, Json
from spanglass_collector.api.documents import plain
from spanglass_collector.api.lists import FILTERED, Cursor, Limit
from spanglass_collector.api.query_body import Narrowed, rejecting
from spanglass_collector.errors import Rejected
from spanglass_collector.services import Services
from spanglass_store.queries import spans as spans_queries
from spanglass_store.search import terms

COLUMNS: Final = (
    "start_time", "name", "kind", "status", "service", "environment", "user_id", "session_id", "request_model",
    "response_model", "input", "output",
)  # fmt: skip
BEFORE: Final = 60
AFTER: Final = 140
"""Characters of a snippet before and after the beginning of what was found."""


def hits(search: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of ``queries.spans.find`` with COLUMNS as documents: ``found_in`` (``input``, ``output``; null where it was found
    elsewhere: by name, by id, in a log record) and ``snippet`` in place of the content.
    """
    asked = terms(search)
    wanted = [each.lower() for each in (*asked.substrings, *asked.words.split())]
    found = []
    for row in rows:
        where, snippet = next(
            ((name, told) for name in ("input", "output") if (told := _snippet(row[name], wanted))), (None, None)
        )
        shown = {name: value for name, value in row.items() if name not in {"input", "output", "order_key"}}
        ids = {name.removesuffix("_hex"): value for name, value in shown.items()}
        found.append(ids | {"found_in": where, "snippet": snippet})
    return plain(found)


def search_routes(services: Services) -> APIRouter:
    """Needs the scope ``read``."""
    routes = APIRouter(prefix="/api/v1", tags=["read"], responses=ERRORS)

    @routes.get("/search", openapi_extra=FILTERED)
    async def search(
        request: Request, asked: Annotated[Narrowed, Depends()], limit: Limit = 100, cursor: Cursor = ""
    ) -> Response:
        """Spans in which ``search`` is found, newest first: ``{hits, next_cursor, cut}``, each with ``found_in`` and ``snippet``.

        Words are found as words; in quotes, and in scripts without spaces, text as it stands.
        """
        project = await services.gate.project_of(request.headers, "read")
        if not asked.filters.search.strip():
            msg = "search: what is to be found?"
            raise Rejected(msg)
        window = asked.window(services.clock())
        with rejecting():
            query = spans_queries.find(project, window, asked.filters, columns=COLUMNS, limit=limit, cursor=cursor)
        found = await services.readers.run(services.store.fetch_rows, query)
        place = spans_queries.after(found, window, cursor=cursor) if found.cut else None
        return Json({"hits": hits(asked.filters.search, found), "next_cursor": place, "cut": found.cut})

    return routes


def _snippet(text: str, wanted: Sequence[str]) -> str | None:
    """The surroundings of the first of ``wanted``, where all of them are there."""
    lowered = text.lower()
    places = [lowered.find(each) for each in wanted]
    if not places or min(places) < 0:
        return None
    start, end = max(0, min(places) - BEFORE), min(places) + AFTER
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
