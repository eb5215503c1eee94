"""What changed the cost since the time before, as values to show: bars by cause, a table by model. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from spanglass_dashboard import kpis
from spanglass_dashboard.palette import Palette
from spanglass_store.numbers import format_usd
from spanglass_store.queries.attribution import Change

CAUSES: Final[Mapping[str, str]] = {
    "volume": "Number of calls",
    "model_mix": "Choice of models",
    "input_tokens_per_call": "Input tokens a call",
    "output_tokens_per_call": "Output tokens a call",
    "cache_share": "Share read from cache",
    "price": "Prices",
}
"""By the names of ``attribution.FACTORS``, in their order."""
LABEL_ROOM: Final = 0.5  # beside the bars, on a narrow screen too
LEAST_SHARE: Final = 0.0005
"""A cause of less than this of the larger cost changed nothing one could read."""


def sentence(change: Change, before: str) -> str:
    """``$1.23, +$0.20 (+19.4 %) against the 24 hours before``."""
    difference = change.after_usd - change.before_usd
    ratio = kpis.change(change.after_usd, change.before_usd)
    told = f" ({ratio})" if ratio else ""
    return f"{format_usd(change.after_usd)}, {signed_usd(difference)}{told} against {before}"


def signed_usd(value: float) -> str:
    """``+$1.23``, ``-$0.0012``, ``$0``: a difference in US dollars."""
    return f"{'+' if value > 0 else '-'}{format_usd(abs(value))}" if value else "$0"


def causes_chart(change: Change, palette: Palette) -> dict[str, Any]:
    """An ECharts option: a bar for each cause, to the right where it made the time dearer."""
    least = LEAST_SHARE * max(change.before_usd, change.after_usd)
    parts = {name: value if abs(value) >= least else 0.0 for name, value in change.parts.items()}
    bars = [
        {
            "value": round(parts[name], 9),
            "itemStyle": {"color": palette.warning if parts[name] > 0 else palette.good},
            "label": {"formatter": signed_usd(parts[name]), "position": "right" if parts[name] >= 0 else "left"},
        }
        for name in CAUSES
    ]
    lowest, highest = min(0.0, *parts.values()), max(0.0, *parts.values())
    room = LABEL_ROOM * (highest - lowest) or 1.0
    return {
        "animation": False,
        "grid": {"left": 4, "right": 8, "top": 4, "bottom": 4, "containLabel": True},
        "xAxis": {
            "type": "value",
            "min": lowest - room * (0.05 if lowest == 0 else 1),
            "max": highest + room,
            "show": False,
        },
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": list(CAUSES.values()),
            "axisTick": {"show": False},
            "axisLine": {"onZero": False, "show": False},
            "axisLabel": {"fontSize": 12, "color": palette.text},
        },
        "series": [
            {
                "type": "bar",
                "data": bars,
                "barWidth": 14,
                "label": {"show": True, "fontSize": 12, "color": palette.muted},
                "markLine": {
                    "silent": True,
                    "symbol": "none",
                    "label": {"show": False},
                    "lineStyle": {"type": "solid", "width": 1, "color": palette.border},
                    "data": [{"xAxis": 0}],
                },
                "emphasis": {"disabled": True},
            }
        ],
    }


def by_model(changes: Mapping[str, Change]) -> pd.DataFrame:
    """Rows of (model, before, now, change, cause), in their order; the largest part of a change is its cause."""
    rows = [
        (
            model or "(no name)",
            change.before_usd,
            change.after_usd,
            change.after_usd - change.before_usd,
            _cause(change),
        )
        for model, change in changes.items()
    ]
    return pd.DataFrame(rows, columns=["model", "before", "now", "change", "cause"])


def _cause(change: Change) -> str:
    if not change.before_usd or not change.after_usd:
        return "Not used any more" if change.before_usd else "New"
    name = max(change.parts, key=lambda part: abs(change.parts[part]))
    return CAUSES[name] if change.parts[name] else "–"
