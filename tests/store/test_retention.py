"""Retention: rows go after their project's days, and others stay, whether they knew it when they were written or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_store.annotations import Annotation, block_from_annotations
from spanglass_store.connection import Store
from spanglass_store.native import Block
from spanglass_store.query import Query
from spanglass_store.retention import (
    DAY_NS,
    KEPT_TABLES,
    MAX_DAYS,
    Retention,
    all_retention,
    block_from_retention,
    kept_for,
    retention_from_row,
)
from spanglass_store.rows import block_from_rows, block_from_spans
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Span
from spanglass_store.span_details import block_from_details
from spanglass_store.upkeep import adjust, apply_retention, stored_of

AGES = (0, 3, 8, 40)  # days
PROJECTS = ("shop", "house")
Kept = Callable[[Block, str], Block]


def fill(store: Store, now_ns: int, kept: Kept = lambda block, _: block) -> None:
    """In every table and project a row of each age, and one of the same moment 40 days ago."""
    for project in PROJECTS:
        for age in AGES:
            at_ns, trace = now_ns - age * DAY_NS, f"{age + 1:032x}"
            span = Span(project, trace, f"{age + 1:016x}", "", at_ns, at_ns, "chat", input="why?", user_id="u")
            row = {"project": project, "trace_id": bytes.fromhex(trace), "span_id": age + 1, "start_time": at_ns}
            blocks = (
                block_from_spans([span, replace(span, span_id="f" * 16)]),
                block_from_details([row | {"name": "n", "record_id": age.to_bytes(16, "big")}]),
                block_from_scores([Score(project, f"s{age}", "good", at_ns, trace_id=trace, value=1.0)]),
                block_from_annotations([Annotation(project, f"n{age}", "text", "ann", at_ns, trace)], version=1),
            )
            for block in blocks:
                store.insert(kept(block, project), token=f"{block.table}-{project}-{age}")


def ages(store: Store, table: str, project: str) -> list[int]:
    """How old the rows are that are really there, in days."""
    sql = (
        f"SELECT DISTINCT intDiv(dateDiff('hour', {KEPT_TABLES[table]}, now('UTC')), 24) AS age FROM {table} "
        "WHERE project = {project:String} ORDER BY age"
    )
    return [row["age"] for row in store.fetch_rows(Query("ages", sql, (("project", project),)))]


def now_ns(store: Store) -> int:
    return int(store.fetch_rows(Query("now", "SELECT toUnixTimestamp(now('UTC')) AS s"))[0]["s"]) * 10**9


@pytest.mark.clickhouse
def test_rows_that_say_their_days_go_by_themselves(store: Store) -> None:
    days = {"shop": 5, "house": 0}
    fill(store, now_ns(store), lambda block, project: kept_for(block, days[project]))
    for table in KEPT_TABLES:
        store.execute(f"OPTIMIZE TABLE {table} FINAL")
        assert ages(store, table, "shop") == [0, 3]
        assert ages(store, table, "house") == list(AGES)


@pytest.mark.clickhouse
def test_a_new_retention_is_applied_to_what_is_stored_and_to_what_was_on_its_way(store: Store) -> None:
    at_ns = now_ns(store)
    fill(store, at_ns)
    week = Retention("shop", 7)
    found = stored_of(store, week, now_ns=at_ns)
    assert {t: sum(p["too_old"] for p in places) for t, places in found.items()} == {
        "spans": 4, "span_details": 2, "scores": 2, "annotations": 2,
    }  # fmt: skip
    told: list[tuple[int, int]] = []
    assert apply_retention(store, week, now_ns=at_ns, tell=lambda done, total: told.append((done, total))) == 20
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]
    for table in KEPT_TABLES:
        assert ages(store, table, "shop") == [0, 3]
        assert ages(store, table, "house") == list(AGES)
    assert apply_retention(store, week, now_ns=at_ns) == 0

    store.insert(block_from_retention(week, version=1), token="1")
    late = Span("shop", "ab" * 16, "ab" * 8, "", at_ns - 8 * DAY_NS, at_ns, "from a spool, of last week")
    store.insert(block_from_spans([late, replace(late, start_ns=at_ns)]), token="late")
    assert adjust(store) == 2
    assert ages(store, "spans", "shop") == [0, 3]
    assert adjust(store) == 0


@pytest.mark.clickhouse
def test_the_newest_entry_of_a_project_counts(store: Store) -> None:
    for version, days in ((1, 30), (3, 0), (2, 7)):
        store.insert(block_from_retention(Retention("shop", days), version=version), token=str(version))
    store.insert(block_from_retention(Retention("house", MAX_DAYS), version=1), token="house")
    found = [retention_from_row(row) for row in store.fetch_rows(all_retention())]
    assert found == [Retention("house", MAX_DAYS), Retention("shop", 0)]


@pytest.mark.parametrize("days", [-1, MAX_DAYS + 1])
def test_days_that_cannot_be_are_refused(days: int) -> None:
    with pytest.raises(ValueError, match="0 keeps it for ever"):
        block_from_retention(Retention("shop", days), version=1)


def test_without_a_limit_a_block_is_the_same_one() -> None:
    block = block_from_rows([{"project": "p"}])
    assert kept_for(block, 0) is block
    empty = Block("spans", b"", 0)
    assert kept_for(empty, 7) is empty


@given(st.integers(1, 400), st.integers(1, MAX_DAYS))
def test_the_days_are_one_more_column(rows: int, days: int) -> None:
    block = block_from_rows([{"project": "p", "name": "n"}] * rows)
    kept = kept_for(block, days)
    column = b"\x0eretention_days\x06UInt16" + days.to_bytes(2, "little") * rows
    assert (kept.table, kept.rows) == ("spans", rows)
    assert bytes(kept.body) == bytes((block.body[0] + 1,)) + bytes(block.body[1:]) + column
