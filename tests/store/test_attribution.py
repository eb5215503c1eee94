"""What changed the cost: the parts add up, whatever happened."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_store.connection import Store
from spanglass_store.decomposition import logarithmic_mean
from spanglass_store.measures import totals
from spanglass_store.queries.attribution import FACTORS, Change, attributed, by_model, total
from spanglass_store.query import Filters, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.span import Cost, Span, Usage

COSTS = ("input_cost_usd", "cache_read_cost_usd", "cache_write_cost_usd", "output_cost_usd")
counts = st.integers(0, 3) | st.integers(0, 10**9)
amounts = st.just(0.0) | st.floats(1e-9, 1e6)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, object]:
    calls = draw(st.integers(0, 10**6))
    read, written, fresh = (draw(counts) if calls else 0 for _ in range(3))
    costs = {name: draw(amounts) if calls else 0.0 for name in COSTS}
    whole = sum(costs.values()) * draw(st.sampled_from([1.0, 1.0, 0.5, 1.25])) + (draw(amounts) if calls else 0.0)
    return {
        "calls": float(calls),
        "unpriced_calls": 0.0,
        "input_tokens": fresh + read + written,
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "output_tokens": draw(counts) if calls else 0,
        **costs,
        "cost_usd": whole,
    }


models = st.dictionaries(st.sampled_from("abcd"), rows(), max_size=4)


def changed(before: dict[str, dict[str, object]], after: dict[str, dict[str, object]]) -> Change:
    told = [{"model": m, "is_now": is_now, **row} for is_now, of in ((0, before), (1, after)) for m, row in of.items()]
    return total(attributed(told).values())


@given(models, models)
def test_the_parts_add_up_to_the_difference_and_turn_round_with_the_periods(before, after) -> None:
    change, back = changed(before, after), changed(after, before)
    size = max(change.before_usd, change.after_usd, 1e-9)
    assert sum(change.parts.values()) == pytest.approx(change.after_usd - change.before_usd, abs=1e-9 * size)
    assert change.before_usd == pytest.approx(sum(row["cost_usd"] for row in before.values()))
    for name in FACTORS:
        assert back.parts[name] == pytest.approx(-change.parts[name], abs=1e-9 * size)


@given(models)
def test_where_nothing_changed_every_part_is_zero(same) -> None:
    change = changed(same, same)
    assert all(part == 0 for part in change.parts.values())


@given(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9))
def test_the_mean_lies_between_both(a: float, b: float) -> None:
    assert min(a, b) * (1 - 1e-12) <= logarithmic_mean(a, b) <= max(a, b) * (1 + 1e-12)


BASE: dict[str, object] = {
    "calls": 100.0,
    "unpriced_calls": 0.0,
    "input_tokens": 1000,
    "cache_read_tokens": 400,
    "cache_write_tokens": 0,
    "output_tokens": 200,
    "input_cost_usd": 6.0,
    "cache_read_cost_usd": 0.4,
    "cache_write_cost_usd": 0.0,
    "output_cost_usd": 8.0,
    "cost_usd": 14.4,
}
TWICE = {name: 2 * value for name, value in BASE.items()}  # type: ignore[operator]
DEARER = {name: value * (2 if name.endswith("_usd") else 1) for name, value in BASE.items()}  # type: ignore[operator]
UNCACHED = BASE | {"cache_read_tokens": 0, "cache_read_cost_usd": 0.0, "input_cost_usd": 10.0, "cost_usd": 18.0}
WORDIER = BASE | {"output_tokens": 400, "output_cost_usd": 16.0, "cost_usd": 22.4}
WITH_FEE = BASE | {"cost_usd": 24.4}


@pytest.mark.parametrize(
    ("after", "factor", "usd"),
    [
        ({"a": TWICE}, "volume", 14.4),
        ({"a": DEARER}, "price", 14.4),
        ({"a": UNCACHED}, "cache_share", 3.6),
        ({"a": WORDIER}, "output_tokens_per_call", 8.0),
        ({"a": WITH_FEE}, "price", 10.0),
        ({"b": DEARER}, "model_mix", 14.4),
        ({}, "volume", -14.4),
    ],
)
def test_what_alone_changed_has_the_whole_effect(after: dict[str, dict[str, object]], factor: str, usd: float) -> None:
    change = changed({"a": BASE}, after)
    assert change.parts == pytest.approx({name: usd if name == factor else 0.0 for name in FACTORS}, abs=1e-12)


@pytest.mark.clickhouse
def test_costs_by_model_are_those_of_the_measures(store: Store) -> None:
    hour_ns, now_ns = 3600 * 10**9, 1_790_000_000 * 10**9
    window = Window(now_ns - hour_ns, now_ns)

    def call(number: int, model: str, usd: str | None, *, before: bool = False, **more: object) -> Span:
        at_ns = now_ns - 1 - before * hour_ns
        parts = None if usd is None else Decimal(usd) / 2
        cost = Cost() if usd is None else Cost(Decimal(usd), input_usd=parts, output_usd=parts)
        values = {"response_model": model, "usage": Usage(100, 10, 0), "cost": cost, **more}
        return Span("default", f"{number:032x}", f"{number:016x}", "", at_ns, at_ns, "chat", "llm", **values)  # type: ignore[arg-type]

    spans = [
        call(1, "a", "2", before=True),
        call(2, "a", "3"),
        call(3, "a", "3", sampling_weight=2.0),
        call(4, "b", "1"),
        call(5, "b", None),
        call(6, "a", "50", usage_counted=False),
    ]
    store.insert(block_from_spans(spans), token="spans")
    told = store.fetch_rows(by_model("default", window, Filters()))
    assert {(row["model"], row["is_now"], row["calls"], row["unpriced_calls"]) for row in told} == {
        ("a", False, 1, 0),
        ("a", True, 3, 0),
        ("b", True, 1, 1),
    }
    changes = attributed(told)
    assert list(changes) == ["a", "b"]
    whole = total(changes.values())
    for at, usd in ((window, whole.after_usd), (window.previous(), whole.before_usd)):
        assert usd == store.fetch(totals(["cost_usd"], "default", at, Filters()))["cost_usd"][0]
    assert sum(whole.parts.values()) == pytest.approx(8)
