"""Plotly figures, where zooming and hovering pay: quality, the past of an alert. Pure.

They are dressed from the same Palette as ``charts``, so both look alike.
"""

from __future__ import annotations

import html
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from spanglass_dashboard.buckets import utc
from spanglass_dashboard.palette import Palette


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
    times = utc(frame["bucket"]).dt.tz_convert(timezone).dt.tz_localize(None)
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
