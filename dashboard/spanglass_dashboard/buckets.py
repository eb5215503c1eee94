"""Frames of numbers over time, made ready to be drawn: every bucket there, one column a group. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from spanglass_store.query import Window

SUMS: Final = ("calls", "tokens", "")
"""Units of which an empty bucket holds 0; of any other unit it holds nothing."""
MAX_GROUPS: Final = 7
OTHERS: Final = "others"


def filled(frame: pd.DataFrame, window: Window, interval_seconds: int, zeros: Sequence[str] = ()) -> pd.DataFrame:
    """``frame`` with a row for every bucket of ``window``, in order: missing ones hold NaN, or 0 in ``zeros``.

    Takes and returns the columns of ``measures.series`` without ``group``; ``bucket`` is UTC. The bucket that begins
    before the window is left out: it is not whole.
    """
    step = pd.Timedelta(seconds=interval_seconds)
    start, end = (pd.Timestamp(ns, tz="UTC") for ns in (window.start_ns, window.end_ns))
    grid = pd.date_range(start.ceil(step), end, freq=step, inclusive="left", unit="ns")
    by_bucket = frame.assign(bucket=utc(frame["bucket"])).set_index("bucket")
    whole = by_bucket.reindex(grid).astype(dict.fromkeys(by_bucket.columns, "float64"))
    whole[list(zeros)] = whole[list(zeros)].fillna(0.0)
    return whole.rename_axis("bucket").reset_index()


def widened(frame: pd.DataFrame, column: str, *, limit: int = MAX_GROUPS) -> pd.DataFrame:
    """Rows of (bucket, group, ``column``) as one column a group, the largest sum first; beyond ``limit``: "others"."""
    order = frame.groupby("group")[column].sum().sort_values(ascending=False).index.tolist()
    kept = set(order[:limit])
    named = frame.assign(group=[group if group in kept else OTHERS for group in frame["group"]])
    wide = named.pivot_table(index="bucket", columns="group", values=column, aggfunc="sum", min_count=1)
    columns = [group for group in [*order[:limit], OTHERS] if group in wide.columns]
    return wide[columns].rename_axis(columns=None).reset_index()


def utc(times: pd.Series[Any]) -> pd.Series[Any]:
    """Times of whatever precision as UTC in nanoseconds."""
    return pd.to_datetime(times, utc=True).astype("datetime64[ns, UTC]")
