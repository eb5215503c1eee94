"""What is asked of a trace as a whole, not of one of its spans: totals, scores, whether it failed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from spanglass_store.condition import Condition, Window, between, every
from spanglass_store.filters import Filters
from spanglass_store.query import has_value

MARGIN_NS: Final = 86_400 * 10**9
"""How far from the span it is listed by the other spans of a trace may lie and still count in its totals."""

TOTALS: Final[Mapping[str, str]] = {
    "duration_ns": "max(toUnixTimestamp64Nano(start_time) + toInt64(duration_ns)) - min(toUnixTimestamp64Nano(start_time))",
    "total_tokens": "sumIf(ifNull(input_tokens, 0) + ifNull(output_tokens, 0), usage_counted)",
    "cost_usd": "sumIf(ifNull(cost_usd, 0), usage_counted)",
    "errors": "countIf(status = 'error')",
}
"""Totals of the spans of a trace: what is shown, ordered by and asked for."""


@dataclass(frozen=True, slots=True)
class TraceBounds:
    """Bounds of a trace's totals, inclusive, and of one of its scores, exclusive; None bounds nothing.

    A ``score_name`` alone asks for traces that have such a score at all.
    """

    min_cost_usd: float | None = None
    min_duration_seconds: float | None = None
    max_duration_seconds: float | None = None
    min_tokens: int | None = None
    min_errors: int | None = None
    score_name: str = ""
    score_above: float | None = None
    score_below: float | None = None


_OF_TOTALS: Final = (
    ("min_cost_usd", "cost_usd", ">="),
    ("min_duration_seconds", "duration_ns", ">= 1e9 *"),
    ("max_duration_seconds", "duration_ns", "<= 1e9 *"),
    ("min_tokens", "total_tokens", ">="),
    ("min_errors", "errors", ">="),
)
_ADDS_TO: Final = {
    "min_cost_usd": "cost_usd > 0",
    "min_tokens": "(input_tokens > 0 OR output_tokens > 0)",
    "min_errors": "status = 'error'",
}
"""What a span has that adds to the total that is asked for: a sum that is to be more than nothing is that of these alone."""
_OF_SCORES: Final = (("score_above", ">"), ("score_below", "<"))


def having(bounds: TraceBounds) -> list[Condition]:
    """Conditions on a group of the spans of one trace."""
    asked = ((name, total, sign, getattr(bounds, name)) for name, total, sign in _OF_TOTALS)
    return [
        Condition(f"{TOTALS[total]} {sign} {{{name}:Float64}}", ((name, float(value)),))
        for name, total, sign, value in asked
        if value is not None
    ]


def summed(bounds: TraceBounds) -> str:
    """SQL: which spans the totals of a trace have to be made of, to see whether they are within ``bounds``."""
    asked = [name for name, *_ in _OF_TOTALS if getattr(bounds, name) is not None]
    is_of_some = len(asked) == 1 and asked[0] in _ADDS_TO and getattr(bounds, asked[0]) > 0
    return _ADDS_TO[asked[0]] if is_of_some else "1"


def around(project: str, window: Window) -> Condition:
    """Spans of ``project`` that count in a trace with a span in ``window``."""
    wide = Window(window.start_ns - MARGIN_NS, window.end_ns + MARGIN_NS)
    time = between("start_time", wide, prefix="wide_")
    return Condition(f"project = {{project:String}} AND {time.sql}", (("project", project), *time.params))


def whole_trace(project: str, window: Window, filters: Filters, bounds: TraceBounds) -> list[Condition]:
    """Conditions on ``trace_id``, for everything asked of the trace but its totals: whether it failed, what none of its
    spans has, its score. To be asked beside ``span_filters(filters)``.
    """
    mine = around(project, window)
    conditions = [_failed(filters, mine)]
    unwanted = [has_value(name, values, prefix="not_") for name, values in filters.excluded if name != "status"]
    if unwanted:
        either = Condition(f"({' OR '.join(each.sql for each in unwanted)})", every(unwanted).params)
        some = every([mine, either])
        conditions.append(Condition(f"trace_id NOT IN (SELECT trace_id FROM spans WHERE {some.sql})", some.params))
    if bounds.score_name:
        conditions.append(_scored(bounds, mine))
    return [condition for condition in conditions if condition.sql]


def span_filters(filters: Filters) -> Filters:
    """The part of ``filters`` that is asked of one span of a trace."""
    return Filters(filters.with_("status", ()).values, filters.search, (), filters.attributes)


def _failed(filters: Filters, mine: Condition) -> Condition:
    """A trace failed if any of its spans did; it has the status ``ok`` otherwise."""
    wanted = {"error" if status == "error" else "ok" for status in filters.get("status")} or {"ok", "error"}
    wanted -= set(dict(filters.excluded).get("status", ()))
    if len(wanted) == 2:
        return Condition("", ())
    if not wanted:
        return Condition("0", ())
    if "error" in wanted and span_filters(filters) == Filters():
        return Condition(
            "status = 'error'", ()
        )  # any failed span will do, and the page is read no further than it needs
    test = "IN" if "error" in wanted else "NOT IN"
    return Condition(f"trace_id {test} (SELECT trace_id FROM spans WHERE {mine.sql} AND status = 'error')", mine.params)


def _scored(bounds: TraceBounds, mine: Condition) -> Condition:
    """One of its scores of this name has a value between the bounds. A score is given after its trace began."""
    sql = (
        "trace_id IN (SELECT trace_id FROM scores FINAL WHERE project = {project:String} AND name = {score_name:String} "
        "AND timestamp >= fromUnixTimestamp64Nano({wide_start_ns:Int64}, 'UTC')"
    )
    params = [*mine.params, ("score_name", bounds.score_name)]
    for name, sign in _OF_SCORES:
        if (value := getattr(bounds, name)) is not None:
            sql += f" AND value {sign} {{{name}:Float64}}"
            params.append((name, float(value)))
    return Condition(f"{sql})", tuple(params))
