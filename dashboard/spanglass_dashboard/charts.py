"""Charts as values: a frame of numbers in, an ECharts option or a plotly figure out. Pure.

Plain panels over time are ECharts (lighter, drawn without animation); where zooming and hovering pay (quality, alert
history) it is plotly. Both take one Palette, so they look alike. Names of models, users and scores are untrusted:
they travel as series names, which both libraries draw as text, and never inside a formatter, which is HTML.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Literal

import pandas as pd
import plotly.graph_objects as go

from spanglass_dashboard.palette import Palette
from spanglass_store.query import Window

Kind = Literal["line", "bar", "area"]
Role = Literal["", "error", "good", "warning", "primary", "muted"]
SUMS: Final = ("calls", "tokens", "")
"""Units of which an empty bucket holds 0; of any other unit it holds nothing."""
MAX_GROUPS: Final = 7
OTHERS: Final = "others"


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a chart: ``column`` of the frame, called ``label``. ``role`` names a colour of the palette."""

    column: str
    label: str
    role: Role = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """How an axis tells its numbers: multiply by ``factor``, then ``axis`` and ``tooltip`` say the unit."""

    factor: float
    axis: str
    tooltip: str


def scale_for(unit: str, largest: float) -> Scale:
    """The scale in which ``largest`` of ``unit`` (as in ``measures.Measure.unit``) is easy to read."""
    match unit:
        case "usd":
            return Scale(1, "${value}", "$%.4f" if largest < 1 else "$%,.2f")
        case "seconds" if largest < 1:
            return Scale(1000, "{value} ms", "%.0f ms")
        case "seconds":
            return Scale(1, "{value} s", "%.2f s")
        case "ratio":
            return Scale(100, "{value} %", "%.2f %%")
        case "score":
            return Scale(1, "{value}", "%.3f")
        case "per_second":
            return Scale(1, "{value} /s", "%.1f /s")
        case _ if largest >= 10_000_000:
            return Scale(1e-6, "{value} M", "%,.2f M")
        case _ if largest >= 10_000:
            return Scale(1e-3, "{value} k", "%,.1f k")
        case _:
            return Scale(1, "{value}", "%,d")


def filled(frame: pd.DataFrame, window: Window, interval_seconds: int, zeros: Sequence[str] = ()) -> pd.DataFrame:
    """``frame`` with a row for every bucket of ``window``, in order: missing ones hold NaN, or 0 in ``zeros``.

    Takes and returns the columns of ``measures.series`` without ``group``; ``bucket`` is UTC. The bucket that begins
    before the window is left out: it is not whole.
    """
    step = pd.Timedelta(seconds=interval_seconds)
    start, end = (pd.Timestamp(ns, tz="UTC") for ns in (window.start_ns, window.end_ns))
    grid = pd.date_range(start.ceil(step), end, freq=step, inclusive="left", unit="ns")
    by_bucket = frame.assign(bucket=_utc(frame["bucket"])).set_index("bucket")
    whole = by_bucket.reindex(grid).astype(dict.fromkeys(by_bucket.columns, "float64"))
    whole[list(zeros)] = whole[list(zeros)].fillna(0.0)
    return whole.rename_axis("bucket").reset_index()


def widened(frame: pd.DataFrame, column: str, *, limit: int = MAX_GROUPS) -> pd.DataFrame:
    """Rows of (bucket, group, ``column``) as one column a group, the largest sum first; beyond ``limit``: "others"."""
    order = frame.groupby("group")[column].sum().sort_values(ascending=False).index.tolist()
    kept = set(order[:limit])
    named = frame.assign(group=[group if group in kept else OTHERS for group in frame["group"]])
    wide = named.pivot_table(index="bucket", columns="group", values=column, aggfunc="sum", min_count=1)
    columns = [group for group in [*order[:limit], OTHERS] if group in wide.columns]
    return wide[columns].rename_axis(columns=None).reset_index()


def time_chart(
    frame: pd.DataFrame,
    lines: Sequence[Line],
    window: Window,
    palette: Palette,
    *,
    unit: str,
    kind: Kind = "line",
    stacked: bool = False,
    threshold: float | None = None,
) -> dict[str, Any]:
    """An ECharts option: ``lines`` of ``frame`` (with a UTC ``bucket``) over ``window``, in ``unit``.

    The browser draws the times in its own time zone. ``threshold`` is a dashed line in the same unit.
    """
    scale = scale_for(unit, max([_largest(frame, lines, stacked=stacked), threshold or 0.0]))
    times = [int(t.timestamp() * 1000) for t in _utc(frame["bucket"])]
    series = [
        _series(line, index, frame, times, scale, palette, kind=kind, stacked=stacked)
        for index, line in enumerate(lines)
    ]
    if threshold is not None:
        series[0]["markLine"] = _mark(threshold * scale.factor, palette)
    return {
        "animation": False,
        "useUTC": False,
        "grid": {"left": 4, "right": 16, "top": 30 if len(lines) > 1 else 12, "bottom": 4, "containLabel": True},
        "legend": {"show": len(lines) > 1, "type": "scroll", "top": 0, "left": 0, "icon": "roundRect"}
        | {"itemWidth": 10, "itemHeight": 4, "itemGap": 14, "textStyle": {"fontSize": 11, "color": palette.muted}},
        "tooltip": {"trigger": "axis", "confine": True, "valueFormatter": scale.tooltip, "order": "valueDesc"},
        "xAxis": {
            "type": "time",
            "min": window.start_ns // 1_000_000,
            "max": window.end_ns // 1_000_000,
            "splitNumber": 5,
            "splitLine": {"show": False},
            "axisLabel": {"fontSize": 11, "hideOverlap": True, "color": palette.muted},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "splitNumber": 3,
            "axisLabel": {"fontSize": 11, "formatter": scale.axis, "color": palette.muted},
            "splitLine": {"lineStyle": {"color": palette.border}},
        },
        "series": series,
    }


def _series(
    line: Line,
    index: int,
    frame: pd.DataFrame,
    times: Sequence[int],
    scale: Scale,
    palette: Palette,
    *,
    kind: Kind,
    stacked: bool,
) -> dict[str, Any]:
    color = color_of(line, index, palette)
    values = [
        None if math.isnan(value) else round(value * scale.factor, 6) for value in frame[line.column].astype(float)
    ]
    alone = _isolated(values)
    option: dict[str, Any] = {
        "type": "bar" if kind == "bar" else "line",
        "name": line.label,
        "data": [[time, value] for time, value in zip(times, values, strict=True)],
        "itemStyle": {"color": color},
        "emphasis": {"disabled": True},
    }
    if kind == "bar":
        option |= {"barMaxWidth": 18, "barCategoryGap": "25%"}
    else:
        option |= {
            "showSymbol": alone,
            "symbol": "circle",
            "symbolSize": 4,
            "lineStyle": {"width": 1.75, "color": color},
        }
    if kind == "area":
        option["areaStyle"] = {"opacity": 0.18}
    if stacked:
        option["stack"] = "all"
    return option


def color_of(line: Line, index: int, palette: Palette) -> str:
    """The colour a line is drawn in: its role's, else the ``index``-th of the palette."""
    if line.role:
        return str(getattr(palette, line.role))
    return palette.muted if line.label == OTHERS else palette.nth(index)


def _isolated(values: Sequence[float | None]) -> bool:
    """Whether a value has no neighbour to be joined with: a line alone would not show it."""
    padded = [None, *values, None]
    triples = zip(padded, padded[1:], padded[2:], strict=False)
    return any(before is None and here is not None and after is None for before, here, after in triples)


def _mark(value: float, palette: Palette) -> dict[str, Any]:
    return {
        "silent": True,
        "symbol": "none",
        "label": {"show": False},
        "lineStyle": {"type": "dashed", "width": 1.5, "color": palette.error},
        "data": [{"yAxis": value}],
    }


def _largest(frame: pd.DataFrame, lines: Sequence[Line], *, stacked: bool) -> float:
    numbers = frame[[line.column for line in lines]].astype(float)
    largest = (numbers.sum(axis=1) if stacked else numbers.max(axis=1)).max()
    return 0.0 if pd.isna(largest) else float(largest)


def _utc(times: pd.Series[Any]) -> pd.Series[Any]:
    return pd.to_datetime(times, utc=True).astype("datetime64[ns, UTC]")


# --- plotly ---------------------------------------------------------------------------------------------


def base_figure(palette: Palette, *, height: int = 300, unit: str = "", legend: bool = True) -> go.Figure:
    """An empty figure in the dress of the page: time below, ``unit`` on the left, one hover label for all lines."""
    figure = go.Figure()
    grid = {"gridcolor": palette.border, "zeroline": False, "linecolor": palette.border, "tickfont": {"size": 11}}
    figure.update_layout(
        height=height,
        margin={"l": 4, "r": 8, "t": 28 if legend else 8, "b": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": palette.muted, "size": 12, "family": "Source Sans, sans-serif"},
        colorway=list(palette.categorical),
        showlegend=legend,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 11}},
        hovermode="x unified",
        hoverlabel={"bgcolor": palette.background, "bordercolor": palette.border, "font": {"color": palette.text}},
        dragmode="zoom",
    )
    figure.update_xaxes(**grid | {"showgrid": False}, automargin=True)
    figure.update_yaxes(**grid, automargin=True, **_PLOTLY_AXIS.get(unit, {}))
    return figure


_PLOTLY_AXIS: Final[dict[str, dict[str, Any]]] = {
    "usd": {"tickprefix": "$"},
    "seconds": {"ticksuffix": " s"},
    "ratio": {"tickformat": ".1%"},
    "tokens": {"tickformat": "~s"},
    "calls": {"tickformat": "~s"},
}


def add_trend(
    figure: go.Figure,
    frame: pd.DataFrame,
    label: str,
    color: str,
    palette: Palette,
    *,
    timezone: str,
    value: str = "mean",
    low: str | None = "low",
    high: str | None = "high",
) -> None:
    """Draw column ``value`` of ``frame`` over its UTC ``bucket`` into ``figure``, with a band from ``low`` to ``high``.

    ``timezone`` is the viewer's. ``label`` may be anybody's text: plotly reads a little HTML in it, so it is escaped.
    """
    times = _utc(frame["bucket"]).dt.tz_convert(timezone).dt.tz_localize(None)
    text = html.escape(label)
    if low is not None and high is not None:
        outline = _band(times, frame[low], frame[high])
        figure.add_scatter(
            x=[x for x, _ in outline],
            y=[y for _, y in outline],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=palette.faded(color, 0.16),
            hoverinfo="skip",
            showlegend=False,
            legendgroup=text,
        )
    figure.add_scatter(
        x=times,
        y=frame[value],
        name=text,
        legendgroup=text,
        mode="lines+markers",
        line={"width": 2, "color": color},
        marker={"size": 4},
    )


def _band(times: pd.Series[Any], low: pd.Series[Any], high: pd.Series[Any]) -> list[tuple[Any, float | None]]:
    """The outline of a band, there above and back below; one outline for each stretch without a gap."""
    known = (low.notna() & high.notna()).tolist()
    points = list(zip(times, low.astype(float), high.astype(float), known, strict=True))
    outline: list[tuple[Any, float | None]] = []
    for is_known, stretch in groupby(points, key=itemgetter(3)):
        if is_known:
            there = list(stretch)
            outline += [(time, above) for time, _, above, _ in there]
            outline += [(time, below) for time, below, _, _ in reversed(there)]
            outline.append((None, None))
    return outline[:-1]


def add_threshold(figure: go.Figure, value: float, palette: Palette, label: str = "threshold") -> None:
    """Draw a dashed horizontal line at ``value`` into ``figure``."""
    figure.add_hline(
        y=value,
        line={"color": palette.error, "width": 1.5, "dash": "dash"},
        annotation={"text": html.escape(label), "font": {"size": 11, "color": palette.error}},
        annotation_position="top left",
    )
