"""A long window is told from the roll-ups of its days and hours, and from the spans of its edges. Pure.

Roll-ups are projections (``schema/0018_days.sql``): ClickHouse itself takes the one that is named where the conditions, groups and
aggregates of a query are its own, and reads the spans where a part has none yet, with the same answer. All that a query has
to do for it is to speak of days and of hours, and to put together what they tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from spanglass_store.aggregates import AGGREGATES, OF_CALLS, Aggregate
from spanglass_store.query import Condition, Filters, Window, between

HOURLY: Final = "hourly"
DAILY: Final = "daily"
KEYS: Final[Mapping[str, tuple[str, Mapping[str, Aggregate]]]] = {
    "": ("", AGGREGATES),
    "_by_service": ("service", AGGREGATES),
    "_by_model": ("model", OF_CALLS),
    "_by_prompt": ("prompt_name", OF_CALLS),
}
"""How the name of a roll-up ends, by what field it is grouped besides project, time and environment, and what it holds."""

ROLL_UPS: Final = tuple(f"{grain}{ending}" for grain in (HOURLY, DAILY) for ending in KEYS)

HOUR_SECONDS: Final = 3600
DAY_SECONDS: Final = 86_400
NS: Final = 10**9
LEAST_DAYS: Final = 8
"""Fewer are told by their hours: one piece more to plan takes longer than to read the hours of a week."""

_WHOLE: Final = "preferred_optimize_projection_name = '{roll_up}', optimize_move_to_prewhere = 0"
EDGE: Final = f"preferred_optimize_projection_name = '{HOURLY}'"
"""Of eight roll-ups each that is not named is weighed, which takes longer than many a question. An edge fits none."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a window without what finer or coarser pieces tell: ``time``, of which a span's start is inside ``around`` and not
    inside ``hole``. ``settings`` are those of the query for it alone.
    """

    time: str
    around: Window
    hole: Window | None
    settings: str

    def where(self, prefix: str) -> Condition:
        """The spans of this piece; names that are bound begin with ``prefix``."""
        inside = between(self.time, self.around, prefix=prefix)
        if self.hole is None:
            return inside
        hole = between(self.time, self.hole, prefix=f"{prefix}hole_")
        return Condition(f"{inside.sql} AND NOT ({hole.sql})", (*inside.params, *hole.params))


def ending(asked: AbstractSet[str], group_by: Iterable[str], filters: Filters) -> str | None:
    """How the names of the roll-ups end that hold the aggregates ``asked`` by these fields and by those the filters speak of;
    None: none does.
    """
    if filters.search or filters.attributes:
        return None
    fields = {*group_by, *(field for field, _ in (*filters.values, *filters.excluded))} - {"environment"}
    return next((end for end, (key, held) in KEYS.items() if fields <= {key} and asked <= held.keys()), None)


def pieces(window: Window, interval_seconds: int, name_ending: str) -> tuple[Piece, ...]:
    """The pieces of ``window``, told in intervals of so many seconds; none where it is too short, or the intervals are no hours."""
    hours = _whole(window, HOUR_SECONDS) if not interval_seconds % HOUR_SECONDS else None
    if hours is None or window.duration_ns < DAY_SECONDS * NS:
        return ()
    days = _whole(window, DAY_SECONDS) if not interval_seconds % DAY_SECONDS else None
    if days is not None and days.duration_ns < LEAST_DAYS * DAY_SECONDS * NS:
        days = None
    return tuple(_pieces(window, hours, days, name_ending))


def _pieces(window: Window, hours: Window, days: Window | None, name_ending: str) -> Iterator[Piece]:
    if days is not None:
        yield Piece("toStartOfDay(start_time)", days, None, _WHOLE.format(roll_up=f"{DAILY}{name_ending}"))
    if days != hours:
        yield Piece("toStartOfHour(start_time)", hours, days, _WHOLE.format(roll_up=f"{HOURLY}{name_ending}"))
    if hours != window:
        yield Piece("start_time", window, hours, EDGE)


def _whole(window: Window, seconds: int) -> Window | None:
    """What ``window`` has of whole hours or days; None: nothing."""
    step = seconds * NS
    start, end = -(-window.start_ns // step) * step, window.end_ns // step * step
    return Window(start, end) if start < end else None
