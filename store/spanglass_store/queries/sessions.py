"""Sessions: the list of them, and the traces of one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from spanglass_store import cursor as cursors
from spanglass_store.queries import judged, pages, traces
from spanglass_store.queries.pages import NEWEST, OLDEST, SESSIONS, Order
from spanglass_store.queries.trace_filters import TOTALS
from spanglass_store.query import SCORES_OF_TRACES, Asked, Filters, Query, Window, query, spans_where

EVER: Final = Window(0, 2**62)
"""Until 2116."""

ORDERS: Final[Mapping[str, Order]] = MappingProxyType(
    {
        cursors.NEWEST: NEWEST,
        "oldest": OLDEST,
        "traces": Order("Most traces first", "uniqExact(trace_id)", "UInt64"),
        "cost": Order("Most expensive first", TOTALS["cost_usd"], "Decimal(38, 9)"),
        "tokens": Order("Most tokens first", TOTALS["total_tokens"], "UInt64"),
        "errors": Order("Most errors first", TOTALS["errors"], "UInt64"),
    }
)
"""By time, a session is where its newest (oldest) span is that passes the filters."""


def find(
    project: str,
    window: Window,
    filters: Filters,
    *,
    order: str = cursors.NEWEST,
    limit: int = 100,
    offset: int = 0,
    cursor: str = "",
) -> Query:
    """Sessions with a span in ``window`` that passes ``filters``. Grain: one row a session. ``cut`` where there are more
    than ``limit``; ``after`` gives the cursor of the next page, and with a cursor the window is that of the first page.

    Columns, of all its spans in the window: session_id, user_id (the latest), first_time, last_time (UTC), traces, spans,
    total_tokens, cost_usd (NULL: unknown), errors, score (mean of the numeric scores of it and its traces, NULL: none),
    input_preview (of its latest trace), order_key (what it is ordered by, as text).

    By time, reads ``spans`` from the newest on until there are ``limit`` sessions, else all of the window; then those
    of the page, and their ``scores``. Raises ValueError for an unknown order and a cursor of another list.
    """
    chosen = pages.chosen(ORDERS, order)
    place = cursors.decode(cursor, order)
    window = place.window if place else window
    attempts = pages.by_group(SESSIONS, project, window, filters, chosen, place)
    theirs = spans_where(project, window, Filters())
    mine = f"{theirs.sql} AND session_id IN (SELECT session_id FROM page)"
    members = query("traces of sessions", f"SELECT DISTINCT trace_id, session_id FROM spans WHERE {mine}", theirs)
    asked = query(
        "sessions",
        f"""
        WITH told AS (
        SELECT session_id, trace_id, span_id, parent_span_id, start_time, status, user_id, input_preview, usage_counted,
        input_tokens, output_tokens, cost_usd
        FROM spans WHERE {mine} LIMIT 1 BY trace_id, span_id),
        judged AS (
        SELECT session_id, avg(value) AS score FROM (
        SELECT session_id, value FROM (
        {judged.values("SELECT trace_id FROM members")}) AS given
        INNER JOIN members USING (trace_id)
        UNION ALL
        SELECT session_id, value FROM scores FINAL
        WHERE project = {{project:String}} AND value IS NOT NULL AND trace_id = toFixedString('', 16)
        AND session_id IN (SELECT session_id FROM page))
        GROUP BY session_id)
        SELECT told.session_id AS session_id,
        argMaxIf(user_id, start_time, user_id != '') AS user_id,
        min(start_time) AS first_time,
        max(start_time) AS last_time,
        uniqExact(trace_id) AS traces,
        count() AS spans,
        {TOTALS["total_tokens"]} AS total_tokens,
        if(countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, toFloat64({TOTALS["cost_usd"]})) AS cost_usd,
        {TOTALS["errors"]} AS errors,
        any(judged.score) AS score,
        argMaxIf(input_preview, start_time, input_preview != '') AS input_preview,
        any(page.{cursors.ORDER_KEY}) AS {cursors.ORDER_KEY}
        FROM told LEFT JOIN judged USING (session_id) INNER JOIN page USING (session_id)
        GROUP BY told.session_id
        ORDER BY any(page.place)
        SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1, {SCORES_OF_TRACES}
        """,
        theirs,
    )
    first = (
        pages.asked(SESSIONS, chosen, attempts, limit, offset),
        Asked("members", (("trace_id", "FixedString(16)"), ("session_id", "String")), (members,)),
    )
    return replace(asked, asked=first).limited(row_limit=limit)


def after(rows: Sequence[Mapping[str, Any]], window: Window, order: str = cursors.NEWEST, cursor: str = "") -> str:
    """The cursor behind ``rows`` of ``find`` with these arguments; empty without rows."""
    return cursors.after(rows, window, order, "session_id", cursor=cursor)


def traces_of(project: str, session_id: str, *, window: Window = EVER, limit: int = 1000, cursor: str = "") -> Query:
    """The traces of one session in their order, earliest first, as ``traces.find`` lists them."""
    filters = Filters.of(session_id=[session_id])
    return traces.find(project, window, filters, order="oldest", limit=limit, cursor=cursor)
