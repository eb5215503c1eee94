"""The list of single spans, whatever trace they are of. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from spanglass_store import cursor as cursors
from spanglass_store.columns import COLUMNS
from spanglass_store.queries import pages
from spanglass_store.queries.pages import NEWEST, OLDEST, SPANS, Order
from spanglass_store.query import Filters, Query, Window, alternatives, query
from spanglass_store.rows import read_list

ORDERS: Final[Mapping[str, Order]] = MappingProxyType(
    {
        cursors.NEWEST: NEWEST,
        "oldest": OLDEST,
        "duration": Order("Longest first", "toInt64(duration_ns)"),
        "cost": Order("Most expensive first", "ifNull(cost_usd, 0)", "Decimal(18, 9)"),
        "tokens": Order(
            "Most tokens first", "toUInt64(ifNull(input_tokens, 0)) + toUInt64(ifNull(output_tokens, 0))", "UInt64"
        ),
    }
)

IDS: Final = ("trace_id", "span_id")
WHOLE: Final = tuple(column.name for column in COLUMNS)
"""Every column: rows that ``rows.span_from_row`` understands."""
LISTED: Final = (
    "parent_span_id",
    "start_time",
    "duration_ns",
    "name",
    "kind",
    "status",
    "error_type",
    "service",
    "environment",
    "provider",
    "request_model",
    "response_model",
    "user_id",
    "session_id",
    "input_tokens",
    "output_tokens",
    "usage_counted",
    "cost_usd",
    "time_to_first_token_ns",
    "prompt_name",
    "prompt_version",
)
"""What a table shows. Where a page is scattered over the window, each column more costs milliseconds."""


def find(
    project: str,
    window: Window,
    filters: Filters,
    *,
    columns: Sequence[str] = LISTED,
    order: str = cursors.NEWEST,
    limit: int = 100,
    offset: int = 0,
    cursor: str = "",
) -> Query:
    """Spans that started in ``window`` and pass ``filters``. Grain: one row a span. ``cut`` where there are more than
    ``limit``; ``after`` gives the cursor of the next page, and with a cursor the window is that of the first page.

    Columns: those asked for, as ``rows.read_list`` names and forms them (ids hex, start_ns), always with the two ids, and
    order_key (what it is ordered by, as text).

    Reads ``spans``: by time from the newest (oldest) on until there are ``limit``, else one column of the window; then
    the columns of the page alone. Raises ValueError for an unknown column or order and a cursor of another list.
    """
    chosen = pages.chosen(ORDERS, order)
    unknown = [name for name in columns if name not in WHOLE]
    if unknown:
        msg = f"unknown column {unknown[0]!r}; known: {', '.join(WHOLE)}"
        raise ValueError(msg)
    place = cursors.decode(cursor, order, id_pattern=SPANS.id_pattern)
    by = pages.by_value if chosen.key else pages.by_time
    looked_in = pages.windows(place.window if place else window, chosen, place, filters)
    attempts = [by(SPANS, alternatives(project, each, filters), chosen, place) for each in looked_in]
    wanted = [column for column in COLUMNS if column.name in {*IDS, *columns}]
    asked = query(
        "spans",
        f"""
        SELECT {read_list(wanted)}, page.{cursors.ORDER_KEY} AS {cursors.ORDER_KEY}
        FROM spans INNER JOIN page USING (trace_id, span_id)
        WHERE project = {{project:String}}
        AND (toStartOfMinute(start_time), trace_id) IN (SELECT toStartOfMinute(at), trace_id FROM page)
        AND (start_time, trace_id, span_id) IN (SELECT at, trace_id, span_id FROM page)
        ORDER BY page.place
        LIMIT 1 BY trace_id, span_id
        """,
        project=project,
    )
    return replace(asked, asked=(pages.asked(SPANS, chosen, attempts, limit, offset),)).limited(row_limit=limit)


def after(rows: Sequence[Mapping[str, Any]], window: Window, order: str = cursors.NEWEST, cursor: str = "") -> str:
    """The cursor behind ``rows`` of ``find`` with these arguments; empty without rows."""
    return cursors.after(rows, window, order, "trace_id_hex", "span_id_hex", cursor=cursor)
