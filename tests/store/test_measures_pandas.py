"""A hundred thousand spans made up at random: every measure, in all, over time and by group, equals pandas.

Sums and counts are equal to eight digits. Percentiles are t-digests: a p95 lies between the exact percentiles of 94.5
and 95.5. The numbers of traces, users and sessions are estimates where there are thousands: within 2 %.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from store.measures_in_pandas import MODEL_CALLS, measured, percentiles

from spanglass_store.connection import Store
from spanglass_store.measures import BUILT_IN, series, totals
from spanglass_store.native import block_from_columns
from spanglass_store.query import Filters, Window

COUNT = 100_000
HOUR_NS = 3600 * 10**9
START_NS = 1_790_000_000 * 10**9 // (24 * HOUR_NS) * 24 * HOUR_NS
WINDOW = Window(START_NS, START_NS + 24 * HOUR_NS)
NAMES = [m.name for m in BUILT_IN.values() if m.table == "spans"]
SCORES = [m.name for m in BUILT_IN.values() if m.table == "scores"]
ESTIMATED = {"traces", "trace_errors", "trace_error_ratio", "users", "sessions"}
RANK_ERROR = 0.005
SERVICES = ("shop", "search", "", "batch")


def made_up(seed: int) -> pd.DataFrame:
    """Spans, six or so a trace, which share its weight, user and session."""
    dice = np.random.default_rng(seed)
    traces = COUNT // 6
    trace = dice.integers(0, traces, COUNT)
    kind = dice.choice(["llm", "embedding", "rerank", "agent", "tool"], COUNT, p=[0.4, 0.1, 0.05, 0.15, 0.3])
    is_call = np.isin(kind, MODEL_CALLS)
    call_with = lambda share: is_call & (dice.random(COUNT) < share)  # noqa: E731
    return pd.DataFrame(
        {
            "kind": kind,
            "error": dice.random(COUNT) < 0.03,
            "trace": trace,
            "root": dice.random(COUNT) < 0.17,
            "counted": dice.random(COUNT) < 0.9,
            "weight": dice.choice([1.0, 1.0, 2.0, 5.0], traces)[trace],
            "start_ns": START_NS + dice.integers(0, WINDOW.duration_ns, COUNT),
            "duration_ns": (dice.lognormal(0, 1, COUNT) * 1e9).astype(np.int64),
            "input": np.where(call_with(0.95), dice.integers(0, 5000, COUNT), np.nan),
            "output": np.where(call_with(0.9), dice.integers(0, 900, COUNT), np.nan),
            "nano_usd": np.where(call_with(0.8), dice.integers(0, 10**8, COUNT), np.nan),
            "first_ns": np.where(call_with(0.5), dice.integers(10**6, 10**10, COUNT), np.nan),
            "user": np.char.add("u", dice.integers(0, 3000, traces).astype(str))[trace],
            "session": np.where(trace % 3 == 0, "", np.char.add("s", (trace % 9000).astype(str))),
            "model": np.where(is_call, dice.choice(["m-1", "m-2", "m-3"], COUNT, p=[0.6, 0.3, 0.1]), ""),
            "service": dice.choice(SERVICES, COUNT),
        }
    )


def known(column: pd.Series) -> list[int | None]:
    return [None if missing else int(value) for value, missing in zip(column, column.isna(), strict=True)]


def insert(store: Store, frame: pd.DataFrame) -> None:
    ids = np.arange(1, COUNT + 1).tolist()
    columns = [
        ("project", "String", ["default"] * COUNT),
        ("trace_id", "FixedString(16)", [int(trace).to_bytes(16, "big") for trace in frame["trace"] + 1]),
        ("span_id", "UInt64", ids),
        ("parent_span_id", "UInt64", np.where(frame["root"], 0, 1).tolist()),
        ("start_time", "DateTime64(9, 'UTC')", frame["start_ns"].tolist()),
        ("duration_ns", "UInt64", frame["duration_ns"].tolist()),
        ("kind", "String", frame["kind"].tolist()),
        ("status", "String", np.where(frame["error"], "error", "ok").tolist()),
        ("service", "String", frame["service"].tolist()),
        ("user_id", "String", frame["user"].tolist()),
        ("session_id", "String", frame["session"].tolist()),
        ("response_model", "String", frame["model"].tolist()),
        ("input_tokens", "Nullable(UInt32)", known(frame["input"])),
        ("output_tokens", "Nullable(UInt32)", known(frame["output"])),
        ("usage_counted", "Bool", frame["counted"].tolist()),
        ("cost_usd", "Nullable(Decimal(18, 9))", known(frame["nano_usd"])),
        ("time_to_first_token_ns", "Nullable(UInt64)", known(frame["first_ns"])),
        ("sampling_weight", "Float64", frame["weight"].tolist()),
    ]
    store.insert(block_from_columns("spans", columns), token="spans")


def same(got: pd.Series, frame: pd.DataFrame, where: object) -> None:
    """What the database says of the spans in ``frame``."""
    expected = measured(frame)
    low, high = (percentiles(frame, rank_error=error) for error in (-RANK_ERROR, RANK_ERROR))
    for name, value in expected.items():
        told = float("nan" if got[name] is None else got[name])
        if name in low and not np.isnan(value):
            assert low[name] <= told <= high[name], (where, name)
        else:
            about = 0.02 if name in ESTIMATED else 1e-8
            assert told == pytest.approx(value, rel=about, nan_ok=True), (where, name)


@pytest.mark.clickhouse
def test_every_measure_of_spans_equals_pandas_in_all_over_time_and_by_group(store: Store) -> None:
    frame = made_up(seed=5)
    insert(store, frame)
    frame = frame.assign(
        seconds=frame["duration_ns"] / 1e9,
        cost=frame["nano_usd"] / 1e9,
        first=frame["first_ns"] / 1e9,
        hour=(frame["start_ns"] - START_NS) // (2 * HOUR_NS),
    )
    assert set(measured(frame)) == set(NAMES)
    same(store.fetch(totals(NAMES, "default", WINDOW, Filters())).iloc[0], frame, "all")

    over_time = store.fetch(series(NAMES, "default", WINDOW, Filters(), 2 * 3600))
    assert len(over_time) == 12
    for (hour, of_hour), (_, row) in zip(frame.groupby("hour"), over_time.iterrows(), strict=True):
        same(row, of_hour, hour)

    for field in ("model", "service", "kind"):
        by_group = store.fetch(totals(NAMES, "default", WINDOW, Filters(), field)).set_index("group")
        assert set(by_group.index) == set(frame[field])
        for group, of_group in frame.groupby(field):
            same(by_group.loc[group], of_group, (field, group))

    some = frame[(frame["model"] == "m-2") & frame["service"].isin(["shop", "batch"])]
    narrowed = Filters.of(model=["m-2"], service=["shop", "batch"])
    by_both = store.fetch(series(NAMES, "default", WINDOW, narrowed, 24 * 3600, "service")).set_index("group")
    for group, of_group in some.groupby("service"):
        same(by_both.loc[group], of_group, group)


@pytest.mark.clickhouse
def test_every_measure_of_scores_equals_pandas(store: Store) -> None:
    dice = np.random.default_rng(6)
    count = 20_000
    frame = pd.DataFrame(
        {
            "value": np.where(dice.random(count) < 0.9, dice.random(count), np.nan),
            "source": dice.choice(["judge", "user"], count),
            "at_ns": START_NS + dice.integers(0, WINDOW.duration_ns, count),
        }
    )
    columns = [
        ("project", "String", ["default"] * count),
        ("name", "String", ["quality"] * count),
        ("score_id", "String", [f"{number}" for number in range(count)]),
        ("timestamp", "DateTime64(9, 'UTC')", frame["at_ns"].tolist()),
        ("value", "Nullable(Float64)", [None if np.isnan(value) else value for value in frame["value"]]),
        ("source", "String", frame["source"].tolist()),
        ("updated_at", "DateTime64(9, 'UTC')", frame["at_ns"].tolist()),
    ]
    store.insert(block_from_columns("scores", columns), token="scores")
    told = frame[frame["value"].notna()]

    def close(got: pd.Series, rows: pd.DataFrame) -> None:
        assert got[SCORES].tolist() == pytest.approx([rows["value"].mean(), len(rows)])

    assert SCORES == ["score_mean", "score_count"]
    close(store.fetch(totals(SCORES, "default", WINDOW, Filters())).iloc[0], told)
    by_source = store.fetch(totals(SCORES, "default", WINDOW, Filters(), "source")).set_index("group")
    for source, rows in told.groupby("source"):
        close(by_source.loc[source], rows)
    over_time = store.fetch(series(SCORES, "default", WINDOW, Filters(), 3600))
    by_hour = told.groupby((told["at_ns"] - START_NS) // HOUR_NS)
    for (_, rows), (_, row) in zip(by_hour, over_time.iterrows(), strict=True):
        close(row, rows)
