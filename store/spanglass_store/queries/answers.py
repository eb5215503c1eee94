"""What answered in a trace that was judged: its model, prompt version and service, and their copies on its scores. Pure.

A trace may hold several model calls: the last one wrote the answer that was judged, so it names the model. The copy is
made SETTLE_SECONDS after the score was stored, when the spans are there, and then stays; until then spans are asked each
time. So an answer is never missing, only slower to find (docs/adr/021-score-columns.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from spanglass_store.query import MODEL, Query, query

ANSWERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "model": f"argMaxIf({MODEL}, start_time, kind = 'llm')",
        "request_model": "argMaxIf(request_model, start_time, kind = 'llm')",
        "prompt_version": "argMaxIf(prompt_version, start_time, prompt_version != '')",
        "service": "argMin(service, (parent_span_id != 0, start_time))",
    }
)
"""What is known of an answer, and the aggregate over the spans of its trace. On scores: ``answer_`` before the name."""

LOOKBACK_NS: Final = 7 * 86_400 * 10**9
"""How much older than its score a span may be and still be found for it."""
SETTLE_SECONDS: Final = 3600
PAGE_SCORES: Final = 50_000

Key = tuple[str, str, str]
"""(project, name, score id): the order of the table."""
FIRST: Final[Key] = ("", "", "")

_DUE: Final = (
    "NOT has_answer AND trace_id != toFixedString('', 16) "
    "AND stored_at < fromUnixTimestamp({until:Int64}) "
    "AND (project, name, score_id) > ({after_project:String}, {after_name:String}, {after_id:String})"
)
_OF_PAGE: Final = (
    f"{_DUE} AND (project, name, score_id) <= ({{last_project:String}}, {{last_name:String}}, {{last_id:String}})"
)


def due(*, until: int, after: Key = FIRST) -> Query:
    """The last of the next PAGE_SCORES scores after ``after`` that were stored before ``until`` (seconds since 1970) and
    have no copy. Columns: project, name, score_id, scores (how many they are). Grain: one row, or none. Reads ``scores``.
    """
    return query(
        "scores whose answer is to be copied",
        f"""
        SELECT project, name, score_id, count() OVER () AS scores FROM (
        SELECT project, name, score_id FROM scores FINAL WHERE {_DUE}
        ORDER BY project, name, score_id LIMIT {{page:UInt32}})
        ORDER BY project DESC, name DESC, score_id DESC LIMIT 1
        """,
        **_bound(until, after),
        page=PAGE_SCORES,
    )


def copied(*, until: int, after: Key, last: Key) -> Query:
    """Scores after ``after`` up to ``last`` with what answered in their traces: whole rows, to be stored in their place.

    They keep their ``updated_at``: one that was changed meanwhile is newer and stays. Reads ``scores``, and of ``spans``
    those traces, from LOOKBACK_NS before the oldest of the scores.
    """
    columns = ", ".join(f"answered.{name} AS answer_{name}" for name in ANSWERS)
    return query(
        "scores with what answered",
        f"""
        SELECT judged.* REPLACE({columns}, true AS has_answer)
        FROM (
        SELECT * FROM scores FINAL
        WHERE (project, name, score_id) IN (SELECT project, name, score_id FROM scores WHERE {_OF_PAGE}) AND {_DUE}
        ) AS judged
        LEFT JOIN (
        SELECT project, trace_id, {", ".join(f"{sql} AS {name}" for name, sql in ANSWERS.items())}
        FROM spans
        WHERE (project, trace_id) IN (SELECT project, trace_id FROM scores WHERE {_OF_PAGE})
        AND start_time >= (SELECT min(timestamp) FROM scores WHERE {_OF_PAGE}) - toIntervalNanosecond({{lookback_ns:Int64}})
        GROUP BY project, trace_id
        ) AS answered USING (project, trace_id)
        SETTINGS prefer_column_name_to_alias = 1
        """,
        **_bound(until, after),
        last_project=last[0],
        last_name=last[1],
        last_id=last[2],
        lookback_ns=LOOKBACK_NS,
    )


def _bound(until: int, after: Key) -> dict[str, str | int]:
    return {"until": until, "after_project": after[0], "after_name": after[1], "after_id": after[2]}
