"""What belongs to the spans of several traces, for lists of whole spans. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spanglass_store import scores as score_rows
from spanglass_store import span_details
from spanglass_store.queries import judged
from spanglass_store.query import SCORES_OF_TRACES, Query, query

_ASKED: Final = "trace_id IN (SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16))"


def details(project: str, trace_ids: Sequence[str]) -> Query:
    """As ``trace.details``, of each of the traces (hex ids), with ``trace_id_hex`` before its columns."""
    return query(
        "details of traces",
        f"""
        SELECT lower(hex(trace_id)) AS trace_id_hex, {span_details.READ_LIST} FROM span_details
        WHERE project = {{project:String}} AND {_ASKED}
        ORDER BY start_time, position, record_id
        LIMIT 1 BY trace_id, span_id, record_id
        """,
        project=project,
        trace_ids=tuple(trace_ids),
    )


def scores(project: str, trace_ids: Sequence[str]) -> Query:
    """Scores of the traces (hex ids) and of their spans, oldest first, for ``scores.score_from_row``."""
    return query(
        "scores of traces",
        f"""
        SELECT {score_rows.READ_LIST} FROM (
        {judged.rows(_ASKED)})
        ORDER BY timestamp, score_id
        SETTINGS {SCORES_OF_TRACES}
        """,
        project=project,
        trace_ids=tuple(trace_ids),
    )
