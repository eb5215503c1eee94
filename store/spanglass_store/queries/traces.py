"""The trace list: which traces, and one row of totals for each. Pure."""

from __future__ import annotations

from spanglass_store.queries.trace import previews
from spanglass_store.query import Condition, Filters, Query, Window, between, query, spans_where

MARGIN_NS = 86_400 * 10**9
"""How far outside the window the other spans of a listed trace may lie and still count in its totals."""


def find(project: str, window: Window, filters: Filters, *, limit: int = 100, offset: int = 0) -> Query:
    """Traces with a span in ``window`` that passes ``filters``, newest first. Grain: one row a trace.

    Columns: trace_id (hex), start_time (UTC), start_ns, duration_seconds, name, service, environment, status
    (``error`` if any span failed, else ``ok``), models (list), user_id, session_id, input_preview, output_preview,
    total_tokens, cost_usd (NULL: unknown), spans, errors, score (mean of its numeric scores, NULL: none).

    Reads ``spans`` newest first until ``limit`` traces are found, then only those traces, inside the window and a
    day around it; then their ``scores``, and the previews that ``span_details`` has of them. The status is that of the whole trace, so it is asked of traces, not spans.
    """
    status = filters.get("status")
    where = spans_where(project, window, filters.with_("status", ()))
    wide = between("start_time", Window(window.start_ns - MARGIN_NS, window.end_ns + MARGIN_NS), prefix="wide_")
    return query(
        "traces",
        f"""
        WITH page AS (
        SELECT trace_id FROM spans WHERE {where.sql}{_with_status(status)}
        ORDER BY toStartOfMinute(start_time) DESC, start_time DESC
        LIMIT 1 BY trace_id
        LIMIT {{limit:UInt32}} OFFSET {{offset:UInt32}}),
        told AS (
        SELECT trace_id, span_id, parent_span_id, start_time, duration_ns, name, service, environment, status, kind,
        request_model, response_model, user_id, session_id, input_preview, output_preview, usage_counted,
        input_tokens, output_tokens, cost_usd
        FROM spans WHERE project = {{project:String}} AND trace_id GLOBAL IN (SELECT trace_id FROM page) AND {wide.sql}
        LIMIT 1 BY trace_id, span_id),
        said AS (
        {previews()}),
        judged AS (
        SELECT trace_id, avg(value) AS score FROM scores FINAL
        WHERE project = {{project:String}} AND trace_id GLOBAL IN (SELECT trace_id FROM page) AND value IS NOT NULL
        GROUP BY trace_id)
        SELECT lower(hex(trace_id)) AS trace_id,
        min(told.start_time) AS start_time,
        toUnixTimestamp64Nano(min(told.start_time)) AS start_ns,
        (max(toUnixTimestamp64Nano(told.start_time) + toInt64(duration_ns)) - start_ns) / 1e9 AS duration_seconds,
        argMin(name, (parent_span_id != 0, told.start_time)) AS name,
        argMin(service, (parent_span_id != 0, told.start_time)) AS service,
        argMin(environment, (parent_span_id != 0, told.start_time)) AS environment,
        if(countIf(status = 'error') > 0, 'error', 'ok') AS status,
        arraySort(groupUniqArrayIf(if(response_model != '', response_model, request_model),
        kind IN ('llm', 'embedding', 'rerank') AND (response_model != '' OR request_model != ''))) AS models,
        anyIf(user_id, user_id != '') AS user_id,
        anyIf(session_id, session_id != '') AS session_id,
        argMin(if(told.input_preview != '', told.input_preview, said.input_preview), (parent_span_id != 0, told.start_time))
        AS input_preview,
        argMin(if(told.output_preview != '', told.output_preview, said.output_preview), (parent_span_id != 0, told.start_time))
        AS output_preview,
        sumIf(ifNull(input_tokens, 0) + ifNull(output_tokens, 0), usage_counted) AS total_tokens,
        if(countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL,
        toFloat64(sumIf(ifNull(cost_usd, 0), usage_counted))) AS cost_usd,
        count() AS spans,
        countIf(status = 'error') AS errors,
        any(judged.score) AS score
        FROM told LEFT JOIN judged USING (trace_id) LEFT JOIN said USING (trace_id, span_id)
        GROUP BY trace_id
        ORDER BY start_ns DESC
        SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1
        """,
        where,
        wide,
        limit=limit,
        offset=offset,
    )


def count(project: str, window: Window, filters: Filters) -> Query:
    """How many traces ``find`` would list in all. Columns: ``traces``. Grain: one row. Reads ``spans`` of the window."""
    status = filters.get("status")
    where: Condition = spans_where(project, window, filters.with_("status", ()))
    return query(
        "count of traces",
        f"SELECT uniqExact(trace_id) AS traces FROM spans WHERE {where.sql}{_with_status(status)}",
        where,
    )


def _with_status(status: tuple[str, ...]) -> str:
    """A trace failed if any of its spans did; asking for both, or for neither, filters nothing."""
    if not status or {"ok", "error"} <= set(status):
        return ""
    failed = (
        "(SELECT trace_id FROM spans WHERE project = {project:String} AND status = 'error' "
        "AND start_time >= fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC') "
        "AND start_time < fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC'))"
    )
    return f" AND trace_id {'IN' if 'error' in status else 'NOT IN'} {failed}"
