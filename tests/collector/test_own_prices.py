"""Own prices over public ones, in the line."""

from __future__ import annotations

from dataclasses import astuple, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_prices import any_own, day_ns, own

from spanglass_collector.own_prices import Prices, price_from_own
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.pricing import DAY_NS, Call
from spanglass_collector.tariff import Tariff
from spanglass_store.prices import OwnPrice, price_for
from spanglass_store.span import Usage

PUBLIC = GenaiPrices()
NOON = day_ns("2026-11-24T12:00")


def call(answered: str = "llama-8b", asked: str = "", *, project: str = "shop", at_ns: int = NOON) -> Call:
    return Call(project, "openai", answered, asked, "", at_ns // DAY_NS)


def price_id(prices: Prices, told: Call, at_ns: int = NOON) -> str:
    tariff = prices.tariff_of(told, at_ns)
    return tariff.price_id if tariff else ""


def test_own_prices_go_before_public_ones_and_only_in_their_project() -> None:
    mine = own("gpt-4o", project="shop")
    prices = Prices(PUBLIC, [mine])
    assert price_id(prices, call("gpt-4o")) == mine.price_id
    assert price_id(prices, call("gpt-4o", project="house")).endswith(":openai/gpt-4o")
    assert price_id(prices, call("gpt-4o-mini")).endswith(":openai/gpt-4o-mini")
    assert price_id(prices, call()) == ""


def test_a_project_s_own_price_goes_before_that_of_all() -> None:
    everybody, shop = own(), own(project="shop")
    prices = Prices(PUBLIC, [shop, everybody])
    assert [price_id(prices, call(project=project)) for project in ("shop", "house")] == [
        shop.price_id,
        everybody.price_id,
    ]


def test_the_model_that_answered_goes_before_the_one_asked_for() -> None:
    answered, asked = own("gpt-4o-2024-08-06"), own("gpt-4o")
    prices = Prices(PUBLIC, [asked, answered])
    assert price_id(prices, call("gpt-4o-2024-08-06", "gpt-4o")) == answered.price_id
    assert price_id(prices, call("gpt-4o-2024-05-13", "gpt-4o")) == asked.price_id


def test_prices_begin_and_end_within_a_day() -> None:
    morning = own(ends="2026-11-24T12:00")
    evening = own(starts="2026-11-24T18:00", output_usd=Decimal(3))
    prices = Prices(PUBLIC, [morning, evening])
    times = ["2026-11-23T12:00", "2026-11-24T11:59:59.999", "2026-11-24T12:00", "2026-11-24T18:00", "2026-11-25T00:00"]
    found = [price_id(prices, call(at_ns=day_ns(at)), day_ns(at)) for at in times]
    assert found == [morning.price_id, morning.price_id, "", evening.price_id, evening.price_id]


def test_what_cannot_be_used_is_left_out() -> None:
    broken = replace(own(), input_usd=None, output_usd=None)
    assert price_id(Prices(PUBLIC, [broken]), call()) == ""


@given(st.lists(any_own, max_size=5), st.integers(0, 90_000 * DAY_NS - 1))
def test_the_day_s_table_says_what_the_rule_says(own_prices: list[OwnPrice], at_ns: int) -> None:
    prices = Prices(PUBLIC, own_prices)
    for price in own_prices:
        told = call(price.model, project=price.project or "shop", at_ns=at_ns)._replace(provider=price.provider)
        theirs = [each for each in own_prices if each.project in {"", told.project}]
        expected = price_for(theirs, told.provider, told.response_model, at_ns)
        assert price_id(prices, told, at_ns) == (expected.price_id if expected else "")


@pytest.mark.parametrize(
    ("usage", "nano_usd"),
    [
        (Usage(1000, 100), 1000 * 1000 + 100 * 2000 + 7 * 10**6),
        (Usage(1000, 100, cache_read_tokens=400), 600 * 1000 + 400 * 100 + 100 * 2000 + 7 * 10**6),
        (Usage(1000, 100, reasoning_tokens=60), 1000 * 1000 + 40 * 2000 + 60 * 4000 + 7 * 10**6),
        (Usage(1000, 100, input_audio_tokens=10), 1000 * 1000 + 100 * 2000 + 7 * 10**6),
    ],
)
def test_amounts_are_dollars_for_a_million_tokens_and_for_a_call(usage: Usage, nano_usd: int) -> None:
    price = own(cache_read_usd=Decimal("0.1"), reasoning_usd=Decimal(4), request_usd=Decimal("0.007"))
    assert Tariff(price_from_own(price)).amounts(*astuple(usage))[0] == nano_usd
