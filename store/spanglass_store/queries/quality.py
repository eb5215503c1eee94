"""Quality: the mean of a score with its confidence interval, over time and by what may have changed. Pure.

The interval is the 95 % normal approximation, mean ± 1.96 · s / √n with s the sample standard deviation (NIST/SEMATECH
e-Handbook of Statistical Methods, 7.1.4). A score of yes and no uses Wilson's interval instead (Wilson, 1927), which
stays right near 0 and 1 and for few values.
"""

from __future__ import annotations

from typing import Final

from spanglass_store.limits import SERIES
from spanglass_store.measures import MEASURES
from spanglass_store.queries.answers import ANSWERS, LOOKBACK_NS
from spanglass_store.query import SCORE_NAME, Condition, Filters, Query, Window, between, query, spans_where
from spanglass_store.sources import SETTINGS, scores_where

MAX_GROUPS: Final = 200
Z: Final = 1.959963984540054  # standard normal quantile of 0.975

GROUPS: Final = (*ANSWERS, "source")
"""What quality can be grouped by: what answered, and where the score came from."""

_MEAN: Final = MEASURES["score_mean"].sql
_NORMAL: Final = f"{Z} * stddevSamp(value) / sqrt(count())"
_WILSON_CENTRE: Final = f"({_MEAN} + {Z * Z} / (2 * count())) / (1 + {Z * Z} / count())"
_WILSON_HALF: Final = (
    f"{Z} * sqrt({_MEAN} * (1 - {_MEAN}) / count() + {Z * Z} / (4 * count() * count())) / (1 + {Z * Z} / count())"
)
_STATISTICS: Final = f"""
        count() AS count,
        {_MEAN} AS mean,
        if(min(data_type) = 'boolean', {_WILSON_CENTRE} - {_WILSON_HALF}, {_MEAN} - {_NORMAL}) AS low,
        if(min(data_type) = 'boolean', {_WILSON_CENTRE} + {_WILSON_HALF}, {_MEAN} + {_NORMAL}) AS high
"""


def names(project: str, window: Window) -> Query:
    """Scores given in ``window``. Columns: name, data_type, count. Grain: one row a name and type, most used first."""
    time = between("timestamp", window)
    return query(
        "score names",
        f"""
        SELECT name, data_type, count() AS count FROM scores FINAL
        WHERE project = {{project:String}} AND {time.sql}
        GROUP BY name, data_type ORDER BY count DESC, name LIMIT {{limit:UInt32}}
        """,
        time,
        project=project,
        limit=MAX_GROUPS + 1,
    ).limited(row_limit=MAX_GROUPS)


def trend(
    project: str,
    window: Window,
    filters: Filters,
    score_name: str,
    interval_seconds: int,
    group_by: str | None = None,
) -> Query:
    """A score over time. Columns: bucket (start, UTC), group ('' if not grouped), count, mean, low, high (NaN for one).

    Grain: one row a bucket and group; empty buckets are absent. Raises ValueError for an unknown group.
    """
    source, conditions = _source(project, window, filters, score_name, group_by)
    return query(
        "quality over time",
        f"""
        SELECT
        toDateTime64(toStartOfInterval(timestamp, toIntervalSecond({{interval_seconds:UInt32}}), 'UTC'), 3, 'UTC')
        AS bucket,
        {_group(group_by)} AS group,
        {_STATISTICS}
        FROM {source}
        GROUP BY bucket, group ORDER BY bucket, group
        {SETTINGS}
        """,
        *conditions,
        interval_seconds=interval_seconds,
    ).limited(SERIES)


def totals(
    project: str,
    window: Window,
    filters: Filters,
    score_name: str,
    group_by: str | None = None,
) -> Query:
    """A score over the whole window. Columns: group, count, mean, low, high. Grain: one row a group, largest first."""
    source, conditions = _source(project, window, filters, score_name, group_by)
    return query(
        "quality totals",
        f"""
        SELECT {_group(group_by)} AS group,
        {_STATISTICS}
        FROM {source}
        GROUP BY group ORDER BY count DESC, group LIMIT {{limit:UInt32}}
        {SETTINGS}
        """,
        *conditions,
        limit=MAX_GROUPS + 1,
    ).limited(row_limit=MAX_GROUPS)


def distribution(project: str, window: Window, filters: Filters, score_name: str, *, bins: int = 20) -> Query:
    """How the values spread. Columns: low, high (edges), count. Grain: one row a non-empty bin of equal width."""
    where = scores_where(project, window, filters.with_(SCORE_NAME, (score_name,)))
    return query(
        "score distribution",
        f"""
        WITH given AS (SELECT value FROM scores FINAL WHERE {where.sql}),
        (SELECT min(value) FROM given) AS smallest,
        (SELECT max(value) FROM given) AS largest,
        if(largest > smallest, (largest - smallest) / {{bins:UInt32}}, 1) AS width
        SELECT least(toUInt32(floor((value - smallest) / width)), {{bins:UInt32}} - 1) AS bin,
        any(smallest) + bin * any(width) AS low,
        low + any(width) AS high,
        count() AS count
        FROM given GROUP BY bin ORDER BY bin
        """,
        where,
        bins=bins,
    )


def coverage(project: str, window: Window, filters: Filters, score_name: str) -> Query:
    """How many traces were judged. Columns: traces (that began in ``window``), scored (of them, then or later).

    Grain: one row. Rows are counted, not weighted: a trace that was sampled away could not be judged.
    """
    where = spans_where(project, window, filters)
    return query(
        "score coverage",
        f"""
        SELECT count() AS traces,
        countIf(trace_id IN (
        SELECT trace_id FROM scores FINAL
        WHERE project = {{project:String}} AND name = {{score_name:String}}
        AND timestamp >= fromUnixTimestamp64Nano({{start_ns:Int64}}, 'UTC'))) AS scored
        FROM spans WHERE {where.sql} AND parent_span_id = 0
        """,
        where,
        score_name=score_name,
    )


def _group(group_by: str | None) -> str:
    if group_by is None:
        return "''"
    if group_by not in GROUPS:
        msg = f"cannot group quality by {group_by!r}; known: {', '.join(GROUPS)}"
        raise ValueError(msg)
    return "answer" if group_by in ANSWERS else group_by


def _source(
    project: str, window: Window, filters: Filters, score_name: str, group_by: str | None
) -> tuple[str, tuple[Condition, ...]]:
    """FROM clause: the scores, with ``answer`` where they are grouped by one: its copy, or what the spans say.

    Those without a copy are few: only their keys are merged again, by ``FINAL``, for what was written of them last.
    """
    where = scores_where(project, window, filters.with_(SCORE_NAME, (score_name,)))
    if group_by is None or group_by not in ANSWERS:
        return f"scores FINAL WHERE {where.sql}", (where,)
    lookback = between("start_time", Window(window.start_ns - LOOKBACK_NS, window.end_ns), prefix="answered_")
    without = f"{where.sql} AND NOT has_answer"
    waiting = (
        f"FROM scores FINAL WHERE {without} AND (name, score_id) IN (SELECT name, score_id FROM scores WHERE {without})"
    )
    judged = f"""(
        SELECT timestamp, value, data_type, answer_{group_by} AS answer FROM scores FINAL WHERE {where.sql} AND has_answer
        UNION ALL
        SELECT timestamp, value, data_type, answer
        FROM (SELECT timestamp, trace_id, value, data_type {waiting}) AS waiting
        LEFT JOIN (
        SELECT trace_id, {ANSWERS[group_by]} AS answer FROM spans
        WHERE project = {{project:String}} AND {lookback.sql} AND trace_id IN (SELECT trace_id {waiting})
        GROUP BY trace_id) AS answered USING (trace_id))"""
    return judged, (where, lookback)
