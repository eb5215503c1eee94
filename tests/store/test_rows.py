"""A Span becomes a row and the same Span again, through the real engine."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store.spans import spans

from spanglass_store.connection import Store
from spanglass_store.joined import joined
from spanglass_store.queries import trace
from spanglass_store.query import Query
from spanglass_store.rows import MAX_TOKENS, block_from_rows, block_from_spans, span_from_row, span_from_sparse
from spanglass_store.span import Cost, Span, Usage


@pytest.mark.clickhouse
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(spans(), min_size=1, max_size=5, unique_by=lambda s: s.trace_id))
def test_whatever_is_written_is_read_back(store: Store, written: list[Span]) -> None:
    store.execute("TRUNCATE TABLE spans")
    store.insert(block_from_spans(written), token=str(hash(tuple(s.trace_id for s in written))))
    for span in written:
        rows = store.fetch_rows(trace.spans(span.project, span.trace_id))
        assert [span_from_row(row) for row in rows] == [span]


@pytest.mark.clickhouse
def test_the_same_insert_twice_is_stored_once(store: Store) -> None:
    span = Span("p", "1" * 32, "2" * 16, "", 10**18, 10**18 + 5, "once")
    for _ in range(2):
        store.insert(block_from_spans([span]), token="group-1")
    store.insert(block_from_spans([span]), token="group-2")
    assert store.fetch(Query("count", "SELECT count() AS n FROM spans"))["n"][0] == 2


@pytest.mark.clickhouse
def test_numbers_that_do_not_fit_are_clamped_not_wrapped(store: Store) -> None:
    span = Span(
        "p", "1" * 32, "2" * 16, "", 10**18, 10**30, "absurd", usage=Usage(10**12, -3), cost=Cost(Decimal(10) ** 12)
    )
    store.insert(block_from_spans([span]), token="absurd")
    read = span_from_row(store.fetch_rows(trace.spans("p", span.trace_id))[0])
    assert read.usage == Usage(MAX_TOKENS, 0)
    assert read.cost.total_usd == Decimal("999999999.999999999")
    assert read.end_ns > read.start_ns


@pytest.mark.clickhouse
def test_blocks_that_fill_other_columns_can_be_inserted_together(store: Store) -> None:
    """What a row leaves out is its default, also where a block beside it fills that column."""
    place = {"project": "p", "trace_id": b"t" * 16, "start_time": 10**18, "name": "n"}
    rows = [
        {**place, "span_id": 1, "session_id": "s", "input_tokens": 7, "tags": ["a"], "attributes": {"k": "v"}},
        {**place, "span_id": 2, "kind": "llm", "cost_usd": 5},
    ]
    store.insert(joined([block_from_rows([row]) for row in rows]), token="both")
    read = [span_from_row(row) for row in store.fetch_rows(trace.spans("p", (b"t" * 16).hex()))]
    assert sorted(read, key=lambda span: span.span_id) == [span_from_sparse(row) for row in rows]


def test_no_spans_make_an_empty_block() -> None:
    block = block_from_spans([])
    assert (block.rows, block.body) == (0, b"")


def test_lone_surrogates_do_not_stop_a_row() -> None:
    assert block_from_spans([Span("p", "1" * 32, "2" * 16, "", 1, 2, "bad \ud800 text")]).rows == 1
