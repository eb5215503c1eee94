"""A page of a list: rows as documents with a cursor beside them, or as Arrow with the cursor in the headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import Request
from starlette.responses import Response

from spanglass_collector.api.answers import Json
from spanglass_collector.api.arrow import FORM, OF_CURSOR, ArrowStream, cut_to, ends, shown, wants_arrow
from spanglass_collector.api.documents import plain
from spanglass_collector.errors import Rejected
from spanglass_collector.services import Services
from spanglass_store.query import Query

Rows = Sequence[Mapping[str, Any]]
Documents = list[dict[str, Any]]


def without_order(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what its cursor is made of."""
    return {name: value for name, value in row.items() if name not in OF_CURSOR}


def listed_rows(rows: Rows) -> Documents:
    """Rows as they are."""
    return plain(map(without_order, rows))


async def page(
    request: Request,
    services: Services,
    name: str,
    make: Callable[[], Query],
    after: Callable[[Rows], str],
    documents: Callable[[Rows], Documents] = listed_rows,
) -> Response:
    """``{NAME: […], next_cursor, cut}``: ``cut`` says that there is more, and ``next_cursor`` (null where there is not)
    leads to it. As Arrow: the headers ``x-next-cursor`` and ``x-cut``.

    ``make`` may raise ValueError for a question without sense; it becomes Rejected.
    """
    try:
        query = make()
    except ValueError as error:
        msg = f"{error}."
        raise Rejected(msg) from error

    store = services.store

    def as_arrow() -> Response:
        table, cut = cut_to(store.raw(query, form=FORM), query.row_limit)
        headers = {"x-cut": str(cut).lower()} | ({"x-next-cursor": after(ends(table))} if cut else {})
        return ArrowStream(shown(table), headers=headers)

    def as_json() -> Response:
        rows = store.fetch_rows(query)
        return Json({name: documents(rows), "next_cursor": after(rows) if rows.cut else None, "cut": rows.cut})

    return await services.readers.run(as_arrow if wants_arrow(request.headers) else as_json)
