"""Scores found by the traces that they are of. Pure.

The key of ``scores`` begins with the name, so that those of a few traces lie all over the table; the projection ``of_trace``
(``schema/0016_old_days.sql``) has them side by side. ClickHouse takes no projection for ``FINAL``: what was written
last is sought out here, among what was written of the same trace.
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


def rows(asked: str) -> str:
    """A sub-query: whole rows of ``scores`` for which the condition ``asked`` holds, of each score the latest, without
    those that were deleted. To hold for one version of a score and not for another is no condition for this.
    """
    return f"""SELECT * FROM (
        SELECT * FROM scores WHERE project = {{project:String}} AND {asked}
        ORDER BY updated_at DESC LIMIT 1 BY trace_id, name, score_id)
        WHERE is_deleted = 0"""
