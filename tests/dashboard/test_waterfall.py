"""The layout of a trace: whatever its spans are, each of them has exactly one row."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from spanglass_dashboard.waterfall import Layout, layout, to_bytes
from spanglass_store.span import Cost, Span, Usage

few_ids = st.integers(1, 12).map("{:016x}".format)


@st.composite
def damaged_spans(draw: st.DrawFn) -> Span:
    """Of few ids, so that duplicates, orphans, circles and spans that are their own parents are frequent."""
    start_ns = draw(st.integers(0, 10**6))
    end_ns = start_ns + draw(st.integers(-10, 10**6))
    parent = draw(st.just("") | few_ids)
    return Span("p", "ab" * 16, draw(few_ids), parent, start_ns, end_ns, draw(st.sampled_from("abc")))


def span(span_id: int, parent: int | None, start: int = 0, end: int = 10, **fields: object) -> Span:
    parent_id = "" if parent is None else f"{parent:016x}"
    return Span("p", "ab" * 16, f"{span_id:016x}", parent_id, start, end, f"s{span_id}", **fields)  # type: ignore[arg-type]


def names(placed: Layout) -> list[str]:
    return [f"{'.' * depth}{span.name}" for depth, span in zip(placed.depths, placed.spans, strict=True)]


@given(st.lists(damaged_spans(), max_size=40))
def test_every_span_has_exactly_one_row(spans: list[Span]):
    assert Counter(map(id, layout(spans).spans)) == Counter(map(id, spans))


@given(st.lists(damaged_spans(), max_size=40))
def test_rows_are_a_tree_in_pre_order(spans: list[Span]):
    placed = layout(spans)
    depths, sizes = placed.depths, placed.sizes
    assert all(after <= before + 1 for before, after in pairwise(depths))
    assert not depths or depths[0] == 0
    for row, size in enumerate(sizes):
        subtree = depths[row + 1 : row + 1 + size]
        assert all(depth > depths[row] for depth in subtree)
        assert row + 1 + size == len(depths) or depths[row + 1 + size] <= depths[row]


@given(st.lists(damaged_spans(), min_size=1, max_size=40))
def test_a_child_stands_under_its_parent_unless_in_a_circle(spans: list[Span]):
    placed = layout(spans)
    ids = [span.span_id for span in placed.spans]
    for row, (one, depth) in enumerate(zip(placed.spans, placed.depths, strict=True)):
        if depth:
            above = max(r for r in range(row) if placed.depths[r] == depth - 1)
            assert ids[above] == one.parent_span_id


@given(st.lists(damaged_spans(), max_size=40))
def test_the_order_of_arrival_does_not_matter_for_what_is_shown(spans: list[Span]):
    assert Counter(map(id, layout(spans[::-1]).spans)) == Counter(map(id, layout(spans).spans))


def test_siblings_stand_by_start():
    placed = layout([span(3, 1, start=5), span(2, 1, start=7), span(1, None, end=50), span(4, 3, start=6)])
    assert names(placed) == ["s1", ".s3", "..s4", ".s2"]
    assert placed.sizes == (3, 1, 0, 0)
    assert (placed.start_ns, placed.end_ns) == (0, 50)
    assert not placed.is_partial


def test_an_orphan_stands_at_the_top_and_the_trace_is_partial():
    placed = layout([span(1, None), span(2, 99, start=3), span(3, 2, start=4)])
    assert names(placed) == ["s1", "s2", ".s3"]
    assert placed.is_partial


def test_the_critical_path_follows_the_child_that_ends_last():
    placed = layout(
        [span(1, None, 0, 100), span(2, 1, 0, 90), span(3, 1, 10, 40), span(4, 2, 1, 20), span(5, 2, 2, 80)]
    )
    marked = {one.name for one, mark in zip(placed.spans, placed.critical, strict=True) if mark}
    assert marked == {"s1", "s2", "s5"}


def test_a_trace_as_deep_as_it_is_long():
    placed = layout([span(i, i - 1 or None, start=i) for i in range(1, 5001)])
    assert placed.depths[-1] == 4999
    assert placed.sizes[0] == 4999


def test_no_spans():
    placed = layout([])
    assert placed.spans == ()
    assert not placed.is_partial


def test_the_picture_has_one_value_a_row_in_every_column():
    usage, cost = Usage(10, 5), Cost(total_usd=Decimal("0.5"))
    spans = [
        span(1, None, 1_000, 9_000_000, kind="agent", usage=usage, cost=cost, usage_counted=False),
        span(2, 1, 2_001_000, 3_001_000, kind="llm", usage=usage, cost=cost, status="error"),
    ]
    drawn = json.loads(to_bytes(layout(spans), trace_id="t", selected="x", height=400))
    assert drawn["count"] == 2
    assert drawn["start"] == [0, 2000]
    assert drawn["duration"] == [8999, 1000]
    assert drawn["total"] == 8999
    assert drawn["error"] == [0, 1]
    assert drawn["tokens"] == [None, 15], "usage told twice is not added up"
    assert drawn["cost"] == [None, 0.5]
    assert [drawn["kinds"][kind] for kind in drawn["kind"]] == ["agent", "llm"]
    assert drawn["collapseFrom"] == -1
