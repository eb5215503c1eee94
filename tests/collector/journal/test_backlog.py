from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_collector.journal.backlog import Backlog, Item, runs
from spanglass_collector.journal.segment import Segment


@pytest.fixture
def segment() -> Segment:
    return Segment(Path("s"), 1, b"", -1)


def item(number: int, segment: Segment, *, table: str = "spans", rows: int = 1) -> Item:
    return Item(number, table, rows, 10, b"%d" % number, segment, 0, at_ns=number)


def filled(segment: Segment, count: int) -> Backlog:
    backlog = Backlog()
    for number in range(1, count + 1):
        backlog.add(item(number, segment))
    return backlog


def numbers(items: list[Item]) -> list[int]:
    return [each.number for each in items]


def test_the_oldest_is_told_whatever_left_before_it(segment: Segment) -> None:
    backlog = filled(segment, 5)
    assert backlog.oldest_ns() == 1
    backlog.group("g", [2, 3])
    backlog.settle("g")
    assert backlog.oldest_ns() == 1
    backlog.group("h", [1])
    backlog.settle("h")
    assert backlog.oldest_ns() == 4
    backlog.group("i", [4, 5])
    backlog.settle("i")
    assert backlog.oldest_ns() is None
    assert (backlog.rows, backlog.size, segment.waiting, backlog.digests) == (0, 0, 0, set())


def test_items_that_go_into_another_group_leave_the_one_they_were_in(segment: Segment) -> None:
    backlog = filled(segment, 4)
    backlog.group("whole", [1, 2, 3, 4])
    backlog.group("claim", [2])
    assert numbers(backlog.groups["whole"]) == [1, 3, 4]
    backlog.put_out("whole")
    assert backlog.leasable_rows() == 1
    backlog.group("first", [1, 3])
    backlog.group("second", [4])
    assert set(backlog.groups) == {"claim", "first", "second"}
    assert backlog.out == set()
    assert backlog.oldest_group() == "first"
    backlog.put_out("first")
    assert backlog.oldest_group() == "claim"
    assert backlog.leasable_rows() == 2
    assert numbers(backlog.settle("first")) == [1, 3]
    assert backlog.settle("first") == []


def test_a_group_of_what_is_not_there_is_none(segment: Segment) -> None:
    backlog = filled(segment, 1)
    backlog.group("g", [7, 8])
    assert backlog.groups == {}


def test_the_table_that_waited_longest_comes_first(segment: Segment) -> None:
    backlog = Backlog()
    for number, table in enumerate(["scores", "spans", "spans", "scores"]):
        backlog.add(item(number, segment, table=table))
    assert numbers(backlog.choose(10, 100)) == [0, 3]
    backlog.group("g", [0, 3])
    assert numbers(backlog.choose(1, 100)) == [1]
    assert numbers(backlog.choose(10, 15)) == [1]
    assert numbers(backlog.choose(10, 20)) == [1, 2]


@given(st.sets(st.integers(0, 60), min_size=1))
def test_runs_hold_the_same_numbers(chosen: set[int]) -> None:
    segment = Segment(Path("s"), 1, b"", -1)
    told = runs([item(number, segment) for number in sorted(chosen)])
    assert [number for first, last in told for number in range(first, last + 1)] == sorted(chosen)
    assert all(one[1] + 1 < two[0] for one, two in pairwise(told))
