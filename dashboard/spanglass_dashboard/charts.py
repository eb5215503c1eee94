"""Plain panels over time as values: a frame of numbers in, an ECharts option out, drawn without animation. Pure.

Names of models, users and scores are untrusted: they travel as series names, which ECharts draws as text, and never
inside a formatter, which is HTML. Where zooming and hovering pay there are ``figures``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from spanglass_dashboard.buckets import OTHERS, utc
from spanglass_dashboard.palette import Palette
from spanglass_store.query import Window

Kind = Literal["line", "bar", "area"]
Role = Literal["", "error", "good", "warning", "primary", "muted"]


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
    times = [int(t.timestamp() * 1000) for t in utc(frame["bucket"])]
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
