"""The lists and the trends, on the real engine."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest

from spanglass_store.connection import Store
from spanglass_store.queries import facets, quality, trace, traces
from spanglass_store.query import Filters, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import Score, block_from_scores, score_from_row
from spanglass_store.span import Cost, Span, Usage

SECOND_NS = 10**9
NOW_NS = 1_790_000_000 * SECOND_NS
WINDOW = Window(NOW_NS - 3600 * SECOND_NS, NOW_NS)
ONE, TWO, THREE = ("1" * 32, "2" * 32, "3" * 32)


def told(trace_id: str, number: int, at_seconds: int, **more: object) -> Span:
    start_ns = NOW_NS - at_seconds * SECOND_NS
    values = {"name": "chat", "parent_span_id": "", "end_ns": start_ns + SECOND_NS} | more
    return Span(project="default", trace_id=trace_id, span_id=f"{number:016x}", start_ns=start_ns, **values)  # type: ignore[arg-type]


@pytest.fixture
def three_traces(store: Store) -> Store:
    spans = [
        told(
            ONE,
            1,
            600,
            name="ask",
            kind="agent",
            input_preview="where is it?",
            user_id="ann",
            service="shop",
            tags=("a",),
        ),
        told(
            ONE,
            2,
            599,
            kind="llm",
            parent_span_id=f"{1:016x}",
            response_model="m-1",
            usage=Usage(10, 5),
            cost=Cost(Decimal("0.25")),
            status="ok",
        ),
        told(
            ONE,
            3,
            598,
            kind="llm",
            parent_span_id=f"{1:016x}",
            response_model="m-2",
            usage=Usage(20, 5),
            cost=Cost(Decimal("0.5")),
            status="error",
            prompt_version="v2",
        ),
        told(TWO, 4, 300, kind="llm", response_model="m-1", request_model="m", user_id="bob", prompt_version="v1"),
        told(THREE, 5, 100, name="late child, no root here", parent_span_id=f"{9:016x}"),
    ]
    store.insert(block_from_spans(spans), token="three")
    scores = [
        Score("default", "s1", "quality", NOW_NS - SECOND_NS, trace_id=ONE, value=0.5),
        Score("default", "s2", "quality", NOW_NS - SECOND_NS, trace_id=TWO, value=1.0),
        Score("default", "s3", "helpful", NOW_NS - SECOND_NS, trace_id=TWO, data_type="boolean", value=1.0),
        Score("default", "s4", "note", NOW_NS - SECOND_NS, trace_id=TWO, data_type="text", text_value="fine"),
    ]
    store.insert(block_from_scores(scores), token="scores")
    return store


@pytest.mark.clickhouse
def test_the_list_shows_each_trace_once_newest_first(three_traces: Store) -> None:
    rows = three_traces.fetch(traces.find("default", WINDOW, Filters()))
    assert list(rows["trace_id"]) == [THREE, TWO, ONE]
    one = rows.iloc[2]
    assert (one["name"], one["status"], one["spans"], one["errors"]) == ("ask", "error", 3, 1)
    assert list(one["models"]) == ["m-1", "m-2"]
    assert (one["total_tokens"], one["cost_usd"], one["score"]) == (40, 0.75, 0.5)
    assert one["duration_seconds"] == 3
    assert (one["user_id"], one["service"], one["input_preview"]) == ("ann", "shop", "where is it?")
    assert math.isnan(rows.iloc[1]["cost_usd"])
    assert rows.iloc[0]["name"] == "late child, no root here"


@pytest.mark.clickhouse
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters.of(status=["error"]), [ONE]),
        (Filters.of(status=["ok"]), [THREE, TWO]),
        (Filters.of(status=["ok", "error"]), [THREE, TWO, ONE]),
        (Filters.of(model=["m-1"]), [TWO, ONE]),
        (Filters.of(user_id=["ann"], tag=["a"]), [ONE]),
        (Filters.of(search="ASK"), [ONE]),
        (Filters.of(search=TWO), [TWO]),
        (Filters.of(service=["nowhere"]), []),
    ],
)
def test_filters_choose_traces_and_the_count_agrees(three_traces: Store, filters: Filters, expected: list[str]) -> None:
    found = three_traces.fetch(traces.find("default", WINDOW, filters))
    assert list(found["trace_id"]) == expected
    assert three_traces.fetch(traces.count("default", WINDOW, filters))["traces"][0] == len(expected)


@pytest.mark.clickhouse
def test_a_text_as_it_stands_is_looked_for_in_one_project_and_one_time(store: Store) -> None:
    found = told(ONE, 1, 600, output="the parcel is lost")
    elsewhere = replace(told(TWO, 2, 10, output="the parcel is lost"), project="other")
    earlier = told(THREE, 3, 7200, output="the parcel is lost")
    store.insert(block_from_spans([found, elsewhere, earlier]), token="texts")
    filters = Filters.of('"arce"')
    assert list(store.fetch(traces.find("default", WINDOW, filters, limit=1))["trace_id"]) == [ONE]
    assert store.fetch_rows(traces.count("default", WINDOW, filters)) == [{"traces": 1, "more": False}]


@pytest.mark.clickhouse
def test_pages_of_the_list_do_not_overlap(three_traces: Store) -> None:
    pages = [three_traces.fetch(traces.find("default", WINDOW, Filters(), limit=2, offset=o)) for o in (0, 2)]
    assert [list(page["trace_id"]) for page in pages] == [[THREE, TWO], [ONE]]


@pytest.mark.clickhouse
def test_another_project_sees_nothing(three_traces: Store) -> None:
    assert three_traces.fetch(traces.find("other", WINDOW, Filters())).empty
    assert three_traces.fetch_rows(trace.spans("other", ONE)) == []
    assert three_traces.fetch_rows(trace.scores("other", ONE)) == []


@pytest.mark.clickhouse
def test_a_span_sent_in_two_batches_is_shown_once(three_traces: Store) -> None:
    three_traces.insert(block_from_spans([told(TWO, 4, 300, kind="llm")]), token="again")
    assert len(three_traces.fetch_rows(trace.spans("default", TWO))) == 1


@pytest.mark.clickhouse
def test_a_trace_with_more_spans_than_are_read_says_so(three_traces: Store) -> None:
    for limit, cut in ((3, False), (2, True)):
        rows = three_traces.fetch_rows(trace.spans("default", ONE, limit=limit))
        assert ([row["span_id_hex"] for row in rows], rows.cut) == ([f"{n + 1:016x}" for n in range(limit)], cut)


@pytest.mark.clickhouse
def test_a_score_written_again_replaces_the_older_one(three_traces: Store) -> None:
    changed = Score("default", "s1", "quality", NOW_NS - SECOND_NS, trace_id=ONE, value=0.9, updated_at_ns=NOW_NS)
    three_traces.insert(block_from_scores([changed]), token="changed")
    assert [score_from_row(row) for row in three_traces.fetch_rows(trace.scores("default", ONE))] == [changed]


@pytest.mark.clickhouse
def test_quality_is_grouped_by_the_model_that_answered_last(three_traces: Store) -> None:
    rows = three_traces.fetch(quality.totals("default", WINDOW, Filters(), "quality", "model"))
    assert dict(zip(rows["group"], rows["mean"], strict=True)) == {"m-2": 0.5, "m-1": 1.0}
    by_prompt = three_traces.fetch(quality.totals("default", WINDOW, Filters(), "quality", "prompt_version"))
    assert dict(zip(by_prompt["group"], by_prompt["mean"], strict=True)) == {"v2": 0.5, "v1": 1.0}


@pytest.mark.clickhouse
def test_intervals_are_the_textbook_ones(store: Store) -> None:
    values = [0.2, 0.4, 0.9, 0.7]
    numbers = [Score("default", f"n{i}", "q", NOW_NS - 10, trace_id=ONE, value=v) for i, v in enumerate(values)]
    yes = [
        Score("default", f"b{i}", "yes", NOW_NS - 10, trace_id=ONE, data_type="boolean", value=1.0) for i in range(10)
    ]
    store.insert(block_from_scores(numbers + yes), token="known")
    row = store.fetch(quality.totals("default", WINDOW, Filters(), "q")).iloc[0]
    mean = sum(values) / 4
    half = 1.959964 * math.sqrt(sum((v - mean) ** 2 for v in values) / 3) / 2
    assert (row["low"], row["high"]) == pytest.approx((mean - half, mean + half), rel=1e-5)
    row = store.fetch(quality.totals("default", WINDOW, Filters(), "yes")).iloc[0]
    assert (row["low"], row["high"]) == pytest.approx((0.72247, 1.0), rel=1e-4)  # Wilson for 10 of 10


@pytest.mark.clickhouse
def test_quality_over_time_has_one_row_a_bucket_and_group(three_traces: Store) -> None:
    rows = three_traces.fetch(quality.trend("default", WINDOW, Filters(), "quality", 600, "model"))
    assert sorted(rows["group"]) == ["m-1", "m-2"]
    assert rows["bucket"].nunique() == 1


@pytest.mark.clickhouse
def test_score_names_and_distribution(three_traces: Store) -> None:
    names = three_traces.fetch(quality.names("default", WINDOW))
    assert dict(zip(names["name"], names["count"], strict=True)) == {"quality": 2, "helpful": 1, "note": 1}
    bins = three_traces.fetch(quality.distribution("default", WINDOW, Filters(), "quality", bins=10))
    assert list(bins["count"]) == [1, 1]
    assert (bins["low"].iloc[0], bins["high"].iloc[-1]) == (0.5, 1.0)


@pytest.mark.clickhouse
def test_facets_list_values_by_use(three_traces: Store) -> None:
    found = three_traces.fetch(facets.values("default", WINDOW, "model"))
    assert list(zip(found["value"], found["count"], strict=True)) == [("m-1", 2), ("m-2", 1)]
    assert list(three_traces.fetch(facets.projects(WINDOW))["project"]) == ["default"]


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown field"):
        facets.values("default", WINDOW, "password")
    with pytest.raises(ValueError, match="unknown filter"):
        Filters.of(password=["x"])
    with pytest.raises(ValueError, match="cannot group"):
        quality.totals("default", WINDOW, Filters(), "q", "password")


@pytest.mark.clickhouse
def test_coverage_counts_the_traces_that_were_judged(three_traces: Store) -> None:
    ((traces_begun, scored),) = three_traces.fetch(quality.coverage("default", WINDOW, Filters(), "quality")).to_numpy()
    assert (traces_begun, scored) == (2, 2)
    (row,) = three_traces.fetch_rows(quality.coverage("default", WINDOW, Filters.of(service=["shop"]), "helpful"))
    assert row == {"traces": 1, "scored": 0}
