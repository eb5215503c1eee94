from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_dashboard.collector_state import (
    NS,
    PLACES,
    Status,
    Trouble,
    drawn_window,
    ledger_frame,
    rate_now,
    rates,
    troubles,
)

NOW_NS = 10**18


def status(looks: list[tuple[float, int, int, int]] | None = None, counters: list[Any] | None = None) -> Status:
    """``looks``: seconds before now, received, stored, rows that wait."""
    history = [
        {"at_ns": str(NOW_NS - round(ago * NS)), "received": received, "stored": stored, "rows": rows, "size_bytes": 1}
        for ago, received, stored, rows in looks or []
    ]
    told = {
        "at_ns": str(NOW_NS), "collector": "c", "ready": True, "problems": [], "ledger": {}, "look_seconds": 10.0,
        "queue": {"rows": 0, "bytes": 0, "max_bytes": 1, "file_bytes": 0, "oldest_seconds": None},
        "counters": counters or [], "history": history, "something": "new",
    }  # fmt: skip
    return Status.model_validate(told)


counts = st.fixed_dictionaries(dict.fromkeys(PLACES, st.integers(0, 10**9)))


@given(st.dictionaries(st.sampled_from(["spans", "scores", "span_details"]), counts))
def test_a_ledger_that_adds_up_is_shown_as_one(ledger: dict[str, dict[str, int]]) -> None:
    frame = ledger_frame({table: {**each, "received": sum(each.values())} for table, each in ledger.items()})
    assert frame["table"].tolist() == [*sorted(ledger), *(["all"] if len(ledger) > 1 else [])]
    assert not frame["missing"].any()
    if ledger:
        assert frame["received"].iloc[-1] == sum(sum(each.values()) for each in ledger.values())


def test_what_is_nowhere_is_missing() -> None:
    frame = ledger_frame({"spans": {**dict.fromkeys(PLACES, 1), "received": 7}})
    assert frame["missing"].tolist() == [2]


def test_rates_are_between_looks_and_stop_at_a_gap() -> None:
    frame = rates(status([(100, 0, 0, 5), (90, 100, 50, 6), (40, 400, 60, 7), (30, 410, 90, 8)]))
    assert frame["received"].tolist()[1:] == pytest.approx([10.0, float("nan"), 1.0], nan_ok=True)
    assert frame["stored"].tolist()[1:] == pytest.approx([5.0, float("nan"), 3.0], nan_ok=True)
    assert frame["rows"].tolist() == [5, 6, 7, 8]
    assert frame["bucket"].iloc[0] == pd.Timestamp(NOW_NS - 100 * NS, tz="UTC")
    assert rates(status()).empty


def test_the_rate_of_now_is_that_of_the_last_minute() -> None:
    told = status([(100, 0, 0, 0), (60, 1000, 500, 0), (0, 1600, 800, 0)])
    assert (rate_now(told, "received"), rate_now(told, "stored")) == (10.0, 5.0)
    assert rate_now(status([(0, 5, 5, 0)]), "received") is None
    assert rate_now(status(), "received") is None


def test_what_is_drawn_begins_with_the_first_look_and_lasts_ten_minutes() -> None:
    assert drawn_window(status()).start_ns == NOW_NS - 600 * NS
    assert drawn_window(status([(20, 0, 0, 0)])).start_ns == NOW_NS - 600 * NS
    assert drawn_window(status([(3000, 0, 0, 0)])).start_ns == NOW_NS - 3000 * NS


def test_troubles_are_those_that_happened_the_most_frequent_first() -> None:
    def counter(name: str, value: float, **labels: str) -> dict[str, Any]:
        return {"name": name, "labels": labels, "value": value}

    told = status(
        counters=[
            counter("spanglass_requests_total", 100, status="200", signal="traces"),
            counter("spanglass_requests_total", 2, status="429", signal="traces"),
            counter("spanglass_requests_total", 3, status="429", signal="logs"),
            counter("spanglass_slow_connections_total", 9, waiting_for="head"),
            counter("spanglass_insert_retries_total", 0),
            counter("spanglass_something_new_total", 7),
        ]
    )
    assert troubles(told.counters) == [
        Trouble("Connections closed without their head", 9, "It did not come in time."),
        Trouble("Requests told to slow down", 5, "The queue was full, or their key sent too much."),
    ]


def test_an_answer_of_something_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="ledger"):
        Status.model_validate({"hello": "world"})
