"""The trace list: which traces, and one row of totals for each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from spanglass_store import cursor as cursors
from spanglass_store.queries import judged, pages
from spanglass_store.queries.pages import NEWEST, OLDEST, TRACES, Order
from spanglass_store.queries.trace import previews
from spanglass_store.queries.trace_filters import (
    MARGIN_NS,
    TOTALS,
    TraceBounds,
    around,
    having,
    span_filters,
    summed,
    whole_trace,
)
from spanglass_store.query import SCORES_OF_TRACES, Asked, Condition, Filters, Query, Window, alternatives, every, query

ORDERS: Final[Mapping[str, Order]] = MappingProxyType(
    {
        cursors.NEWEST: NEWEST,
        "oldest": OLDEST,
        "duration": Order("Longest first", TOTALS["duration_ns"]),
        "cost": Order("Most expensive first", TOTALS["cost_usd"], "Decimal(38, 9)"),
        "tokens": Order("Most tokens first", TOTALS["total_tokens"], "UInt64"),
        "errors": Order("Most errors first", TOTALS["errors"], "UInt64"),
    }
)
"""By time, a trace is where its newest (oldest) span is that passes the filters."""

COUNTED: Final = 10_000
"""Up to how many traces are counted."""

ANY: Final = TraceBounds()

NEAR_MINUTES: Final = 10
_IDS: Final = "SELECT trace_id FROM page"
_AROUND: Final = pages.around(MARGIN_NS)
_NEAR: Final = f"""(toStartOfMinute(start_time), trace_id) IN (
        SELECT toStartOfMinute(at) + toIntervalMinute(minute), trace_id
        FROM page ARRAY JOIN range(-{NEAR_MINUTES}, {NEAR_MINUTES + 1}) AS minute)"""
_FAR: Final = f"""
        SELECT trace_id FROM page LEFT JOIN (
        SELECT trace_id, count() AS roots, max(start_time + toIntervalNanosecond(duration_ns)) AS root_end
        FROM spans WHERE project = {{project:String}} AND {_NEAR} AND {_AROUND} AND parent_span_id = 0
        GROUP BY trace_id) AS found USING (trace_id)
        WHERE roots = 0 OR root_end > at + toIntervalMinute({NEAR_MINUTES})
        """
"""Found by its newest span, a trace whose root begins and ends near it has no others: it is read by the primary key. The others
of a page are far: they are looked for all around, where a hundred ids want two thirds of the granules, by the filter of
their index.
"""
_IN_PAGE: Final = f"trace_id IN ({_IDS})"
_NEAR_OR_FAR: Final = f"({_NEAR} OR trace_id IN (SELECT trace_id FROM far))"


def find(
    project: str,
    window: Window,
    filters: Filters,
    *,
    order: str = cursors.NEWEST,
    bounds: TraceBounds = ANY,
    limit: int = 100,
    offset: int = 0,
    cursor: str = "",
) -> Query:
    """Traces with a span in ``window`` that passes ``filters``, whose totals are within ``bounds``. Grain: one row a
    trace. ``cut`` where there are more than ``limit``; ``after`` gives the cursor of the next page, and with a cursor
    the window is that of the first page.

    Columns: trace_id (hex), start_time (UTC), start_ns, duration_seconds, name, service, environment, status
    (``error`` if any span failed, else ``ok``), models (list), user_id, session_id, input_preview, output_preview,
    total_tokens, cost_usd (NULL: unknown), spans, errors, score (mean of its numeric scores, NULL: none), order_key
    (what it is ordered by, as text).

    Status and exclusions are asked of the whole trace. By time, reads ``spans`` from the newest (oldest) on until there
    are ``limit`` traces; by totals or with bounds, the window and a day around it. Then only the traces of the page, a
    day before and after what they were found by, their ``scores``, and the previews that ``span_details`` has of them.
    Raises ValueError for an unknown order and a cursor of another list.
    """
    chosen = pages.chosen(ORDERS, order)
    place = cursors.decode(cursor, order, id_pattern=TRACES.id_pattern)
    window = place.window if place else window
    page = pages.asked(TRACES, chosen, _pages(project, window, filters, bounds, chosen, place), limit, offset)
    is_plain = chosen is NEWEST and filters == Filters()
    far = Asked("far", (("trace_id", "FixedString(16)"),), (query("far traces of a page", _FAR, project=project),))
    asked = query(
        "traces",
        f"""
        WITH told AS (
        SELECT trace_id, span_id, parent_span_id, start_time, duration_ns, name, service, environment, status, kind,
        request_model, response_model, user_id, session_id, input_preview, output_preview, usage_counted,
        input_tokens, output_tokens, cost_usd
        FROM spans WHERE project = {{project:String}} AND {_NEAR_OR_FAR if is_plain else _IN_PAGE} AND {_AROUND}
        LIMIT 1 BY trace_id, span_id),
        said AS (
        {previews()}),
        judged AS (
        SELECT trace_id, avg(value) AS score FROM (
        {judged.values(_IDS)})
        GROUP BY trace_id)
        SELECT lower(hex(trace_id)) AS trace_id,
        min(told.start_time) AS start_time,
        toUnixTimestamp64Nano(min(told.start_time)) AS start_ns,
        ({TOTALS["duration_ns"]}) / 1e9 AS duration_seconds,
        argMin(name, (parent_span_id != 0, told.start_time)) AS name,
        argMin(service, (parent_span_id != 0, told.start_time)) AS service,
        argMin(environment, (parent_span_id != 0, told.start_time)) AS environment,
        if({TOTALS["errors"]} > 0, 'error', 'ok') AS status,
        arraySort(groupUniqArrayIf(if(response_model != '', response_model, request_model),
        kind IN ('llm', 'embedding', 'rerank') AND (response_model != '' OR request_model != ''))) AS models,
        anyIf(user_id, user_id != '') AS user_id,
        anyIf(session_id, session_id != '') AS session_id,
        argMin(if(told.input_preview != '', told.input_preview, said.input_preview), (parent_span_id != 0, told.start_time))
        AS input_preview,
        argMin(if(told.output_preview != '', told.output_preview, said.output_preview), (parent_span_id != 0, told.start_time))
        AS output_preview,
        {TOTALS["total_tokens"]} AS total_tokens,
        if(countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, toFloat64({TOTALS["cost_usd"]})) AS cost_usd,
        count() AS spans,
        {TOTALS["errors"]} AS errors,
        any(judged.score) AS score,
        any(page.{cursors.ORDER_KEY}) AS {cursors.ORDER_KEY}
        FROM told LEFT JOIN judged USING (trace_id) LEFT JOIN said USING (trace_id, span_id)
        INNER JOIN page USING (trace_id)
        GROUP BY told.trace_id
        ORDER BY any(page.place)
        SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1, {SCORES_OF_TRACES}
        """,
        project=project,
    )
    return replace(asked, asked=(page, far) if is_plain else (page,)).limited(row_limit=limit)


def after(rows: Sequence[Mapping[str, Any]], window: Window, order: str = cursors.NEWEST, cursor: str = "") -> str:
    """The cursor behind ``rows`` of ``find`` with these arguments; empty without rows."""
    return cursors.after(rows, window, order, "trace_id", cursor=cursor)


def count(project: str, window: Window, filters: Filters, *, bounds: TraceBounds = ANY, most: int = COUNTED) -> Query:
    """How many traces ``find`` would list in all, up to ``most``. Columns: ``traces``, ``more`` (whether there are more
    than that). Grain: one row. Reads ``spans`` as ``find`` does for a page of so many.
    """
    found = _found(project, window, filters, bounds)
    return query(
        "count of traces",
        f"""
        SELECT least(count(), {{most:UInt32}}) AS traces, count() > {{most:UInt32}} AS more FROM (
        SELECT DISTINCT trace_id FROM ({pages.found_in(found, "trace_id")}) LIMIT {{upto:UInt32}})
        SETTINGS {pages.READ_IN_ORDER}
        """,
        every(found),
        most=most,
        upto=most + 1,
    )


def _pages(
    project: str,
    window: Window,
    filters: Filters,
    bounds: TraceBounds,
    order: Order,
    place: cursors.Cursor | None,
) -> list[Condition]:
    """Attempts at a page."""
    whole = bool(having(bounds) or whole_trace(project, window, filters, bounds))
    looked_in = pages.windows(window, order, place, filters, whole=whole)
    return [_page(project, each, filters, bounds, order, place) for each in looked_in]


def _page(
    project: str,
    window: Window,
    filters: Filters,
    bounds: TraceBounds,
    order: Order,
    place: cursors.Cursor | None,
) -> Condition:
    """The ids of one page of traces, found by their spans or by their totals."""
    if not order.key:
        return pages.by_time(TRACES, _found(project, window, filters, bounds), order, place)
    asked = whole_trace(project, window, filters, bounds)
    whole, totals = around(project, window), having(bounds)
    if filters == Filters() and not asked:
        return pages.by_total(TRACES, whole, order, place, [*totals, pages.in_window(window)])
    found = [every([each, *asked]) for each in alternatives(project, window, span_filters(filters))]
    members = f"trace_id IN ({pages.found_in(found, 'trace_id')})"
    return pages.by_total(TRACES, every([whole, Condition(members, every(found).params)]), order, place, totals)


def _found(project: str, window: Window, filters: Filters, bounds: TraceBounds) -> list[Condition]:
    """Conditions on spans, one or more of which hold for a span of each trace that is asked for, and of no other."""
    asked = whole_trace(project, window, filters, bounds)
    if totals := having(bounds):
        whole, within = around(project, window), every(totals)
        spans = f"SELECT trace_id FROM spans WHERE {whole.sql} AND {summed(bounds)}"
        sql = f"trace_id IN ({spans} GROUP BY trace_id HAVING {within.sql})"
        asked = [*asked, Condition(sql, (*whole.params, *within.params))]
    return [every([each, *asked]) for each in alternatives(project, window, span_filters(filters))]
