"""One trace: its spans and its scores. Pure."""

from __future__ import annotations

from spanglass_store import scores as score_rows
from spanglass_store.query import Query, query
from spanglass_store.rows import read_list


def spans(project: str, trace_id: str, *, limit: int = 20_000) -> Query:
    """Spans of the trace with this hex id, earliest first, each once, for ``rows.span_from_row``.

    Reads ``spans`` through the index on the trace id; no time is needed.
    """
    return query(
        "spans of a trace",
        f"""
        SELECT {read_list()} FROM spans
        WHERE project = {{project:String}} AND trace_id = unhex({{trace_id:String}})
        ORDER BY start_time, span_id
        LIMIT 1 BY span_id
        LIMIT {{limit:UInt32}}
        """,
        project=project,
        trace_id=trace_id,
        limit=limit,
    )


def scores(project: str, trace_id: str) -> Query:
    """Scores of the trace with this hex id and of its spans, oldest first, for ``scores.score_from_row``."""
    return query(
        "scores of a trace",
        f"""
        SELECT {score_rows.READ_LIST} FROM scores FINAL
        WHERE project = {{project:String}} AND trace_id = unhex({{trace_id:String}})
        ORDER BY timestamp, score_id
        """,
        project=project,
        trace_id=trace_id,
    )
