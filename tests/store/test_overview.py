"""A window beside the one before, and what leads it, on the real engine."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from spanglass_store.connection import Store
from spanglass_store.measures import MEASURES, totals
from spanglass_store.queries import overview
from spanglass_store.queries.top import top
from spanglass_store.query import Filters, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Cost, Span, Usage

HOUR_NS = 3600 * 10**9
NOW_NS = 1_790_000_000 * 10**9
WINDOW = Window(NOW_NS - HOUR_NS, NOW_NS)
SPAN_MEASURES = [m.name for m in MEASURES.values() if m.table == "spans"]


def call(number: int, *, before: bool, usd: str | None = "1", **more: object) -> Span:
    start_ns = NOW_NS - HOUR_NS // 2 - before * HOUR_NS
    values = {"response_model": "m-1", "usage": Usage(100, 10)} | more
    cost = Cost() if usd is None else Cost(Decimal(usd))
    ids = f"{number:032x}", f"{number:016x}", ""
    return Span("default", *ids, start_ns, start_ns + number * 10**9, "chat", "llm", cost=cost, **values)  # type: ignore[arg-type]


def only(store: Store, names: list[str], filters: Filters | None = None) -> dict[str, float]:
    frame = store.fetch(overview.compared(names, "default", WINDOW, filters or Filters()))
    assert len(frame) == 1
    return dict(frame.iloc[0])


@pytest.mark.clickhouse
def test_both_windows_equal_the_totals_of_each_and_nothing_before_is_unknown(store: Store) -> None:
    store.insert(block_from_spans([call(n, before=False) for n in range(1, 6)]), token="now")
    alone = only(store, SPAN_MEASURES)
    assert alone["calls"] == 5
    assert all(pd.isna(alone[f"{name}_before"]) for name in SPAN_MEASURES)

    store.insert(block_from_spans([call(n, before=True, usd=None) for n in range(6, 9)]), token="before")
    both = only(store, SPAN_MEASURES)
    for window, suffix in ((WINDOW, ""), (WINDOW.previous(), "_before")):
        expected = store.fetch(totals(SPAN_MEASURES, "default", window, Filters())).iloc[0]
        for name in SPAN_MEASURES:
            assert both[name + suffix] == pytest.approx(expected[name], nan_ok=True), name
    assert both["calls_before"] == both["unpriced_calls_before"] == 3
    assert both["cost_usd"] == 5
    assert pd.isna(both["cost_usd_before"])


@pytest.mark.clickhouse
def test_scores_with_filters_on_their_spans_are_compared_too(store: Store) -> None:
    spans = [call(1, before=False), call(2, before=True, response_model="m-2"), call(3, before=True)]
    scores = [
        Score("default", f"{n}", "quality", spans[n - 1].end_ns, trace_id=f"{n:032x}", value=value)
        for n, value in ((1, 0.9), (2, 0.1), (3, 0.5))
    ]
    store.insert(block_from_spans(spans), token="spans")
    store.insert(block_from_scores(scores), token="scores")
    names = ["score_mean", "score_count"]
    assert only(store, names, Filters.of(score_name=["quality"], model=["m-1"])) == {
        "score_mean": 0.9,
        "score_mean_before": 0.5,
        "score_count": 1,
        "score_count_before": 1,
    }


@pytest.mark.clickhouse
def test_the_most_expensive_lead_with_their_share_and_what_they_were_before(store: Store) -> None:
    prompt = {"prompt_name": "answer", "tags": ("a", "b")}
    spans = [
        call(1, before=False, usd="5", prompt_version="1", user_id="ann", **prompt),
        call(2, before=False, usd="3", prompt_version="2", response_model="m-2", **prompt),
        call(3, before=False, usd="2", response_model="m-3"),
        call(4, before=True, usd="4", prompt_version="1", user_id="ann", **prompt),
        call(5, before=True, usd="9", response_model="gone"),
    ]
    store.insert(block_from_spans(spans), token="spans")

    def led(field: str, *names: str, **more: object) -> list[list[object]]:
        frame = store.fetch(top(field, names, "default", WINDOW, Filters(), **more))  # type: ignore[arg-type]
        return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()

    assert led("model", "cost_usd") == [["m-1", 5, 4, 0.5], ["m-2", 3, None, 0.3], ["m-3", 2, None, 0.2]]
    assert led("model", "cost_usd", limit=1) == [["m-1", 5, 4, 0.5]]
    assert led("prompt", "cost_usd") == [["answer", "1", 5, 4, 0.5], ["answer", "2", 3, None, 0.3]]
    assert led("user_id", "cost_usd") == [["ann", 5, 4, 0.5]]
    assert led("tag", "cost_usd") == [["a", 8, 4, 0.8], ["b", 8, 4, 0.8]]
    assert led("model", "calls", "latency_p50_seconds", order_by="latency_p50_seconds", limit=1) == [
        ["m-3", 1, 3, None, None, None]
    ]


def test_what_cannot_lead_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot group spans by 'colour'"):
        top("colour", ["calls"], "p", WINDOW, Filters())
    with pytest.raises(ValueError, match="order_by"):
        top("model", ["calls"], "p", WINDOW, Filters(), order_by="cost_usd")
