"""A measure as the monitor would have seen it: the value over the window that ended at each past tick. Pure.

A bucket of a chart is not what a rule looks at: the rule looks back over its window at every tick, and windows
overlap. So each row is counted once in every window it belongs to, with the very text of the measure; percentiles and
ratios are those of the whole window, not averages of smaller ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from spanglass_store.alerting.backtest import Point
from spanglass_store.alerting.evaluate import NS
from spanglass_store.measures import MEASURES, totals
from spanglass_store.query import Query, Window, query
from spanglass_store.rules import Rule
from spanglass_store.sources import TIMES, plain

MAX_OVERLAP: Final = 12
"""In how many windows a row is counted at most; longer windows move in longer steps."""


def step_seconds(rule: Rule, window: Window, *, shortest: int = 60, max_points: int = 12_000) -> int:
    """How far apart the ticks of ``history`` are: ``shortest``, or the next multiple that keeps the query small."""
    wanted = max(rule.window_seconds / MAX_OVERLAP, window.duration_ns / NS / max_points, shortest)
    return math.ceil(wanted / shortest) * shortest


def history(rule: Rule, window: Window, step_seconds: int) -> Query:
    """The rule's measure at each tick in ``window``. Columns: ``tick`` (ns since 1970 UTC), ``value``.

    Grain: one row a tick that saw any row; ``points`` fills in the others. Reads the spans or scores of ``window``
    and of one rule window before it.
    """
    read = Window(window.start_ns - rule.window_seconds * NS, window.end_ns)
    measure = MEASURES[rule.measure]
    source = plain([measure], rule.project, read, rule.filters)  # windows slide: hours and days are no use
    return query(
        f"history of {rule.measure}",
        f"""
        SELECT n * {{step_ns:Int64}} AS tick, {measure.sql} AS value
        FROM (SELECT *, toUnixTimestamp64Nano({TIMES[measure.table]}) AS at_ns, arrayJoin(range(
        intDiv(at_ns, {{step_ns:Int64}}) + 1,
        intDiv(at_ns + {{width_ns:Int64}}, {{step_ns:Int64}}) + 1)) AS n FROM {source.rows.sql})
        WHERE n > {{first:Int64}} AND n <= {{last:Int64}}
        GROUP BY n ORDER BY n
        """,
        source.rows,
        step_ns=step_seconds * NS,
        width_ns=rule.window_seconds * NS,
        first=window.start_ns // (step_seconds * NS),
        last=window.end_ns // (step_seconds * NS),
    )


def nothing(rule: Rule) -> Query:
    """What the measure is when there are no rows at all: 0 for a count, NULL for a percentile. Column: ``value``."""
    told = totals([rule.measure], rule.project, Window(0, 0), rule.filters)
    return Query(told.name, f"SELECT {rule.measure} AS value FROM ({told.sql})", told.params)


def points(
    rows: Iterable[Mapping[str, Any]], nothing_value: float | None, window: Window, step_seconds: int
) -> list[Point]:
    """Every tick in ``window`` with its value, from rows of ``history`` and the value of ``nothing``."""
    step_ns = step_seconds * NS
    seen = {int(row["tick"]): known(row["value"]) for row in rows}
    first = (window.start_ns // step_ns + 1) * step_ns
    return [(tick, seen.get(tick, nothing_value)) for tick in range(first, window.end_ns + 1, step_ns)]


def known(value: float | None) -> float | None:
    """``value`` as a float; None for None and NaN."""
    return None if value is None or math.isnan(value) else float(value)


def extremes(history: Sequence[Point], rule: Rule, max_points: int) -> list[Point]:
    """At most ``max_points`` of ``history``, each the worst of its stretch: a chart that hides no crossing."""
    size = max(1, math.ceil(len(history) / max_points))
    worst = max if rule.comparison == "above" else min
    chunks = (history[start : start + size] for start in range(0, len(history), size))
    return [
        worst((p for p in chunk if p[1] is not None), key=lambda p: p[1] or 0.0, default=chunk[0]) for chunk in chunks
    ]
