"""What the quality page shows of a score: figures, a table of groups, two charts. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd
import plotly.graph_objects as go

from spanglass_dashboard import buckets, figures, kpis
from spanglass_dashboard.palette import Palette
from spanglass_store.numbers import format_count
from spanglass_store.query import Window

MAX_LINES: Final = 6
UNNAMED: Final = "not told"
INTERVAL_SECONDS: Final[Mapping[str, int]] = {"15m": 60, "1h": 300, "24h": 3_600, "7d": 6 * 3_600, "30d": 24 * 3_600}
"""Bucket of the trend by range: wider than other charts, since an interval needs values to be narrow."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure above the chart, with its change against the window before (None: nothing to compare with)."""

    label: str
    value: str
    help: str | None = None
    delta: str | int | None = None
    delta_color: Literal["normal", "off"] = "off"


def tiles(now: pd.DataFrame, before: pd.DataFrame, coverage: pd.DataFrame, *, is_share: bool) -> list[Tile]:
    """The four figures of a score from ``quality.totals`` (not grouped) of two windows and ``quality.coverage``."""
    mean, low, high, count = (_only(now, column) for column in ("mean", "low", "high", "count"))
    traces, scored = (_only(coverage, column) for column in ("traces", "scored"))
    return [
        Tile(
            label="Share of yes" if is_share else "Mean",
            value=mean_text(mean, is_share=is_share),
            delta=kpis.change(mean, _only(before, "mean")),
            delta_color="normal",
        ),
        Tile(
            label="95 % interval",
            value=interval_text(low, high, is_share=is_share) or "–",
            help="How sure the mean is: made this way, 95 of 100 intervals hold the true one. More scores narrow it.",
        ),
        Tile(label="Scores", value=format_count(_or_zero(count)), delta=kpis.change(count, _only(before, "count"))),
        Tile(
            label="Coverage",
            value=share_text(_or_zero(scored), _or_zero(traces)),
            help=f"{format_count(_or_zero(scored))} of {format_count(_or_zero(traces))} traces have this score.",
        ),
    ]


def _only(frame: pd.DataFrame, column: str) -> float:
    return float(frame[column].iloc[0]) if len(frame) else math.nan


def _or_zero(count: float) -> float:
    return 0.0 if math.isnan(count) else count


def compared(now: pd.DataFrame, before: pd.DataFrame, *, is_share: bool) -> pd.DataFrame:
    """Rows of ``quality.totals`` of two windows as one table, most values first.

    Columns: group, count, mean, interval (text), change (of the mean; NaN where there was nothing before), verdict
    (a list of one: better, worse, no clear change, or new). A change is clear when the 95 % interval of the difference
    of two independent means leaves zero out; its half width is the root of the sum of the squared half widths.
    """
    joined = now.merge(before, on="group", how="left", suffixes=("", "_before"))
    change = joined["mean"] - joined["mean_before"]
    half = (_half(joined, "") ** 2 + _half(joined, "_before") ** 2) ** 0.5
    return pd.DataFrame(
        {
            "group": [group or UNNAMED for group in joined["group"]],
            "count": joined["count"],
            "mean": joined["mean"],
            "interval": [
                interval_text(low, high, is_share=is_share)
                for low, high in zip(joined["low"], joined["high"], strict=True)
            ],
            "change": change,
            "verdict": [[_verdict(difference, width)] for difference, width in zip(change, half, strict=True)],
        }
    )


def _half(frame: pd.DataFrame, suffix: str) -> pd.Series[Any]:
    return (frame[f"high{suffix}"] - frame[f"low{suffix}"]) / 2


def _verdict(change: float, half_width: float) -> str:
    if math.isnan(change):
        return "new"
    if math.isnan(half_width) or abs(change) <= half_width:
        return "no clear change"
    return "better" if change > 0 else "worse"


def interval_text(low: float, high: float, *, is_share: bool) -> str:
    """``0.812 – 0.850``, or ``81.2 – 85.0 %`` for yes and no; empty where one value has no interval."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"{low * 100:.1f} – {high * 100:.1f} %" if is_share else f"{low:.3f} – {high:.3f}"


def trend_figure(
    frame: pd.DataFrame, window: Window, interval_seconds: int, palette: Palette, *, timezone: str, is_share: bool
) -> go.Figure:
    """A plotly figure of rows of ``quality.trend``: a line with its band for each of the MAX_LINES largest groups.

    ``is_share`` says that the values are yes and no: the mean is then a share and the axis in percent.
    """
    order = frame.groupby("group")["count"].sum().sort_values(ascending=False).index.tolist()[:MAX_LINES]
    unit = "ratio" if is_share else "score"
    figure = figures.base_figure(palette, height=330, unit=unit, legend=len(order) > 1)
    for index, group in enumerate(order):
        rows = frame[frame["group"] == group][["bucket", "mean", "low", "high"]]
        whole = buckets.filled(rows, window, interval_seconds)
        figures.add_trend(figure, whole, group or UNNAMED, palette.nth(index), palette, timezone=timezone)
    figure.update_traces(hovertemplate="%{y:.1%}" if is_share else "%{y:.3f}", selector={"mode": "lines+markers"})
    return figure


def distribution_chart(frame: pd.DataFrame, palette: Palette, *, is_share: bool) -> dict[str, Any]:
    """An ECharts option of rows of ``quality.distribution``: how often each value was given."""
    names = [_edge_text(low, high, is_share=is_share) for low, high in zip(frame["low"], frame["high"], strict=True)]
    return {
        "animation": False,
        "grid": {"left": 4, "right": 8, "top": 12, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {
            "type": "category",
            "data": names,
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": palette.border}},
            "axisLabel": {"fontSize": 11, "hideOverlap": True, "color": palette.muted},
        },
        "yAxis": {
            "type": "value",
            "splitNumber": 3,
            "minInterval": 1,
            "axisLabel": {"fontSize": 11, "color": palette.muted},
            "splitLine": {"lineStyle": {"color": palette.border}},
        },
        "series": [
            {
                "type": "bar",
                "name": "Scores",
                "data": [int(count) for count in frame["count"]],
                "itemStyle": {"color": palette.primary},
                "barCategoryGap": "55%" if is_share else "12%",
                "barMaxWidth": 90,
                "emphasis": {"disabled": True},
            }
        ],
    }


def every_bin(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``quality.distribution`` with the empty bins between them."""
    if len(frame) < 2:
        return frame
    width = float((frame["high"] - frame["low"]).iloc[0])
    first = float(frame["low"].iloc[0])
    numbers = [round((low - first) / width) for low in frame["low"]]
    counts = dict(zip(numbers, frame["count"], strict=True))
    rows = [(first + n * width, first + (n + 1) * width, counts.get(n, 0)) for n in range(max(numbers) + 1)]
    return pd.DataFrame(rows, columns=["low", "high", "count"])


def _edge_text(low: float, high: float, *, is_share: bool) -> str:
    if is_share:
        return "yes" if high >= 1 else "no"
    return f"{low:.3g} – {high:.3g}"


def share_text(scored: float, traces: float) -> str:
    """``42.1 %``; a dash where there are no traces."""
    return "–" if not traces else f"{scored / traces:.1%}".replace("%", " %")


def mean_text(mean: float, *, is_share: bool) -> str:
    """``0.831``, or ``83.1 %`` for yes and no; a dash for none."""
    if math.isnan(mean):
        return "–"
    return f"{mean * 100:.1f} %" if is_share else f"{mean:.3f}"
