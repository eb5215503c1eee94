"""Hourly roll-ups: questions about long windows are answered from them, and the same as without them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spanglass_store import hours, measures
from spanglass_store.connection import Store
from spanglass_store.queries import overview
from spanglass_store.query import Filters, Query, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.span import Span, Usage

HOUR_NS = 3600 * 10**9
START_NS = 496_000 * HOUR_NS
WINDOW = Window(START_NS, START_NS + 72 * HOUR_NS)
ROLLED_UP = sorted(
    name
    for name, measure in measures.BUILT_IN.items()
    if measure.table == "spans" and name not in {"users", "sessions"}
)
OF_CALLS = [name for name in ROLLED_UP if "trace" not in name]
GROUPS = {None: ROLLED_UP, "service": ROLLED_UP, "environment": ROLLED_UP, "model": OF_CALLS, "prompt_name": OF_CALLS}
ROWS_READ = "SELECT count() AS parts, sum(rows) AS rows FROM system.projection_parts WHERE active AND database = currentDatabase() AND table = 'spans'"


def spans(first: int, count: int) -> list[Span]:
    """Calls of three days, four to an hour: models, prompts, errors and weights differ."""
    return [
        Span(
            project="default",
            trace_id=f"{number // 2:032x}",
            span_id=f"{number + 1:016x}",
            parent_span_id="" if number % 2 == 0 else f"{number:016x}",
            name="chat",
            kind="llm",
            status="error" if number % 7 == 0 else "ok",
            start_ns=START_NS + number * HOUR_NS // 4,
            end_ns=START_NS + number * HOUR_NS // 4 + (number % 13 + 1) * 10**9,
            service=f"s{number % 2}",
            environment=f"e{number % 3}",
            request_model=f"m{number % 3}",
            prompt_name=f"p{number % 4}",
            usage=Usage(number % 5, number % 11),
            time_to_first_token_ns=number * 10**6 if number % 3 else None,
            sampling_weight=1.0 + number % 2,
        )
        for number in range(first, first + count)
    ]


@pytest.fixture
def rolled_up(store: Store) -> Store:
    """Spans of which most are in one merged part, with roll-ups, and some in a part that has none yet."""
    for first in (0, 100):
        store.insert(block_from_spans(spans(first, 100)), token=str(first))
    store.execute("OPTIMIZE TABLE spans FINAL")
    store.insert(block_from_spans(spans(200, 88)), token="late")
    return store


def asked() -> list[Query]:
    """Each measure by each group, in all and over time."""
    return [
        query
        for group, names in GROUPS.items()
        for query in (
            measures.totals(names, "default", WINDOW, Filters(), group),
            measures.series(names, "default", WINDOW, Filters(), 3600 * 6, group),
        )
    ]


@pytest.mark.clickhouse
def test_every_measure_is_told_from_roll_ups_as_without_them(rolled_up: Store) -> None:
    (kept,) = rolled_up.fetch_rows(Query("roll-ups", ROWS_READ))
    assert kept["rows"] > 0
    for query in [*asked(), overview.compared(ROLLED_UP, "default", WINDOW, Filters())]:
        plan = "\n".join(row["explain"] for row in rolled_up.fetch_rows(replace(query, sql=f"EXPLAIN {query.sql}")))
        assert "ReadFromMergeTree (by_" in plan, query.sql
        bare = replace(query, sql=f"{query.sql}, optimize_use_projections = 0")
        told, wanted = rolled_up.fetch_rows(query), rolled_up.fetch_rows(bare)
        assert len(told) == len(wanted) > 0
        for row, right in zip(told, wanted, strict=True):
            for name, value in right.items():
                is_number = isinstance(value, float)  # of which the sums are made in another order
                assert row[name] == (pytest.approx(value, rel=1e-6, nan_ok=True) if is_number else value), (name, query)


@pytest.mark.clickhouse
def test_roll_ups_follow_deletions(rolled_up: Store) -> None:
    rolled_up.execute("DELETE FROM spans WHERE request_model = 'm1'")
    (row,) = rolled_up.fetch_rows(measures.totals(["calls"], "default", WINDOW, Filters()))
    assert row["calls"] == sum(span.sampling_weight for span in spans(0, 288) if span.request_model != "m1")


@pytest.mark.parametrize(
    ("window", "interval_seconds", "time"),
    [
        (WINDOW, 3600, hours.HOUR),
        (WINDOW, 7200, hours.HOUR),
        (WINDOW, 600, "start_time"),
        (Window(START_NS + 1, WINDOW.end_ns), 3600, "start_time"),
        (Window(START_NS, WINDOW.end_ns - 1), 3600, "start_time"),
        (Window(START_NS, START_NS + 24 * HOUR_NS), 3600, hours.HOUR),
        (Window(START_NS, START_NS + 23 * HOUR_NS), 3600, "start_time"),
    ],
)
def test_only_long_windows_of_whole_hours_speak_of_hours(window: Window, interval_seconds: int, time: str) -> None:
    assert hours.start_of(window, interval_seconds) == time
