"""One trace: its spans, what log records tell of them, and its scores. Pure."""

from __future__ import annotations

from spanglass_store import scores as score_rows
from spanglass_store import span_details
from spanglass_store.queries import judged
from spanglass_store.query import SCORES_OF_TRACES, Query, query
from spanglass_store.rows import read_list


def spans(project: str, trace_id: str, *, limit: int = 20_000) -> Query:
    """Spans of the trace with this hex id, earliest first, each once, for ``rows.span_from_row``; ``cut`` where there are
    more than ``limit``.

    Reads ``spans`` through the index on the trace id; no time is needed. What is read first is said: to
    choose it by itself, ClickHouse adds up the sizes of all these columns in every part that came since it was started.
    """
    return query(
        "spans of a trace",
        f"""
        SELECT {read_list()} FROM spans
        PREWHERE project = {{project:String}} AND trace_id = unhex({{trace_id:String}})
        ORDER BY start_time, span_id
        LIMIT 1 BY span_id
        LIMIT {{limit:UInt32}}
        """,
        project=project,
        trace_id=trace_id,
        limit=limit + 1,
    ).limited(row_limit=limit)


def details(project: str, trace_id: str) -> Query:
    """What log records tell of the spans of the trace with this hex id, in their order, for ``span_details.completed``.

    Grain: one row a record. Reads ``span_details``, whose key begins so.
    """
    return query(
        "details of a trace",
        f"""
        SELECT {span_details.READ_LIST} FROM span_details
        WHERE project = {{project:String}} AND trace_id = unhex({{trace_id:String}})
        ORDER BY start_time, position, record_id
        LIMIT 1 BY span_id, record_id
        """,
        project=project,
        trace_id=trace_id,
    )


def previews(traces: str = "page") -> str:
    """A sub-query: what log records say that a person would read first of spans of the traces in ``traces``, a table
    of trace ids. Grain: one row a span. Columns: trace_id, span_id, input_preview, output_preview.
    """
    latest = "argMaxIf({0}, (start_time, position), {0} != '') AS {0}"
    return f"""SELECT trace_id, span_id, {latest.format("input_preview")}, {latest.format("output_preview")}
        FROM span_details WHERE project = {{project:String}} AND trace_id GLOBAL IN (SELECT trace_id FROM {traces})
        GROUP BY trace_id, span_id"""


def scores(project: str, trace_id: str) -> Query:
    """Scores of the trace with this hex id and of its spans, oldest first, for ``scores.score_from_row``."""
    return query(
        "scores of a trace",
        f"""
        SELECT {score_rows.READ_LIST} FROM (
        {judged.rows("trace_id = unhex({trace_id:String})")})
        ORDER BY timestamp, score_id
        SETTINGS {SCORES_OF_TRACES}
        """,
        project=project,
        trace_id=trace_id,
    )
