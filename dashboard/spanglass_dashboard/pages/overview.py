"""The overview: how the application's model calls do, now and against the time before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

import pandas as pd
import streamlit as st

from spanglass_dashboard import buckets, charts, cost_change_card, data, empty, filter_bar, firing, panels, top_card
from spanglass_dashboard.address import Scope
from spanglass_dashboard.charts import Kind, Line
from spanglass_dashboard.kpis import KPIS, kpis
from spanglass_dashboard.plain import plain
from spanglass_store import measures
from spanglass_store.measures import MEASURES, Unit
from spanglass_store.numbers import format_count
from spanglass_store.queries import overview

CARD_PIXELS: Final = 300
CHART_PIXELS: Final = 236
NOTE_PIXELS: Final = 26
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
    return data.load(
        measures.totals(("unpriced_calls",), scope.project, scope.window, scope.filters, "model", limit=TOP)
    )


def _totals(scope: Scope) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """The figures of the window, and of the one before."""
    frame = data.load(overview.compared(KPIS, scope.project, scope.window, scope.filters)).astype("float64")
    now, before = ({name: float(frame[name + suffix].iloc[0]) for name in KPIS} for suffix in ("", overview.BEFORE))
    return now, before


CARDS: Final = (
    (("Calls and failures", _calls), ("Latency of model calls", _latency)),
    (("Cost by model", _cost), ("Tokens", _tokens)),
    (("Time to first token", _first_token), (cost_change_card.TITLE, cost_change_card.body)),
)
HELP: Final = {cost_change_card.TITLE: cost_change_card.HELP}


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
    panels.panel("Top by cost", top_card.body, key="top", height="content")


def _row(row: Sequence[tuple[str, Callable[[], None]]], scope: Scope, *, height: int | Literal["content"]) -> None:
    for place, (title, body) in zip(st.columns(2, gap="small"), row, strict=True):
        with place:
            panels.panel(
                title, body, key=title.lower().replace(" ", "_"), help=HELP.get(title), live=scope.live, height=height
            )


panels.guarded(_page, key="overview")
