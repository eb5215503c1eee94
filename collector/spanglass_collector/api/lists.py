"""Lists: rows as documents with a cursor beside them, or as Arrow with the cursor in the headers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from spanglass_collector.api.answers import Json
from spanglass_collector.api.arrow import FORM, OF_CURSOR, ArrowStream, answered, cut_to, ends, shown, wants_arrow
from spanglass_collector.api.documents import plain
from spanglass_collector.api.query_body import FILTER_PARAMETERS, Narrowed, rejecting
from spanglass_collector.services import Services
from spanglass_store.connection import Store
from spanglass_store.query import Query as StoreQuery

Rows = Sequence[Mapping[str, Any]]
Documents = list[dict[str, Any]]
Limit = Annotated[int, Query(gt=0, le=1000, description="Rows of a page")]
Cursor = Annotated[str, Query(description="next_cursor of the page before; all else stays the same")]
FILTERED: Final[dict[str, Any]] = {"parameters": FILTER_PARAMETERS}


def without_order(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what its cursor is made of."""
    return {name: value for name, value in row.items() if name not in OF_CURSOR}


def as_they_are(_store: Store, _project: str, rows: Rows) -> Documents:
    """Rows as documents."""
    return plain(map(without_order, rows))


def nothing_more() -> dict[str, Any]:
    """No further parameters."""
    return {}


@dataclass(frozen=True, slots=True)
class Listing:
    """One list. ``find(project, window, filters, *, order, limit, cursor)`` asks for a page and raises ValueError for a
    question without sense; ``example`` is a row of it in JSON, shortened; ``after(rows, window, order, cursor)`` is the cursor behind it; ``documents(store, project,
    rows)`` are its rows in JSON, and may ask more.
    """

    name: str
    help: str
    example: Mapping[str, Any]
    find: Callable[..., StoreQuery]
    after: Callable[..., str]
    orders: Iterable[str] = ("newest",)
    documents: Callable[[Store, str, Rows], Documents] = as_they_are
    more: Callable[..., dict[str, Any]] = nothing_more
    """Reads further parameters of its own, a dependency of the route: further arguments of ``find``."""


def add_list(routes: APIRouter, services: Services, listing: Listing) -> None:
    """``GET /NAME``: ``{NAME: […], next_cursor, cut}``, where ``cut`` says that there is more, and ``next_cursor`` (null
    where there is not) leads to it. As Arrow: the headers ``x-next-cursor`` and ``x-cut``.
    """

    async def listed(
        request: Request,
        asked: Annotated[Narrowed, Depends()],
        order: Annotated[str, Query(description="One of those above")] = "newest",
        limit: Limit = 100,
        cursor: Cursor = "",
        more: dict[str, Any] = Depends(listing.more),  # noqa: B008 - a local name, which no annotation may hold
    ) -> Response:
        project = await services.gate.project_of(request.headers, "read")
        window = asked.window(services.clock())
        with rejecting():
            query = listing.find(project, window, asked.filters, order=order, limit=limit, cursor=cursor, **more)

        def as_arrow() -> Response:
            table, cut = cut_to(services.store.raw(query, form=FORM), query.row_limit)
            place = {"x-next-cursor": listing.after(ends(table), window, order, cursor)} if cut else {}
            return ArrowStream(shown(table), headers={"x-cut": str(cut).lower(), **place})

        def as_json() -> Response:
            rows = services.store.fetch_rows(query)
            found = listing.documents(services.store, project, rows)
            place = listing.after(rows, window, order, cursor) if rows.cut else None
            return Json({listing.name: found, "next_cursor": place, "cut": rows.cut})

        return await services.readers.run(as_arrow if wants_arrow(request.headers) else as_json)

    about = f"{listing.help} Orders: {', '.join(listing.orders)}."
    answer = answered({listing.name: [listing.example], "next_cursor": "WyJuZXdlc3QiLDE3OT…", "cut": True})
    routes.get(f"/{listing.name}", name=listing.name, description=about, openapi_extra=FILTERED, responses=answer)(
        listed
    )
