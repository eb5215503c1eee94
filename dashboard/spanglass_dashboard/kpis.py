"""The figures at the top of the overview: a value, its past as a small line, its change against the time before. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from spanglass_store.measures import MEASURES
from spanglass_store.numbers import format_value

KPIS: Final = (
    "traces",
    "calls",
    "error_ratio",
    "latency_p95_seconds",
    "cost_usd",
    "total_tokens",
    "time_to_first_token_p50_seconds",
    "time_to_first_token_p95_seconds",
)
STEADY_PERCENT: Final = 0.05
"""A change smaller than this is no change."""

DELTA_COLORS: Final[Mapping[str, Literal["inverse", "normal", "off"]]] = {
    "lower": "inverse",
    "higher": "normal",
    "neither": "off",
}


@dataclass(frozen=True, slots=True)
class Kpi:
    """``delta`` is a text like ``+4.1 %``, 0 for no change, None where there is nothing to compare with."""

    name: str
    label: str
    help: str
    value: str
    delta: str | int | None
    delta_color: Literal["inverse", "normal", "off"]
    spark: tuple[float, ...]


def kpis(now: Mapping[str, float], before: Mapping[str, float], past: pd.DataFrame) -> list[Kpi]:
    """A Kpi for each of KPIS: its total of the window and of the one before, and ``past``, one row a bucket.

    The last bucket is left out of the line: it is not over yet, and would look like a fall.
    """
    return [_kpi(name, now.get(name), before.get(name), past[name].tolist()[:-1]) for name in KPIS]


def _kpi(name: str, now: float | None, before: float | None, past: Sequence[float]) -> Kpi:
    measure = MEASURES[name]
    return Kpi(
        name=name,
        label=measure.label,
        help=measure.help,
        value=format_value(measure, now),
        delta=change(now, before),
        delta_color=DELTA_COLORS[measure.better],
        spark=spark(past),
    )


def change(now: float | None, before: float | None) -> str | int | None:
    """The change from ``before`` to ``now`` in percent, as text; 0 for less than STEADY_PERCENT.

    A number 0 and not a text: Streamlit draws "0 %" with an arrow. None where either is unknown, or the first is 0.
    """
    if now is None or before is None or math.isnan(now) or math.isnan(before) or before == 0:
        return None
    percent = (now - before) / before * 100
    if abs(percent) < STEADY_PERCENT:
        return 0
    return f"{percent:+.1f} %" if abs(percent) < 1000 else f"{now / before:+,.0f} ×"


def spark(past: Sequence[float]) -> tuple[float, ...]:
    """The known values in order; none of them if there are too few for a line."""
    known = tuple(float(value) for value in past if not math.isnan(value))
    return known if len(known) > 1 else ()
