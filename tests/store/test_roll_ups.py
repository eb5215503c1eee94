"""A roll-up of too many groups is given up, and what it answered is answered all the same."""

from __future__ import annotations

import time

import pytest

from spanglass_store import measures
from spanglass_store.connection import Store
from spanglass_store.migrate import migrate
from spanglass_store.query import Filters, Query, Window
from spanglass_store.roll_ups import THERE, give_up_wide, make_lacking
from spanglass_store.rows import block_from_spans
from spanglass_store.span import Span

HOUR_NS = 3600 * 10**9


@pytest.mark.clickhouse
def test_a_roll_up_with_an_id_for_a_name_is_given_up(store: Store) -> None:
    migrate(store)
    end_ns = time.time_ns() // HOUR_NS * HOUR_NS
    spans = [
        Span(
            "p",
            f"{number + 1:032x}",
            f"{number + 1:016x}",
            "",
            end_ns - HOUR_NS,
            end_ns - HOUR_NS + 1,
            "call",
            kind="llm",
            service="shop",
            prompt_name=f"run {number}",
        )
        for number in range(20)
    ]
    store.insert(block_from_spans(spans), token="spans")
    store.execute("OPTIMIZE TABLE spans FINAL")
    week = Window(end_ns - 7 * 24 * HOUR_NS, end_ns)
    asked = measures.totals(["calls"], "p", week, Filters(), "prompt_name")
    before = store.fetch_rows(asked)
    assert len(before) == 20

    assert give_up_wide(store) == []
    assert give_up_wide(store, most_groups=10) == ["daily_by_prompt", "hourly_by_prompt"]
    assert give_up_wide(store, most_groups=10) == []
    assert {"daily", "daily_by_service", "hourly_by_model"} <= {row["name"] for row in store.fetch_rows(THERE)}
    assert store.fetch_rows(asked) == before


@pytest.mark.clickhouse
def test_what_came_last_of_a_day_gets_its_roll_ups_and_the_day_becomes_one_part(store: Store) -> None:
    migrate(store)
    late_ns = (
        time.time_ns() // (24 * HOUR_NS) * 24 * HOUR_NS - 60 * 10**9
    )  # yesterday, and not old enough to be packed anew
    parts = Query(
        "parts",
        "SELECT count() AS parts, countIf(name IN (SELECT parent_name FROM system.projection_parts WHERE active"
        " AND database = currentDatabase() AND table = 'spans')) AS rolled_up FROM system.parts"
        " WHERE active AND database = currentDatabase() AND table = 'spans' AND partition_id < formatDateTime(now('UTC'), '%Y%m%d')",
    )
    merge = "OPTIMIZE TABLE spans FINAL SETTINGS alter_sync = 2"
    for number in range(3):
        span = Span("p", f"{number + 1:032x}", f"{number + 1:016x}", "", late_ns + number, late_ns + number + 1, "call")
        store.insert(block_from_spans([span]), token=f"of the day {number}")
        if number == 1:
            store.execute(merge)
    store.execute(merge)
    assert store.fetch_rows(parts) == [{"parts": 2, "rolled_up": 1}]

    now_ns = time.time_ns()
    today = Span("p", f"{9:032x}", f"{9:016x}", "", now_ns, now_ns + 1, "call")
    store.insert(block_from_spans([today]), token="of today")  # a merge may yet come by
    assert make_lacking(store) == []  # a merge may still do it
    assert make_lacking(store, age_seconds=0) == [time.strftime("%Y%m%d", time.gmtime(late_ns / 1e9))]
    for _ in range(100):
        if (there := store.fetch_rows(parts)[0])["parts"] == there["rolled_up"]:
            break
        time.sleep(0.1)
    store.execute(merge)
    assert store.fetch_rows(parts) == [{"parts": 1, "rolled_up": 1}]
    assert make_lacking(store, age_seconds=0) == []
