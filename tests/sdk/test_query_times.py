"""Moments and lengths as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from spanglass.query.times import Length, Moment, moment_ns, seconds

NOW_NS = 1_795_000_000_123_456_789
MIDNIGHT_NS = 1_795_996_800 * 10**9  # 2026-11-30


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        ("now", NOW_NS),
        ("24h", NOW_NS - 86_400 * 10**9),
        (" 15M ", NOW_NS - 900 * 10**9),
        ("2026-11-30", MIDNIGHT_NS),
        ("2026-11-30T01:00:00.000001+01:00", MIDNIGHT_NS + 1000),
        ("2026-11-30T00:00:00Z", MIDNIGHT_NS),
        (date(2026, 11, 30), MIDNIGHT_NS),
        (datetime(2026, 11, 30, tzinfo=UTC), MIDNIGHT_NS),
        (datetime(2026, 11, 30), MIDNIGHT_NS),  # noqa: DTZ001
        (datetime(2026, 11, 30, 2, tzinfo=timezone(timedelta(hours=2))), MIDNIGHT_NS),
        (7, 7),
    ],
)
def test_a_moment_is_nanoseconds_utc(moment: Moment, found: int) -> None:
    assert moment_ns(moment, NOW_NS) == found


@pytest.mark.parametrize(
    ("length", "found"), [("30s", 30), ("1h", 3600), ("2w", 1_209_600), (90, 90), (timedelta(days=1), 86_400)]
)
def test_a_length_is_seconds(length: Length, found: int) -> None:
    assert seconds(length) == found


@pytest.mark.parametrize("moment", ["soon", "", "24", "2026-13-01", "1y"])
def test_what_is_no_moment_is_said(moment: str) -> None:
    with pytest.raises(ValueError, match="no moment"):
        moment_ns(moment, NOW_NS)


@pytest.mark.parametrize("length", ["", "h", "1.5h", "0s", 0, timedelta()])
def test_what_is_no_length_is_said(length: Length) -> None:
    with pytest.raises(ValueError, match=r"no length|shorter than a second"):
        seconds(length)
