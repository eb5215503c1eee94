"""Scores found by the traces that they are of. Pure.

The key of ``scores`` begins with the name, so that those of a few traces lie all over the table; the projection ``by_trace``
(``schema/0015_scores_by_trace.sql``) has them side by side. ClickHouse takes no projection for ``FINAL``: what was written
last is sought out here.
"""

from __future__ import annotations

from typing import Final

_VALUE: Final = "argMax(tuple(value), updated_at).1"


def values(traces: str) -> str:
    """A sub-query: the numbers given to the traces that the sub-query ``traces`` names. Grain: one row a score.
    Columns: trace_id, value.
    """
    return f"""SELECT trace_id, {_VALUE} AS value FROM scores
        WHERE project = {{project:String}} AND trace_id IN ({traces})
        GROUP BY trace_id, name, score_id HAVING argMax(is_deleted, updated_at) = 0 AND {_VALUE} IS NOT NULL"""
