"""The list of an application's users. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from spanglass_store import cursor as cursors
from spanglass_store.measures import MEASURES
from spanglass_store.queries import pages
from spanglass_store.queries.pages import NEWEST, OLDEST, USERS, Order
from spanglass_store.query import Filters, Query, Window, query, spans_where

SHOWN: Final = ("traces", "trace_errors", "total_tokens", "cost_usd", "sessions")
"""Measures of a user: the same numbers as on every other page."""


def _largest(label: str, measure: str) -> Order:
    return Order(label, f"toDecimal128(ifNull({MEASURES[measure].sql}, 0), 9)", "Decimal(38, 9)")


ORDERS: Final[Mapping[str, Order]] = MappingProxyType(
    {
        cursors.NEWEST: NEWEST,
        "oldest": OLDEST,
        "traces": _largest("Most traces first", "traces"),
        "cost": _largest("Most expensive first", "cost_usd"),
        "tokens": _largest("Most tokens first", "total_tokens"),
        "errors": _largest("Most failed traces first", "trace_errors"),
    }
)
"""By time, a user is where the newest (oldest) span is that passes the filters."""


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
    """Users with a span in ``window`` that passes ``filters``. Grain: one row a user. ``cut`` where there are more than
    ``limit``; ``after`` gives the cursor of the next page, and with a cursor the window is that of the first page.

    Columns, of all the user's spans in the window: user_id, first_time, last_time (UTC), spans, the measures ``SHOWN``
    (NULL: no value), order_key (what it is ordered by, as text).

    By time, reads ``spans`` from the newest on until there are ``limit`` users, else all of the window; then those of
    the page. Raises ValueError for an unknown order and a cursor of another list.
    """
    chosen = pages.chosen(ORDERS, order)
    place = cursors.decode(cursor, order)
    window = place.window if place else window
    attempts = pages.by_group(USERS, project, window, filters, chosen, place)
    theirs = spans_where(project, window, Filters())
    measures = ",\n".join(f"{MEASURES[name].sql} AS {name}" for name in SHOWN)
    asked = query(
        "users",
        f"""
        SELECT theirs.*, page.{cursors.ORDER_KEY} AS {cursors.ORDER_KEY} FROM (
        SELECT user_id,
        min(start_time) AS first_time,
        max(start_time) AS last_time,
        count() AS spans,
        {measures}
        FROM spans WHERE {theirs.sql} AND user_id IN (SELECT user_id FROM page)
        GROUP BY user_id) AS theirs INNER JOIN page USING (user_id)
        ORDER BY page.place
        SETTINGS prefer_column_name_to_alias = 1
        """,
        theirs,
    )
    return replace(asked, asked=(pages.asked(USERS, chosen, attempts, limit, offset),)).limited(row_limit=limit)


def after(rows: Sequence[Mapping[str, Any]], window: Window, order: str = cursors.NEWEST, cursor: str = "") -> str:
    """The cursor behind ``rows`` of ``find`` with these arguments; empty without rows."""
    return cursors.after(rows, window, order, "user_id", cursor=cursor)
