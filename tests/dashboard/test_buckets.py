"""Every bucket there, one column a group."""

from __future__ import annotations

import math

import pandas as pd
from dashboard.times import START_NS, WINDOW, series

from spanglass_dashboard.buckets import OTHERS, filled, widened


def test_every_whole_bucket_has_a_row():
    whole = filled(series((0, 9.0), (1, 1.0), (3, 2.0)), WINDOW, 60, ["calls"])
    assert whole["calls"].tolist() == [1.0, 0.0, 2.0, 0.0, 0.0], "and the first, which began before, is not there"
    assert math.isnan(whole["p95"].iloc[1]), "no calls have no latency"


def test_an_empty_answer_is_filled_too():
    assert filled(series(), WINDOW, 60, ["calls"])["calls"].tolist() == [0.0] * 5


def test_groups_become_columns_largest_first_and_the_rest_is_added_up():
    bucket = pd.Timestamp(START_NS, tz="UTC").ceil("min")
    frame = pd.DataFrame({"bucket": bucket, "group": list("abcd"), "cost": [1.0, 4.0, 2.0, 3.0]})
    wide = widened(frame, "cost", limit=2)
    assert wide.columns.tolist() == ["bucket", "b", "d", OTHERS]
    assert wide.iloc[0, 1:].tolist() == [4.0, 3.0, 3.0]
