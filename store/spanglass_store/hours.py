"""Long windows are asked in whole hours, because spans have hourly roll-ups (``schema/0013_hours.sql``). Pure.

The roll-ups are projections: ClickHouse itself takes one where a query's conditions, groups and aggregates are those of
the projection, and reads the spans where they are not, with the same answer. All that a query has to do for it is to
speak of hours.
"""

from __future__ import annotations

from typing import Final

from spanglass_store.query import Window

HOUR: Final = "toStartOfHour(start_time)"
HOUR_SECONDS: Final = 3600
LEAST_SECONDS: Final = 86_400
"""Shorter windows are read to the nanosecond: an hour would be a large part of them, and their spans are few."""

_HOUR_NS: Final = HOUR_SECONDS * 10**9


def start_of(window: Window, interval_seconds: int = HOUR_SECONDS) -> str:
    """What stands for the start of a span in a question about ``window``, told in intervals of so many seconds."""
    edges = window.start_ns % _HOUR_NS, window.end_ns % _HOUR_NS, interval_seconds % HOUR_SECONDS
    return HOUR if window.duration_ns >= LEAST_SECONDS * 10**9 and not any(edges) else "start_time"
