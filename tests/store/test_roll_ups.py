"""A roll-up of too many groups is given up, and what it answered is answered all the same."""

from __future__ import annotations

import time

import pytest

from spanglass_store import measures
from spanglass_store.connection import Store
from spanglass_store.migrate import migrate
from spanglass_store.query import Filters, Window
from spanglass_store.roll_ups import THERE, give_up_wide
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
    assert give_up_wide(store, most_groups=10) == ["by_prompt"]
    assert give_up_wide(store, most_groups=10) == []
    assert {"by_hour", "by_service", "by_model"} <= {row["name"] for row in store.fetch_rows(THERE)}
    assert store.fetch_rows(asked) == before
