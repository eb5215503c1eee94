"""The measures: each number the product shows, once. The number that fires an alert is the number on the page.

Sums and counts are weighted by ``sampling_weight`` (how many calls a kept one stands for). A call whose usage is told
twice (``usage_counted`` false) is left out. Unknown is NULL, never 0: cost is NULL when there were model calls and
none of them had a price. Percentiles are t-digests (Dunning, 2019): exact for few values, within about 1 % for many. Traces, users and sessions are
counted exactly up to some ten thousands, then from a sample of their hashes, within about 1 %.

Long windows are put together from roll-ups of days and hours and from the spans of their edges (``days_and_hours``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from types import MappingProxyType
from typing import Any, Final, Literal

from spanglass_store.aggregates import AGGREGATES, LEVELS
from spanglass_store.limits import SERIES
from spanglass_store.query import Filters, Query, Window, query
from spanglass_store.sources import Table, source

Unit = Literal["", "ratio", "usd", "seconds", "tokens", "calls", "score", "per_second"]
Better = Literal["lower", "higher", "neither"]


@dataclass(frozen=True, slots=True)
class Measure:
    """``sql`` is an aggregate over ``table`` with ``params`` bound in it; ``better`` says which direction is good news.

    ``adds_up``: the measures of the parts of some rows add up to that of all of them. ``made_of`` names the ``AGGREGATES`` in
    it, and ``of_parts`` is the same over columns of those names that parts of the rows have; a measure without cannot be put together.
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
    made_of: frozenset[str] = frozenset()
    of_parts: str = ""


def _made(
    name: str,
    label: str,
    unit: Unit,
    formula: str,
    explained: str,
    better: Better = "neither",
    *,
    adds_up: bool = False,
) -> Measure:
    """A measure of spans. ``formula`` has aggregates in braces, by their names in ``AGGREGATES``."""
    made_of = frozenset(named for _, named, _, _ in Formatter().parse(formula) if named)
    sql = formula.format_map({named: AGGREGATES[named].sql for named in made_of})
    of_parts = formula.format_map({named: AGGREGATES[named].of_parts(named) for named in made_of})
    return Measure(name, label, unit, sql, explained, better, adds_up=adds_up, made_of=made_of, of_parts=of_parts)


def _latency(level: int) -> Measure:
    what = f"Time that {level} of 100 model calls stay below"
    return _made(f"latency_p{level}_seconds", f"Latency p{level}", "seconds", f"{{latency}}{_at(level)}", what, "lower")


def _trace_latency(level: int) -> Measure:
    what = f"Time that {level} of 100 traces stay below, first span to last"
    name, label = f"trace_latency_p{level}_seconds", f"Trace latency p{level}"
    return _made(name, label, "seconds", f"{{trace_latency}}{_at(level)}", what, "lower")


def _first_token(level: int) -> Measure:
    name, label = f"time_to_first_token_p{level}_seconds", f"Time to first token p{level}"
    what = f"Wait for the first token of {level} of 100 streamed calls"
    return _made(name, label, "seconds", f"{{first_token}}{_at(level)}", what, "lower")


def _at(level: int) -> str:
    """Where the percentile is among those of the usual digest."""
    return f"[{LEVELS.index(level / 100) + 1}]"


_COST: Final = "if({calls_kept} > 0 AND {priced_kept} = 0, NULL, {cost_sum_usd})"
_TRACES: Final = "ifNotFinite({different_traces} * {spans_weight} / {spans_kept}, 0)"  # a trace is sampled whole: its spans weigh the same
_TRACE_ERRORS: Final = "ifNotFinite({different_failed_traces} * {failed_weight} / {failed_kept}, 0)"

_ALL: Final = (
    _made("calls", "Model calls", "calls", "{calls_weight}", "Calls of language, embedding and rerank models", adds_up=True),
    _made("traces", "Traces", "calls", _TRACES, "Requests of your application, each with all the spans below it"),
    _made("errors", "Failed calls", "calls", "{failed_calls_weight}", "Model calls that ended in an error", "lower", adds_up=True),
    _made("error_ratio", "Error rate", "ratio", "{failed_calls_weight} / nullIf({calls_weight}, 0)",
            "Failed model calls of all model calls", "lower"),
    _made("trace_errors", "Failed traces", "calls", _TRACE_ERRORS, "Traces in which a span failed", "lower"),
    _made("trace_error_ratio", "Trace error rate", "ratio", f"{_TRACE_ERRORS} / nullIf({_TRACES}, 0)",
            "Traces in which a span failed, of all traces", "lower"),
    _made("cost_usd", "Cost", "usd", _COST, "What the model calls cost; calls without a price are not in it", "lower", adds_up=True),
    _made("unpriced_calls", "Calls without a price", "calls", "{unpriced_calls_weight}",
            "Model calls whose price or usage is unknown: they are missing from the cost", "lower", adds_up=True),
    _made("cost_per_call_usd", "Cost per call", "usd", "{calls_cost_usd} / nullIf({priced_calls_weight}, 0)",
            "Mean cost of the calls whose price is known", "lower"),
    _made("input_tokens", "Input tokens", "tokens", "{input_sum_tokens}", "Tokens sent to models, cached ones included", adds_up=True),
    _made("output_tokens", "Output tokens", "tokens", "{output_sum_tokens}", "Tokens written by models, reasoning included", adds_up=True),
    _made("total_tokens", "Tokens", "tokens", "({input_sum_tokens}) + ({output_sum_tokens})", "Input and output tokens together", adds_up=True),
    *map(_latency, (50, 95, 99)),
    *map(_trace_latency, (50, 95, 99)),
    *map(_first_token, (50, 95)),
    _made("output_tokens_per_second", "Output speed", "per_second", "{spoken_tokens} / nullIf({spoken_ns} / 1e9, 0)",
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
    read = source(
        selected(names), project, window, filters, keys={"group": group_by}, interval_seconds=interval_seconds
    )
    keys = ", ".join(read.keys)
    return query(
        f"series of {', '.join(names)}",
        f"""
        SELECT {read.select_keys}{read.select}
        FROM {read.rows.sql}
        GROUP BY {keys}
        ORDER BY {keys}
        {read.settings}
        """,
        read.rows,
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
    read = source(selected(names), project, window, filters, keys={"group": group_by})
    if order_by is not None and order_by not in names:
        msg = f"order_by {order_by!r} must be one of the measures asked for"
        raise ValueError(msg)
    tail = f"GROUP BY group ORDER BY {order_by or names[0]} DESC NULLS LAST, group LIMIT {{limit:UInt32}}"
    return query(
        f"totals of {', '.join(names)}",
        f"""
        SELECT {read.select_keys}{read.select}
        FROM {read.rows.sql}
        {tail if group_by else ""}
        {read.settings}
        """,
        read.rows,
        **({"limit": limit} if group_by else {}),
    )


def selected(names: Iterable[str]) -> tuple[Measure, ...]:
    """The measures of these names. Raises ValueError for names that are unknown or of two tables."""
    chosen = []
    for name in names:
        if name not in MEASURES:
            msg = f"unknown measure {name!r}; known: {', '.join(MEASURES)}"
            raise ValueError(msg)
        chosen.append(MEASURES[name])
    if len({measure.table for measure in chosen}) != 1:
        msg = "measures asked for together must be of one table"
        raise ValueError(msg)
    return tuple(chosen)
