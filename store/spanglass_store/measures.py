"""The measures: each number the product shows, once. The number that fires an alert is the number on the page.

Sums and counts are weighted by ``sampling_weight`` (how many calls a kept one stands for). A call whose usage is told
twice (``usage_counted`` false) is left out. Unknown is NULL, never 0: cost is NULL when there were model calls and
none of them had a price. Percentiles are t-digests (Dunning, 2019): exact for few values, within about 1 % for many. Traces, users and sessions are
counted exactly up to some ten thousands, then from a sample of their hashes, within about 1 %.

Long windows of whole hours are answered from hourly roll-ups (``hours``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from spanglass_store import hours
from spanglass_store.limits import SERIES
from spanglass_store.query import (
    FIELDS,
    PROJECTIONS,
    SCORE_NAME,
    Condition,
    Filters,
    Query,
    Window,
    between,
    query,
    spans_where,
    told_apart,
)

Unit = Literal["", "ratio", "usd", "seconds", "tokens", "calls", "score", "per_second"]
Better = Literal["lower", "higher", "neither"]
Table = Literal["spans", "scores"]

CALL: Final = "kind IN ('llm', 'embedding', 'rerank') AND usage_counted"
_LLM: Final = "kind = 'llm' AND usage_counted"
_ROOT: Final = "parent_span_id = 0"
WEIGHT: Final = "sampling_weight"
_CALLS: Final = f"sumIf({WEIGHT}, {CALL})"
_OUTPUT: Final = f"sumIf(ifNull(output_tokens, 0) * {WEIGHT}, usage_counted)"
_INPUT: Final = f"sumIf(ifNull(input_tokens, 0) * {WEIGHT}, usage_counted)"
_COST: Final = (
    f"if(countIf({CALL}) > 0 AND countIf(usage_counted AND cost_usd IS NOT NULL) = 0, NULL, "
    f"sumIf(toFloat64(ifNull(cost_usd, 0)) * {WEIGHT}, usage_counted))"
)
SCORE_LOOKBACK_NS: Final = 7 * 86_400 * 10**9
"""How much older than its score a span may be and still be found by a filter on spans."""


@dataclass(frozen=True, slots=True)
class Measure:
    """``sql`` is an aggregate over ``table`` with ``params`` bound in it; ``better`` says which direction is good news.

    ``adds_up``: the measures of the parts of some rows add up to that of all of them.
    """

    name: str
    label: str
    unit: Unit
    sql: str
    help: str
    better: Better = "neither"
    table: Table = "spans"
    adds_up: bool = False
    params: tuple[tuple[str, Any], ...] = ()


_DIGEST: Final = (
    "quantilesTDigestWeightedIf({levels})({value}, toUInt64(greatest(1, round(sampling_weight))), {condition})"
)
_LEVELS: Final = (0.5, 0.95, 0.99)


def percentile(value: str, level: float, condition: str) -> str:
    """The aggregate that ``level`` (0 to 1) of the weighted ``value`` stay below, of rows for which ``condition`` holds.

    The usual levels come out of one digest: asked together they are computed once, and the roll-ups hold it.
    """
    levels = _LEVELS if level in _LEVELS else (level,)
    digest = _DIGEST.format(levels=", ".join(map(str, levels)), value=value, condition=condition)
    return f"{digest}[{levels.index(level) + 1}]"


def _latency(level: int) -> Measure:
    sql = percentile("duration_ns / 1e9", level / 100, _LLM)
    what = f"Time that {level} of 100 model calls stay below"
    return Measure(f"latency_p{level}_seconds", f"Latency p{level}", "seconds", sql, what, "lower")


def _trace_latency(level: int) -> Measure:
    sql = percentile("duration_ns / 1e9", level / 100, _ROOT)
    what = f"Time that {level} of 100 traces stay below, first span to last"
    return Measure(f"trace_latency_p{level}_seconds", f"Trace latency p{level}", "seconds", sql, what, "lower")


def _first_token(level: int) -> Measure:
    condition = f"{_LLM} AND time_to_first_token_ns IS NOT NULL"
    sql = percentile("ifNull(time_to_first_token_ns, 0) / 1e9", level / 100, condition)
    name, label = f"time_to_first_token_p{level}_seconds", f"Time to first token p{level}"
    return Measure(name, label, "seconds", sql, f"Wait for the first token of {level} of 100 streamed calls", "lower")


_CALL_ERRORS: Final = f"sumIf({WEIGHT}, {CALL} AND status = 'error')"
_TRACES: Final = f"ifNotFinite(uniq(trace_id) * avg({WEIGHT}), 0)"  # a trace is sampled whole: its spans weigh the same
_TRACE_ERRORS: Final = f"ifNotFinite(uniqIf(trace_id, status = 'error') * avgIf({WEIGHT}, status = 'error'), 0)"

_ALL: Final = (
    Measure("calls", "Model calls", "calls", _CALLS, "Calls of language, embedding and rerank models", adds_up=True),
    Measure("traces", "Traces", "calls", _TRACES, "Requests of your application, each with all the spans below it"),
    Measure("errors", "Failed calls", "calls", _CALL_ERRORS, "Model calls that ended in an error", "lower", adds_up=True),
    Measure("error_ratio", "Error rate", "ratio", f"{_CALL_ERRORS} / nullIf({_CALLS}, 0)",
            "Failed model calls of all model calls", "lower"),
    Measure("trace_errors", "Failed traces", "calls", _TRACE_ERRORS, "Traces in which a span failed", "lower"),
    Measure("trace_error_ratio", "Trace error rate", "ratio", f"{_TRACE_ERRORS} / nullIf({_TRACES}, 0)",
            "Traces in which a span failed, of all traces", "lower"),
    Measure("cost_usd", "Cost", "usd", _COST, "What the model calls cost; calls without a price are not in it", "lower", adds_up=True),
    Measure("unpriced_calls", "Calls without a price", "calls", f"sumIf({WEIGHT}, {CALL} AND status != 'error' AND cost_usd IS NULL)",
            "Model calls whose price or usage is unknown: they are missing from the cost", "lower", adds_up=True),
    Measure("cost_per_call_usd", "Cost per call", "usd",
            f"sumIf(toFloat64(ifNull(cost_usd, 0)) * {WEIGHT}, {CALL}) / nullIf(sumIf({WEIGHT}, {CALL} AND cost_usd IS NOT NULL), 0)",
            "Mean cost of the calls whose price is known", "lower"),
    Measure("input_tokens", "Input tokens", "tokens", _INPUT, "Tokens sent to models, cached ones included", adds_up=True),
    Measure("output_tokens", "Output tokens", "tokens", _OUTPUT, "Tokens written by models, reasoning included", adds_up=True),
    Measure("total_tokens", "Tokens", "tokens", f"({_INPUT}) + ({_OUTPUT})", "Input and output tokens together", adds_up=True),
    *map(_latency, (50, 95, 99)),
    *map(_trace_latency, (50, 95, 99)),
    *map(_first_token, (50, 95)),
    Measure("output_tokens_per_second", "Output speed", "per_second",
            f"sumIf(ifNull(output_tokens, 0), {_LLM} AND output_tokens IS NOT NULL)"
            f" / nullIf(sumIf(duration_ns, {_LLM} AND output_tokens IS NOT NULL) / 1e9, 0)",
            "Output tokens a second of model time", "higher"),
    Measure("users", "Users", "", "toFloat64(uniqIf(user_id, user_id != ''))", "Different users seen"),
    Measure("sessions", "Sessions", "", "toFloat64(uniqIf(session_id, session_id != ''))", "Different sessions seen"),
    Measure("score_mean", "Mean score", "score", "avg(value)", "Mean of a numeric or boolean score", "higher", "scores"),
    Measure("score_count", "Scores", "", "toFloat64(count())", "How many scores were given", "neither", "scores", adds_up=True),
)  # fmt: skip

BUILT_IN: Mapping[str, Measure] = MappingProxyType({m.name: m for m in _ALL})
_known: Final = dict(BUILT_IN)
MEASURES: Mapping[str, Measure] = MappingProxyType(_known)
"""Every measure of this process by name: those built in, and the custom ones it was started with."""


def use_custom(measures: Iterable[Measure]) -> None:
    """Make ``measures`` the custom ones of this process, in place of any before. Raises ValueError for a taken name."""
    custom = {measure.name: measure for measure in measures}
    if taken := sorted(custom.keys() & BUILT_IN.keys()):
        msg = f"measures that are built in cannot be defined anew: {', '.join(taken)}"
        raise ValueError(msg)
    _known.update(custom)
    for name in _known.keys() - BUILT_IN.keys() - custom.keys():
        del _known[name]


SETTINGS: Final = "SETTINGS prefer_column_name_to_alias = 1"  # a measure may be called as the column it sums

SCORE_GROUPS: Final = {SCORE_NAME: "name", "source": "source"}


def series(
    names: Sequence[str],
    project: str,
    window: Window,
    filters: Filters,
    interval_seconds: int,
    group_by: str | None = None,
) -> Query:
    """Measures over time. Columns: ``bucket`` (start, UTC), ``group`` if grouped, one a measure (NULL: no value).

    Grain: one row a bucket of ``interval_seconds`` (and group); empty buckets are absent.
    Reads ``spans`` or ``scores`` of ``window``. Raises ValueError for unknown names or measures of two tables.
    """
    table, select, bound = selected(names)
    time, source, conditions = measured(table, project, window, filters, interval_seconds)
    group = group_key(table, group_by)
    keys = ["bucket", "group"] if group else ["bucket"]
    return query(
        f"series of {', '.join(names)}",
        f"""
        SELECT toDateTime64(toStartOfInterval({time}, toIntervalSecond({{interval_seconds:UInt32}}), 'UTC'), 3, 'UTC') AS bucket,
        {f"{group} AS group," if group else ""}
        {select}
        FROM {source}
        GROUP BY {", ".join(keys)}
        ORDER BY {", ".join(keys)}
        {settings(window, interval_seconds)}
        """,
        *conditions,
        bound,
        interval_seconds=interval_seconds,
    ).limited(SERIES)


def totals(
    names: Sequence[str],
    project: str,
    window: Window,
    filters: Filters,
    group_by: str | None = None,
    order_by: str | None = None,
    limit: int = 100,
) -> Query:
    """Measures over the whole window. Columns: ``group`` if grouped, one a measure (NULL: no value).

    Grain: one row, or one a group, the largest ``order_by`` (default: the first measure) first, at most ``limit``.
    Raises ValueError as ``series`` does.
    """
    table, select, bound = selected(names)
    _, source, conditions = measured(table, project, window, filters)
    group = group_key(table, group_by)
    if order_by is not None and order_by not in names:
        msg = f"order_by {order_by!r} must be one of the measures asked for"
        raise ValueError(msg)
    tail = f"GROUP BY group ORDER BY {order_by or names[0]} DESC NULLS LAST, group LIMIT {{limit:UInt32}}"
    return query(
        f"totals of {', '.join(names)}",
        f"""
        SELECT {f"{group} AS group," if group else ""}
        {select}
        FROM {source}
        {tail if group else ""}
        {settings(window)}
        """,
        *conditions,
        bound,
        **({"limit": limit} if group else {}),
    )


def scores_where(project: str, window: Window, filters: Filters) -> Condition:
    """Scores of ``project`` given in ``window`` that have a number and whose trace passes ``filters``."""
    time = between("timestamp", window)
    parts, params = ["project = {project:String}", time.sql, "value IS NOT NULL"], [("project", project), *time.params]
    if names := filters.get(SCORE_NAME):
        parts.append("name IN {score_name:Array(String)}")
        params.append((SCORE_NAME, names))
    if filters.with_(SCORE_NAME, ()) != Filters():
        lookback = Window(window.start_ns - SCORE_LOOKBACK_NS, window.end_ns)
        spans = told_apart(spans_where(project, lookback, filters), time, "spans_")
        parts.append(f"trace_id IN (SELECT trace_id FROM spans WHERE {spans.sql})")
        params += spans.params
    return Condition(" AND ".join(parts), tuple(params))


def selected(names: Iterable[str]) -> tuple[Table, str, Condition]:
    """The table of measures, their SELECT list and what is bound in it. Raises ValueError for names unknown or of two."""
    chosen = []
    for name in names:
        if name not in MEASURES:
            msg = f"unknown measure {name!r}; known: {', '.join(MEASURES)}"
            raise ValueError(msg)
        chosen.append(MEASURES[name])
    tables = {m.table for m in chosen}
    if len(tables) != 1:
        msg = "measures asked for together must be of one table"
        raise ValueError(msg)
    bound = Condition("", tuple(param for m in chosen for param in m.params))
    return tables.pop(), ",\n".join(f"{m.sql} AS {m.name}" for m in chosen), bound


def settings(window: Window, interval_seconds: int = hours.HOUR_SECONDS) -> str:
    """Of a query of measures of ``window``, in intervals of so many seconds."""
    speaks_of_hours = hours.start_of(window, interval_seconds) == hours.HOUR
    return f"{SETTINGS}, {PROJECTIONS}" if speaks_of_hours else SETTINGS


def measured(
    table: Table, project: str, window: Window, filters: Filters, interval_seconds: int = hours.HOUR_SECONDS
) -> tuple[str, str, tuple[Condition, ...]]:
    """What a measure of ``table`` reads, in intervals of so many seconds: (time column, FROM and WHERE, parameters)."""
    if table == "spans":
        time = hours.start_of(window, interval_seconds)
        where = spans_where(project, window, filters, time=time)
        return time, f"spans WHERE {where.sql}", (where,)
    where = scores_where(project, window, filters)
    return "timestamp", f"scores FINAL WHERE {where.sql}", (where,)


def group_key(table: Table, field: str | None) -> str | None:
    """The expression that ``field`` is grouped by; None for None. Raises ValueError for one that does not exist."""
    if field is None:
        return None
    fields = FIELDS if table == "spans" else SCORE_GROUPS
    if field not in fields:
        msg = f"cannot group {table} by {field!r}; known: {', '.join(fields)}"
        raise ValueError(msg)
    return "arrayJoin(tags)" if field == "tag" else fields[field]
