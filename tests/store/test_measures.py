"""Each measure equals the same computed in pandas, on the real engine."""

from __future__ import annotations

import random
from decimal import Decimal

import pandas as pd
import pytest
from store.measures_in_pandas import frame_of, measured

from spanglass_store.connection import Store
from spanglass_store.measures import MEASURES, series, totals
from spanglass_store.query import Filters, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Cost, Span, Usage

HOUR_NS = 3600 * 10**9
START_NS = 1_790_000_000 * 10**9 // HOUR_NS * HOUR_NS
WINDOW = Window(START_NS, START_NS + 24 * HOUR_NS)
SPAN_MEASURES = [m.name for m in MEASURES.values() if m.table == "spans"]


def made_up(count: int, seed: int) -> list[Span]:
    dice = random.Random(seed)
    spans = []
    for i in range(count):
        kind = dice.choice(["llm", "llm", "embedding", "agent", "tool"])
        start_ns = WINDOW.start_ns + dice.randrange(WINDOW.duration_ns)
        model_call = kind in {"llm", "embedding"}
        spans.append(
            Span(
                project="default",
                trace_id=f"{i + 1:032x}",
                span_id=f"{i + 1:016x}",
                parent_span_id=dice.choice(["", "00000000000000ff"]),
                start_ns=start_ns,
                end_ns=start_ns + dice.randrange(10**6, 10**10),
                name="n",
                kind=kind,
                status=dice.choice(["ok", "ok", "ok", "error"]),
                user_id=dice.choice(["", "a", "b", "c"]),
                session_id=dice.choice(["", "s"]),
                request_model="m" if model_call else "",
                response_model=dice.choice(["", "m-1", "m-2"]) if model_call else "",
                usage=Usage(dice.choice([None, 100]), dice.choice([None, 7])) if model_call else Usage(),
                usage_counted=dice.random() < 0.9,
                cost=Cost(Decimal(dice.randrange(10**6)) / 10**8) if model_call and dice.random() < 0.7 else Cost(),
                time_to_first_token_ns=dice.choice([None, dice.randrange(10**9)]),
                sampling_weight=dice.choice([1.0, 1.0, 2.0]),
            )
        )
    return spans


@pytest.mark.clickhouse
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_measure_equals_pandas(store: Store, seed: int) -> None:
    spans = made_up(3000, seed)
    store.insert(block_from_spans(spans), token="all")
    got = store.fetch(totals(SPAN_MEASURES, "default", WINDOW, Filters())).iloc[0]
    expected = measured(frame_of(spans))
    assert set(expected) == set(SPAN_MEASURES)
    for name, value in expected.items():
        tolerance = 0.02 if "_p" in name else 1e-6  # t-digest approximates; sums do not
        assert got[name] == pytest.approx(value, rel=tolerance), name


@pytest.mark.clickhouse
def test_a_series_adds_up_to_the_total(store: Store) -> None:
    spans = made_up(2000, 4)
    store.insert(block_from_spans(spans), token="all")
    names = ["calls", "cost_usd", "total_tokens"]
    whole = store.fetch(totals(names, "default", WINDOW, Filters())).iloc[0]
    over_time = store.fetch(series(names, "default", WINDOW, Filters(), 3600))
    by_model = store.fetch(series(names, "default", WINDOW, Filters(), 3600, "model"))
    assert len(over_time) == 24
    assert str(over_time["bucket"].dtype).endswith("UTC]")
    for name in names:
        assert over_time[name].sum() == pytest.approx(whole[name])
        assert by_model[name].sum() == pytest.approx(whole[name])


@pytest.mark.clickhouse
def test_filters_of_each_kind_narrow_the_numbers(store: Store) -> None:
    base = {
        "project": "default",
        "start_ns": WINDOW.start_ns + 5,
        "end_ns": WINDOW.start_ns + 10,
        "name": "chat",
        "kind": "llm",
    }
    one = Span(
        trace_id="1" * 32, span_id="1" * 16, parent_span_id="", tags=("beta", "x"), output="The quick FOX", **base
    )
    two = Span(trace_id="2" * 32, span_id="2" * 16, parent_span_id="", response_model="m", user_id="u", **base)
    store.insert(block_from_spans([one, two]), token="two")

    def calls(filters: Filters) -> float:
        return float(store.fetch(totals(["calls"], "default", WINDOW, filters))["calls"][0])

    assert calls(Filters()) == 2
    assert calls(Filters.of(tag=["beta", "none"])) == 1
    assert calls(Filters.of(model=["m"])) == 1
    assert calls(Filters.of(user_id=["u"], model=["other"])) == 0
    assert calls(Filters.of(search="quick fox")) == 1
    assert calls(Filters.of(search="1" * 32)) == 1
    assert calls(Filters.of(search="'; DROP TABLE spans; --")) == 0


@pytest.mark.clickhouse
def test_no_calls_cost_nothing_and_calls_without_a_price_cost_unknown(store: Store) -> None:
    nothing = store.fetch(totals(["calls", "cost_usd", "error_ratio"], "default", WINDOW, Filters())).iloc[0]
    assert (nothing["calls"], nothing["cost_usd"]) == (0, 0)
    assert pd.isna(nothing["error_ratio"])
    span = Span(
        "default",
        "1" * 32,
        "1" * 16,
        "",
        WINDOW.start_ns,
        WINDOW.start_ns + 1,
        "chat",
        "llm",
        request_model="unheard-of",
    )
    store.insert(block_from_spans([span]), token="unpriced")
    unknown = store.fetch(totals(["calls", "cost_usd", "unpriced_calls"], "default", WINDOW, Filters())).iloc[0]
    assert (unknown["calls"], unknown["unpriced_calls"]) == (1, 1)
    assert pd.isna(unknown["cost_usd"])


@pytest.mark.clickhouse
def test_scores_are_measured_by_name_and_by_filters_on_their_spans(store: Store) -> None:
    at = WINDOW.start_ns + HOUR_NS
    for digit, model in (("1", "m-1"), ("2", "m-2")):
        span = Span("default", digit * 32, digit * 16, "", at, at + 5, "chat", "llm", response_model=model)
        store.insert(block_from_spans([span]), token=digit)
    scores = [Score("default", f"{n}", "quality", at + n, trace_id=str(1 + n % 2) * 32, value=n % 2) for n in range(10)]
    scores.append(Score("default", "other", "speed", at, trace_id="1" * 32, value=100.0))
    store.insert(block_from_scores(scores), token="scores")

    def mean(**fields: list[str]) -> float:
        query = totals(["score_mean"], "default", WINDOW, Filters.of(score_name=["quality"], **fields))
        return float(store.fetch(query)["score_mean"][0])

    assert mean() == 0.5
    assert mean(model=["m-1"]) == 0
    assert mean(model=["m-2"]) == 1


@pytest.mark.parametrize(
    ("names", "group_by", "sentence"),
    [
        (["calls", "score_mean"], None, "one table"),
        (["no_such"], None, "unknown measure"),
        (["calls"], "password", "cannot group"),
    ],
)
def test_questions_that_make_no_sense_are_refused(names: list[str], group_by: str | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        totals(names, "default", WINDOW, Filters(), group_by)
