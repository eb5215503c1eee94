"""A window that begins in the middle of a minute, and numbers in it."""

from __future__ import annotations

import pandas as pd

from spanglass_store.query import Window

MINUTE_NS = 60 * 10**9
START_NS = 1_795_000_000 // 60 * 60 * 10**9 + 30 * 10**9  # half a minute into a minute
WINDOW = Window(START_NS, START_NS + 5 * MINUTE_NS)
EVIL = "<img src=x onerror=alert(1)>"


def series(*values: tuple[int, float]) -> pd.DataFrame:
    first = pd.Timestamp(START_NS, tz="UTC").floor("min")
    rows = [{"bucket": first + pd.Timedelta(minutes=minute), "calls": value, "p95": value} for minute, value in values]
    return pd.DataFrame(rows, columns=["bucket", "calls", "p95"])
