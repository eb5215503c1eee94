"""What other prices would change of costs that are stored."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import pytest
from own_prices import day_ns, own

from spanglass_collector import repricing
from spanglass_collector.own_prices import Prices
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.pricing import AMOUNTS, TOKENS
from spanglass_collector.repricing import OTHERS, Differences, changes_in
from spanglass_store.prices import OwnPrice
from spanglass_store.sheet import Sheet

PUBLIC = GenaiPrices()
COMPUTED = {
    "cost_usd": 450_000_000, "input_cost_usd": 150_000_000, "output_cost_usd": 300_000_000, "cache_read_cost_usd": 0,
    "cache_write_cost_usd": 0, "cost_source": "computed", "price_id": "genai-prices/0.0.1:openai/gpt-4o-mini",
}  # fmt: skip
CALL = {
    "project": "shop", "kind": "llm", "status": "ok", "provider": "openai", "request_model": "gpt-4o-mini",
    "response_model": "", "service_tier": "", "start_time": day_ns("2026-11-24T12:00"), "usage_counted": True,
    "sampling_weight": 1.0, "cost_source": "", "price_id": "", **dict.fromkeys(TOKENS), **dict.fromkeys(AMOUNTS),
    "input_tokens": 1_000_000, "output_tokens": 500_000,
}  # fmt: skip


def sheet(*others: dict[str, Any]) -> Sheet:
    rows = [CALL | other for other in others]
    return Sheet(len(rows), {name: [row[name] for row in rows] for name in CALL})


def changed(*others: dict[str, Any], prices: tuple[OwnPrice, ...] = ()) -> list[tuple[int, int | None, str]]:
    return [(c.at, c.amounts[0], c.source) for c in changes_in(sheet(*others), Prices(PUBLIC, prices))]


def test_an_unknown_cost_becomes_known_and_what_is_right_stays() -> None:
    assert changed(COMPUTED, {}, {"request_model": "llama-8b"}) == [(1, 450_000_000, "computed")]


def test_an_own_price_changes_what_it_is_for() -> None:
    price = own("gpt-4o-mini", project="shop")
    (change,) = changes_in(sheet(COMPUTED, COMPUTED | {"project": "house"}), Prices(PUBLIC, [price]))
    assert (change.at, change.source, change.price_id) == (0, "computed", price.price_id)
    assert change.amounts == (2_000_000_000, 1_000_000_000, 1_000_000_000, 0, 0)


def test_a_part_that_differs_is_a_change() -> None:
    assert changed(COMPUTED | {"input_cost_usd": 0, "cache_read_cost_usd": 150_000_000}) == [
        (0, 450_000_000, "computed")
    ]


def test_the_same_amounts_by_a_price_of_another_name_are_no_change() -> None:
    assert changed(COMPUTED | {"price_id": "genai-prices/9.9.9:openai/gpt-4o-mini"}) == []


def test_a_cost_by_an_own_price_that_is_gone_becomes_public_or_unknown() -> None:
    mine = COMPUTED | {"price_id": own("gpt-4o-mini").price_id, "cost_usd": 1, "input_cost_usd": 1}
    assert changed(mine, mine | {"request_model": "llama-8b"}) == [(0, 450_000_000, "computed"), (1, None, "")]


def test_a_cost_whose_public_price_is_gone_from_the_table_stays() -> None:
    assert changed(COMPUTED | {"request_model": "text-davinci-000"}) == []


def test_differences_are_told_by_day_project_and_model_as_the_pages_would_show_them() -> None:
    cheap = own("gpt-4o-mini", project="shop")
    rows = sheet(
        COMPUTED,
        COMPUTED | {"sampling_weight": 4.0},
        {"response_model": "llama-8b"},
        {"usage_counted": False},
        {"start_time": day_ns("2026-11-23T23:59:59.999"), "project": "house"},
    )
    differences = Differences()
    prices = Prices(PUBLIC, [cheap, own("llama-8b")])
    differences.add(rows, changes_in(rows, prices))
    differences.add(rows, ())
    yesterday, mini, llama = differences.lines()
    assert astuple(yesterday) == ("2026-11-23", "house", "openai", "gpt-4o-mini", 1, 0, 0.45, 1, 0)
    assert astuple(mini) == ("2026-11-24", "shop", "openai", "gpt-4o-mini", 5, pytest.approx(2.25), 10, 0, 0)
    assert astuple(llama) == ("2026-11-24", "shop", "openai", "llama-8b", 1, 0, 2, 1, 0)
    assert mini.difference_usd == pytest.approx(7.75)
    assert differences.rows == 5
    total = differences.total()
    assert (total.calls, total.becomes_known, total.becomes_unknown) == (7, 2, 0)
    assert total.difference_usd == pytest.approx(10.2)


def test_what_becomes_unknown_is_told() -> None:
    rows = sheet(COMPUTED | {"price_id": "own/x", "request_model": "llama-8b"})
    differences = Differences()
    differences.add(rows, changes_in(rows, PUBLIC))
    (line,) = differences.lines()
    assert (line.before_usd, line.after_usd, line.becomes_unknown) == (0.45, 0, 1)


def test_made_up_models_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repricing, "MAX_LINES", 3)
    rows = sheet(*({"request_model": f"llama-{number}"} for number in range(6)))
    differences = Differences()
    differences.add(rows, changes_in(rows, Prices(PUBLIC, [own("llama-*")])))
    assert next((line.model, line.calls) for line in differences.lines()) == (OTHERS, 3)
    assert len(differences.lines()) == 4
    assert differences.total().calls == 6
