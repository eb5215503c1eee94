"""The list of scores. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from spanglass_store import cursor as cursors
from spanglass_store import scores as score_rows
from spanglass_store.queries.pages import NEWEST, Order, chosen
from spanglass_store.query import SCORE_NAME, Condition, Filters, Query, Window, between, every, query, spans_where

ORDERS: Final[Mapping[str, Order]] = {cursors.NEWEST: NEWEST}
LOOKBACK_NS: Final = 7 * 86_400 * 10**9
"""How much older than its score a span may be and still be found by a filter on spans."""
_ID: Final = "concat(score_id, ' ', name)"


def find(
    project: str,
    window: Window,
    filters: Filters,
    *,
    order: str = cursors.NEWEST,
    limit: int = 100,
    cursor: str = "",
) -> Query:
    """Scores given in ``window``, newest first, of traces with a span that passes ``filters``. Grain: one row a score, as
    ``scores.score_from_row`` reads it, and order_key, order_id (what ``after`` needs).

    ``cut`` where there are more than ``limit``; with a cursor the window is that of the first page. Reads ``scores`` of the
    window; with filters other than the score's name ``spans`` too, from a week before it. Raises ValueError for an unknown
    order and a cursor of another list.
    """
    chosen(ORDERS, order)
    place = cursors.decode(cursor, order)
    window = place.window if place else window
    parts = [
        Condition("project = {project:String}", (("project", project),)),
        between("timestamp", window, prefix="own_"),
    ]
    if names := filters.get(SCORE_NAME):
        parts.append(Condition("name IN {score_name:Array(String)}", ((SCORE_NAME, names),)))
    if filters.with_(SCORE_NAME, ()) != Filters():
        spans = spans_where(project, Window(max(0, window.start_ns - LOOKBACK_NS), window.end_ns), filters)
        parts.append(Condition(f"trace_id IN (SELECT trace_id FROM spans WHERE {spans.sql})", spans.params))
    if place:
        after = f"(toUnixTimestamp64Nano(timestamp), {_ID}) < ({{after_key:Int64}}, {{after_id:String}})"
        parts.append(Condition(after, (("after_key", place.key), ("after_id", place.id))))
    where = every(parts)
    return query(
        "scores",
        f"""
        SELECT {score_rows.READ_LIST}, toString(toUnixTimestamp64Nano(timestamp)) AS {cursors.ORDER_KEY}, {_ID} AS order_id
        FROM scores FINAL WHERE {where.sql}
        ORDER BY timestamp DESC, {_ID} DESC
        LIMIT {{page:UInt32}}
        """,
        where,
        page=limit + 1,
    ).limited(row_limit=limit)


def after(rows: Sequence[Mapping[str, Any]], window: Window, order: str = cursors.NEWEST, cursor: str = "") -> str:
    """The cursor behind ``rows`` of ``find`` with these arguments; empty without rows."""
    return cursors.after(rows, window, order, "order_id", cursor=cursor)
