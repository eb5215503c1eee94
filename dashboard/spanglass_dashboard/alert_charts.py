"""Charts of alerts: the past of a measure against its threshold. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from spanglass_dashboard import charts, figures
from spanglass_dashboard.palette import Palette
from spanglass_store.alerting.backtest import Firing, Point
from spanglass_store.alerting.words import value_text
from spanglass_store.measures import MEASURES
from spanglass_store.query import Window
from spanglass_store.rules import Rule

_MS: Final = 1_000_000


def spark(
    points: Sequence[Point], firings: Sequence[Firing], window: Window, rule: Rule, palette: Palette
) -> dict[str, Any]:
    """An ECharts option: the measure over ``window`` without axes, its threshold dashed, firing times shaded red."""
    scale = charts.scale_for(MEASURES[rule.measure].unit, max([abs(rule.threshold), *(p[1] or 0.0 for p in points)]))
    return {
        "animation": False,
        "grid": {"left": 2, "right": 2, "top": 6, "bottom": 18},
        "tooltip": {"trigger": "axis", "confine": True, "valueFormatter": scale.tooltip},
        "xAxis": {
            "type": "time",
            "min": window.start_ns // _MS,
            "max": window.end_ns // _MS,
            "splitNumber": 4,
            "axisLine": {"lineStyle": {"color": palette.border}},
            "axisTick": {"show": False},
            "splitLine": {"show": False},
            "axisLabel": {"fontSize": 10, "hideOverlap": True, "color": palette.muted},
        },
        "yAxis": {"type": "value", "show": False, **_reach(points, rule, scale.factor)},
        "series": [
            {
                "type": "line",
                "name": MEASURES[rule.measure].label,
                "data": [
                    [at // _MS, None if value is None else round(value * scale.factor, 6)] for at, value in points
                ],
                "showSymbol": len(points) < 3,
                "symbol": "circle",
                "symbolSize": 4,
                "emphasis": {"disabled": True},
                "itemStyle": {"color": palette.primary},
                "lineStyle": {"width": 1.5, "color": palette.primary},
                "markLine": {
                    "silent": True,
                    "symbol": "none",
                    "label": {"show": False},
                    "lineStyle": {"type": "dashed", "width": 1.25, "color": palette.error},
                    "data": [{"yAxis": round(rule.threshold * scale.factor, 9)}],
                },
                "markArea": {
                    "silent": True,
                    "itemStyle": {"color": palette.faded(palette.error, 0.14)},
                    "data": [
                        [{"xAxis": each.start_ns // _MS}, {"xAxis": each.end_by(window.end_ns) // _MS}]
                        for each in firings
                    ],
                },
            }
        ],
    }


def preview(
    points: Sequence[Point], firings: Sequence[Firing], window: Window, rule: Rule, palette: Palette, *, timezone: str
) -> go.Figure:
    """A plotly figure: the measure over ``window`` against the threshold, the times it would have fired shaded."""
    measure = MEASURES[rule.measure]
    figure = figures.base_figure(palette, height=230, unit=measure.unit, legend=False)
    frame = pd.DataFrame(
        {
            "bucket": pd.to_datetime([at for at, _ in points], utc=True, unit="ns"),
            "value": [value for _, value in points],
        }
    ).astype({"value": "float64"})
    figures.add_trend(
        figure, frame, measure.label, palette.primary, palette, timezone=timezone, value="value", low=None, high=None
    )
    figure.update_traces(mode="lines", line={"width": 1.5})
    figures.add_threshold(figure, rule.threshold, palette, label=value_text(rule, rule.threshold))
    # All at once: add_vrect validates the whole figure each time, which takes seconds for a rule that fires often.
    figure.update_layout(shapes=[*figure.layout.shapes, *(_shade(each, window, palette, timezone) for each in firings)])
    figure.update_xaxes(range=[_local(window.start_ns, timezone), _local(window.end_ns, timezone)])
    reach = _reach(points, rule, 1.0)
    figure.update_yaxes(range=[reach["min"], reach["max"]])
    return figure


def _shade(firing: Firing, window: Window, palette: Palette, timezone: str) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": _local(firing.start_ns, timezone),
        "x1": _local(firing.end_by(window.end_ns), timezone),
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "fillcolor": palette.faded(palette.error, 0.16),
        "line": {"width": 0},
        "layer": "below",
    }


def _reach(points: Sequence[Point], rule: Rule, factor: float) -> dict[str, float]:
    """Axis limits that show every value and the threshold, from zero unless something is below it."""
    values = [rule.threshold, *(value for _, value in points if value is not None)]
    low, high = min(0.0, *values), max(0.0, *values)
    room = (high - low or 1.0) * 0.08
    return {"min": (low - room if low < 0 else 0.0) * factor, "max": (high + room) * factor}


def _local(at_ns: int, timezone: str) -> pd.Timestamp:
    return pd.Timestamp(at_ns, tz="UTC").tz_convert(timezone).tz_localize(None)
