"""Moments and lengths of time as people write them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeAlias

Moment: TypeAlias = datetime | date | str | int
"""``datetime`` or ISO text (without a zone: UTC), a ``date`` (its midnight, UTC), ``"24h"`` (that long ago), ``"now"``, or
nanoseconds since 1970."""
Length: TypeAlias = timedelta | str | int
"""``timedelta``, ``"15m"`` or seconds."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_LENGTH: Final = re.compile(r"(\d+)\s*([smhdw])")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(length: Length) -> int:
    """Whole seconds. Raises ValueError for a text of another form, or less than a second."""
    if isinstance(length, timedelta):
        found = length // timedelta(seconds=1)
    elif isinstance(length, int):
        found = length
    elif match := _LENGTH.fullmatch(length.strip().lower()):
        found = int(match[1]) * _UNITS[match[2]]
    else:
        msg = f"{length!r} is no length of time: 30s, 15m, 24h, 7d, 2w"
        raise ValueError(msg)
    if found < 1:
        msg = f"{length!r} is shorter than a second"
        raise ValueError(msg)
    return found


def moment_ns(moment: Moment, now_ns: int) -> int:
    """Nanoseconds since 1970 UTC. Raises ValueError for a text of another form."""
    if isinstance(moment, int):
        return moment
    if isinstance(moment, str):
        text = moment.strip().lower()
        if text == "now":
            return now_ns
        if _LENGTH.fullmatch(text):
            return now_ns - seconds(text) * 10**9
        try:
            moment = datetime.fromisoformat(moment.strip())
        except ValueError:
            msg = f"{moment!r} is no moment: 24h, 7d, now, 2026-11-30 or 2026-11-30T12:00:00+01:00"
            raise ValueError(msg) from None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1) * 1000
