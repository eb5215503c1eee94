"""The overview: how the application's model calls do, now and against the time before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

import pandas as pd
import streamlit as st

from spanglass_dashboard import buckets, charts, data, empty, filter_bar, firing, panels
from spanglass_dashboard.address import Scope
from spanglass_dashboard.charts import Kind, Line
from spanglass_dashboard.kpis import KPIS, kpis
from spanglass_dashboard.plain import plain
from spanglass_store import measures
from spanglass_store.measures import MEASURES, Unit
from spanglass_store.numbers import format_count
from spanglass_store.queries import overview
from spanglass_store.query import Query

CARD_PIXELS: Final = 300
CHART_PIXELS: Final = 236
NOTE_PIXELS: Final = 26
ROW_PIXELS: Final = 32
TOP: Final = 50

# One question for all panels of one kind: whichever panel comes first asks it, the others read the cache.
OVER_TIME: Final = (
    *KPIS,
    "errors",
    "input_tokens",
    "output_tokens",
    "latency_p50_seconds",
    "latency_p99_seconds",
)
COUNTS: Final = tuple(name for name in OVER_TIME if MEASURES[name].unit in buckets.SUMS)
BY_GROUP: Final = ("calls", "error_ratio", "latency_p95_seconds", "total_tokens", "cost_usd", "unpriced_calls")
BY_SERVICE: Final = ("traces", "trace_error_ratio", "trace_latency_p95_seconds", "total_tokens", "cost_usd")


def _over_time(scope: Scope) -> pd.DataFrame:
    return data.load(
        measures.series(OVER_TIME, scope.project, scope.window, scope.filters, scope.range.interval_seconds)
    )


def _filled(scope: Scope, names: Sequence[str]) -> pd.DataFrame:
    zeros = [name for name in names if name in COUNTS]
    asked = _over_time(scope)[["bucket", *names]]
    return buckets.filled(asked, scope.window, scope.range.interval_seconds, zeros)


def _draw(lines: Sequence[Line], *, unit: Unit, key: str, kind: Kind = "line", stacked: bool = False) -> None:
    scope = filter_bar.scope()
    frame = _filled(scope, [line.column for line in lines])
    _show(frame, lines, scope, unit=unit, kind=kind, stacked=stacked, key=key)


def _show(
    frame: pd.DataFrame,
    lines: Sequence[Line],
    scope: Scope,
    *,
    unit: Unit,
    kind: Kind,
    stacked: bool,
    key: str,
    height: int = CHART_PIXELS,
) -> None:
    colors = panels.palette()
    option = charts.time_chart(frame, lines, scope.window, colors, unit=unit, kind=kind, stacked=stacked)
    st.echarts_chart(option, height=height, key=key, alt=", ".join(line.label for line in lines))


def _kpi_grid() -> None:
    scope = filter_bar.scope()

    now, before = _totals(scope)
    grid = st.grid(4, min_column_width=160, gap="small")
    past = buckets.filled(_over_time(scope), scope.window, scope.range.interval_seconds, COUNTS)
    for kpi in kpis(now, before, past):
        grid.metric(
            kpi.label,
            kpi.value,
            kpi.delta,
            delta_color=kpi.delta_color,
            delta_description=None if kpi.delta is None else f"vs prev {scope.range.key}",
            help=kpi.help,
            border=True,
            chart_data=kpi.spark or None,
            chart_type="area",
            height="stretch",
        )


def _calls() -> None:
    scope = filter_bar.scope()
    frame = _filled(scope, ["calls", "errors"])
    lines = [Line("succeeded", "Succeeded", "primary"), Line("errors", "Failed", "error")]
    frame["succeeded"] = frame["calls"] - frame["errors"]
    _show(frame, lines, scope, unit="calls", kind="bar", stacked=True, key="calls")


def _latency() -> None:
    lines = [Line(f"latency_p{level}_seconds", f"p{level}") for level in (50, 95, 99)]
    _draw(lines, unit="seconds", key="latency")


def _first_token() -> None:
    lines = [Line(f"time_to_first_token_p{level}_seconds", f"p{level}") for level in (50, 95)]
    _draw(lines, unit="seconds", key="first_token")


def _tokens() -> None:
    lines = [Line("input_tokens", "Input"), Line("output_tokens", "Output")]
    _draw(lines, unit="tokens", kind="bar", stacked=True, key="tokens")


def _cost() -> None:
    scope = filter_bar.scope()
    noted = _unpriced(scope)
    asked = data.load(
        measures.series(
            ["cost_usd"], scope.project, scope.window, scope.filters, scope.range.interval_seconds, group_by="model"
        )
    )
    known = asked[asked["cost_usd"].notna() & (asked["cost_usd"] > 0)]
    if known.empty:
        panels.nothing("No call in this time has a known price.", icon="money_off", height=CHART_PIXELS)
        return
    wide = buckets.widened(known, "cost_usd")
    models = [column for column in wide.columns if column != "bucket"]
    frame = buckets.filled(wide, scope.window, scope.range.interval_seconds, models)
    lines = [Line(model, model) for model in models]
    height = CHART_PIXELS - NOTE_PIXELS * noted
    _show(frame, lines, scope, unit="usd", kind="bar", stacked=True, key="cost", height=height)


def _unpriced(scope: Scope) -> bool:
    """Say which calls' cost is unknown, if there are any: unknown is never shown as 0. Whether something was said."""
    by_model = _by_model(scope)
    missing = by_model[by_model["unpriced_calls"] > 0].sort_values("unpriced_calls", ascending=False)
    if missing.empty:
        return False
    named = ", ".join(
        f"{format_count(calls)} {'call' if calls == 1 else 'calls'} of {plain(model, 40)}"
        for model, calls in zip(missing["group"].head(3), missing["unpriced_calls"].head(3), strict=True)
    )
    more = f" and {len(missing) - 3} more models" if len(missing) > 3 else ""
    st.caption(f":orange[:material/money_off:] Cost unknown for {named}{more}: not in these figures.")
    return True


def _by_model(scope: Scope) -> pd.DataFrame:
    return _grouped(measures.totals(BY_GROUP, scope.project, scope.window, scope.filters, "model", limit=TOP))


def _grouped(query: Query) -> pd.DataFrame:
    """Groups that have a name and something to count."""
    frame = data.load(query)
    if frame.empty:
        return pd.DataFrame(columns=["group", *frame.columns.drop("group", errors="ignore")])
    return frame[(frame["group"] != "") & (frame.iloc[:, 1] > 0)].reset_index(drop=True)


def _models() -> None:
    _table(_by_model(filter_bar.scope()), "Model", BY_GROUP[:-1], key="models")


def _services() -> None:
    scope = filter_bar.scope()
    query = measures.totals(BY_SERVICE, scope.project, scope.window, scope.filters, "service", limit=TOP)
    _table(_grouped(query), "Service", BY_SERVICE, key="services")


def _prompts() -> None:
    scope = filter_bar.scope()
    query = measures.totals(BY_GROUP, scope.project, scope.window, scope.filters, "prompt_name", limit=TOP)
    _table(_grouped(query), "Prompt", BY_GROUP[:-1], key="prompts")


def _table(frame: pd.DataFrame, label: str, names: Sequence[str], *, key: str) -> None:
    if frame.empty:
        panels.nothing(f"No {label.lower()} was named in this time.", icon="label_off", height=CHART_PIXELS)
        return
    number = st.column_config.NumberColumn
    formats = {"usd": "$%,.4f", "seconds": "%.2f s", "ratio": "percent"}
    headings = {"total_tokens": "Tokens", "calls": "Calls", "traces": "Traces", "cost_usd": "Cost"}
    headings |= {"error_ratio": "Errors", "trace_error_ratio": "Errors"}
    headings |= {"latency_p95_seconds": "p95", "trace_latency_p95_seconds": "p95"}
    columns = {
        name: number(headings[name], format=formats.get(MEASURES[name].unit, "localized"), help=MEASURES[name].help)
        for name in names
    }
    st.dataframe(
        frame[["group", *names]],
        hide_index=True,
        height=min(CHART_PIXELS, ROW_PIXELS * (len(frame) + 1) + 2),
        row_height=ROW_PIXELS,
        placeholder="–",
        key=f"table_{key}",
        column_config={"group": st.column_config.TextColumn(label), **columns},
    )


def _totals(scope: Scope) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """The figures of the window, and of the one before."""
    frame = data.load(overview.compared(KPIS, scope.project, scope.window, scope.filters)).astype("float64")
    now, before = ({name: float(frame[name + suffix].iloc[0]) for name in KPIS} for suffix in ("", overview.BEFORE))
    return now, before


CARDS: Final = (
    (("Calls and failures", _calls), ("Latency of model calls", _latency)),
    (("Cost by model", _cost), ("Tokens", _tokens)),
    (("Time to first token", _first_token), ("Top models", _models)),
)
TABLES: Final = (("Top services", _services), ("Top prompts", _prompts))


def _page() -> None:
    scope = filter_bar.scope()
    now, _ = _totals(scope)
    if not now.get("calls") and not now.get("traces"):
        empty.show(scope, waiting_for="calls or traces")
        return
    firing.strip(scope.project)
    every = panels.LIVE_SECONDS if scope.live else None
    st.fragment(lambda: panels.guarded(_kpi_grid, key="kpis"), parallel=True, key="kpis", run_every=every)()
    for row in CARDS:
        _row(row, scope, height=CARD_PIXELS)
    _row(TABLES, scope, height="content")


def _row(row: Sequence[tuple[str, Callable[[], None]]], scope: Scope, *, height: int | Literal["content"]) -> None:
    for place, (title, body) in zip(st.columns(2, gap="small"), row, strict=True):
        with place:
            panels.panel(title, body, key=body.__name__.strip("_"), live=scope.live, height=height)


panels.guarded(_page, key="overview")
