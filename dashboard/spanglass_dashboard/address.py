"""The address bar as values: which project, which time, which filters. Pure.

Everything read from a URL is text somebody may have typed: unknown ranges and statuses fall back, all other values
travel to ClickHouse only as bound parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from spanglass_dashboard.narrowing import bounds_from_state, filters_from_state, text
from spanglass_store.queries.trace_filters import TraceBounds
from spanglass_store.query import Filters, Window

NS: Final = 1_000_000_000
MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
DEFAULT_PROJECT: Final = "default"


@dataclass(frozen=True, slots=True)
class Preset:
    """A choice of the time bar. ``interval_seconds`` is the width of a chart's bucket, ``step_seconds`` how far the
    end of the window moves at a time: everybody who looks within one step asks the same questions. Those of weeks end with the
    hour that has begun: whole hours need no edges (``spanglass_store.days_and_hours``).
    """

    label: str
    seconds: int
    interval_seconds: int
    step_seconds: int


PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        "15m": Preset("15 minutes", 15 * MINUTE, 15, 5),
        "1h": Preset("hour", HOUR, MINUTE, 10),
        "24h": Preset("24 hours", DAY, 20 * MINUTE, 30),
        "7d": Preset("7 days", 7 * DAY, 2 * HOUR, HOUR),
        "30d": Preset("30 days", 30 * DAY, 8 * HOUR, HOUR),
    }
)
DEFAULT_RANGE: Final = "24h"


@dataclass(frozen=True, slots=True)
class Range:
    """``window`` ends now, rounded up to the preset's step."""

    key: str
    window: Window

    @property
    def preset(self) -> Preset:
        """What the range is called and how finely it is drawn."""
        return PRESETS[self.key]

    @property
    def interval_seconds(self) -> int:
        """Width of a chart's bucket."""
        return self.preset.interval_seconds


@dataclass(frozen=True, slots=True)
class Scope:
    """What the page is about: everything a query needs besides its own subject."""

    project: str
    range: Range
    filters: Filters
    bounds: TraceBounds = TraceBounds()  # noqa: RUF009 - frozen, so one default may be shared
    live: bool = False

    @property
    def window(self) -> Window:
        """The time looked at."""
        return self.range.window

    @property
    def is_filtered(self) -> bool:
        """Whether anything besides the time narrows the page."""
        return self.filters != Filters() or self.is_bounded

    @property
    def is_bounded(self) -> bool:
        """Whether anything is asked of whole traces: lists of traces alone can be narrowed by that."""
        return self.bounds != TraceBounds()


def range_from_text(key: str | None, now_ns: int) -> Range:
    """The range called ``key`` as of ``now_ns``; the default one for a text that names none."""
    key = key if key is not None and key in PRESETS else DEFAULT_RANGE
    preset = PRESETS[key]
    step_ns = preset.step_seconds * NS
    end_ns = -(-now_ns // step_ns) * step_ns
    return Range(key, Window(end_ns - preset.seconds * NS, end_ns))


def scope_from_state(state: Mapping[str, Any], now_ns: int) -> Scope:
    """The scope of a mapping URL parameter -> value, as of ``now_ns``."""
    return Scope(
        project=text(state.get("project")) or DEFAULT_PROJECT,
        range=range_from_text(text(state.get("t")), now_ns),
        filters=filters_from_state(state),
        bounds=bounds_from_state(state),
        live=bool(state.get("live")),
    )


def trace_from_text(asked: str | None) -> str | None:
    """The trace id in the address: 32 lower-case hex digits; None where it is no id (W3C Trace Context)."""
    candidate = (asked or "").strip().lower()
    is_id = len(candidate) == 32 and all(c in "0123456789abcdef" for c in candidate)
    return candidate if is_id and candidate != "0" * 32 else None
