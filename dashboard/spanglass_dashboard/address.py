"""The address bar as values: which project, which time, which filters. Pure.

Everything read from a URL is text somebody may have typed: unknown ranges and statuses fall back, all other values
travel to ClickHouse only as bound parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from spanglass_store.query import Filters, Window

NS: Final = 1_000_000_000
MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
DEFAULT_PROJECT: Final = "default"
STATUSES: Final = ("ok", "error")
MAX_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class Preset:
    """A choice of the time bar. ``interval_seconds`` is the width of a chart's bucket, ``step_seconds`` how far the
    end of the window moves at a time: everybody who looks within one step asks the same questions.
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
        "7d": Preset("7 days", 7 * DAY, 2 * HOUR, 2 * MINUTE),
        "30d": Preset("30 days", 30 * DAY, 8 * HOUR, 5 * MINUTE),
    }
)
DEFAULT_RANGE: Final = "24h"

FIELD_OF_PARAM: Final[Mapping[str, str]] = MappingProxyType(
    {
        "service": "service",
        "model": "model",
        "env": "environment",
        "status": "status",
        "user": "user_id",
        "session": "session_id",
        "tag": "tag",
        "prompt": "prompt_name",
        "release": "release",
    }
)
"""URL parameter -> field of ``spanglass_store.query.FIELDS``."""


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

    @property
    def ttl_seconds(self) -> int:
        """How long an answer about this range may be shown again."""
        return max(10, self.preset.step_seconds)


@dataclass(frozen=True, slots=True)
class Scope:
    """What the page is about: everything a query needs besides its own subject."""

    project: str
    range: Range
    filters: Filters
    live: bool = False

    @property
    def window(self) -> Window:
        """The time looked at."""
        return self.range.window

    @property
    def is_filtered(self) -> bool:
        """Whether anything besides the time narrows the page."""
        return self.filters != Filters()


def range_from_text(text: str | None, now_ns: int) -> Range:
    """The range called ``text`` as of ``now_ns``; the default one for a text that names none."""
    key = text if text is not None and text in PRESETS else DEFAULT_RANGE
    preset = PRESETS[key]
    step_ns = preset.step_seconds * NS
    end_ns = -(-now_ns // step_ns) * step_ns
    return Range(key, Window(end_ns - preset.seconds * NS, end_ns))


def filters_from_state(state: Mapping[str, Any]) -> Filters:
    """Filters of a mapping URL parameter -> list of texts, with the search words under ``q``."""
    fields = {field: _texts(state.get(param)) for param, field in FIELD_OF_PARAM.items()}
    fields["status"] = tuple(value for value in fields["status"] if value in STATUSES)
    return Filters.of(search=_text(state.get("q")), **fields)


def scope_from_state(state: Mapping[str, Any], now_ns: int) -> Scope:
    """The scope of a mapping URL parameter -> value, as of ``now_ns``."""
    return Scope(
        project=_text(state.get("project")) or DEFAULT_PROJECT,
        range=range_from_text(_text(state.get("t")), now_ns),
        filters=filters_from_state(state),
        live=bool(state.get("live")),
    )


def trace_from_text(text: str | None) -> str | None:
    """The trace id in the address: 32 lower-case hex digits; None where it is no id (W3C Trace Context)."""
    candidate = (text or "").strip().lower()
    is_id = len(candidate) == 32 and all(c in "0123456789abcdef" for c in candidate)
    return candidate if is_id and candidate != "0" * 32 else None


def _texts(value: Any) -> tuple[str, ...]:
    values: Iterable[Any] = [value] if isinstance(value, str) else value or ()
    return tuple(dict.fromkeys(text for text in map(_text, values) if text))


def _text(value: Any) -> str:
    return str(value or "").strip()[:MAX_TEXT]
