"""Public prices: what the package itself would ask, at the time of the call and in its tier."""

from __future__ import annotations

from dataclasses import astuple
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import genai_prices
import pytest
from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    Provider,
    StartDateConstraint,
    TimeOfDateConstraint,
)
from hypothesis import assume, given
from hypothesis import strategies as st

from spanglass_collector.prices import TIER_WORDS, GenaiPrices
from spanglass_collector.pricing import DAY_NS, Call
from spanglass_collector.tariff import Tariff
from spanglass_store.span import Usage

TABLE = GenaiPrices()
NOW_NS = 1_795_000_000 * 10**9
SECOND_NS = 10**9
KNOWN = [
    (provider.id, model.id)
    for provider in get_snapshot().providers
    for model in provider.models
    if TABLE.price_of(provider.id, model.id, service_tier="", at_ns=NOW_NS) and provider.find_model(model.id)
]
"""Those that the package finds by its own name too: it does not find fine-tuned models by theirs."""
TIERED = [
    (provider.id, model.id)
    for provider in get_snapshot().providers
    for model in provider.models
    if model.price_variants and (provider.id, model.id) in set(KNOWN)
]
tokens = st.integers(0, 10**6)
times = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=UTC, microsecond=0))  # noqa: DTZ001


def priced(model: tuple[str, str], at: datetime, tier: str, usage: Usage) -> Decimal | None:
    """US dollars, by the day's tariff as the line has it."""
    at_ns = int(at.timestamp()) * SECOND_NS
    tariff = TABLE.tariff_of(Call("p", *model, "", tier, at_ns // DAY_NS), at_ns)
    amounts = tariff and tariff.amounts(*astuple(usage))
    return amounts and Decimal(amounts[0]).scaleb(-9)


def asked_by_the_package(model: tuple[str, str], at: datetime, tier: str, usage: Usage) -> Decimal:
    told = {name: count for name in Usage.__dataclass_fields__ if (count := getattr(usage, name)) is not None}
    if "reasoning_tokens" in told:
        told["output_reasoning_tokens"] = told.pop("reasoning_tokens")
    answer = genai_prices.calc_price(
        genai_prices.Usage(**told),
        model[1],
        provider_id=model[0],
        genai_request_timestamp=at,
        price_context=dict.fromkeys(TIER_WORDS, tier) if tier else None,
    )
    return answer.total_price


@given(
    st.sampled_from(KNOWN) | st.sampled_from(TIERED),
    st.sampled_from(["", "batch", "flex", "priority", "fast", "default", "auto"]),
    times,
    st.tuples(*[tokens] * 7),
)
def test_totals_agree_with_the_package(
    model: tuple[str, str], tier: str, at: datetime, counts: tuple[int, ...]
) -> None:
    plain_in, plain_out, read, write, reasoning, audio_in, audio_out = counts
    if "audio" not in model[1]:
        audio_in = audio_out = 0
    price = TABLE.price_of(*model, service_tier=tier, at_ns=int(at.timestamp()) * SECOND_NS)
    assume(price is not None)
    whole_out = plain_out + reasoning + audio_out if price.output else None
    read = 0 if audio_in else read  # the package wants to know how much of the audio was cached: nobody tells
    usage = Usage(plain_in + read + write + audio_in, whole_out, read, write, reasoning, audio_in, audio_out)
    if not price.output:
        usage = Usage(usage.input_tokens, None, read, write)
    ours = priced(model, at, tier, usage)
    assert ours is not None
    assert ours == pytest.approx(asked_by_the_package(model, at, tier, usage), abs=Decimal("4e-9"))


def test_most_models_of_the_table_are_found_by_their_own_name() -> None:
    asked = sum(bool(model.prices) for provider in get_snapshot().providers for model in provider.models)
    assert len(KNOWN) > 0.9 * asked


def test_the_date_of_the_call_decides() -> None:
    early = TABLE.price_of("openai", "o3", service_tier="", at_ns=1_746_000_000 * SECOND_NS)
    late = TABLE.price_of("openai", "o3", service_tier="", at_ns=1_780_000_000 * SECOND_NS)
    assert early.input.usd > late.input.usd
    assert late.price_id == f"genai-prices/{genai_prices.__version__}:openai/o3@2025-06-10"
    assert "@" not in early.price_id


@pytest.mark.parametrize(
    ("tier", "cheaper", "ending"),
    [("flex", True, "#flex"), ("batch", True, "#batch"), ("FLEX", True, "#flex"), ("auto", False, "gpt-5-mini")],
)
def test_the_tier_that_served_decides(tier: str, cheaper: bool, ending: str) -> None:
    standard = TABLE.price_of("openai", "gpt-5-mini", service_tier="", at_ns=NOW_NS)
    found = TABLE.price_of("openai", "gpt-5-mini", service_tier=tier, at_ns=NOW_NS)
    assert (found.input.usd < standard.input.usd) == cheaper
    assert found.price_id.endswith(ending)


def test_priority_is_dearer() -> None:
    standard = TABLE.price_of("openai", "gpt-5-mini", service_tier="", at_ns=NOW_NS)
    assert TABLE.price_of("openai", "gpt-5-mini", service_tier="priority", at_ns=NOW_NS).input.usd > standard.input.usd


def test_a_price_for_each_request_is_in_the_cost() -> None:
    price = TABLE.price_of("perplexity", "sonar", service_tier="", at_ns=NOW_NS)
    assert price.request_usd > 0
    assert priced(("perplexity", "sonar"), datetime(2026, 11, 1, tzinfo=UTC), "", Usage(0, 0)) == price.request_usd


def test_a_model_that_is_free_costs_nothing() -> None:
    free = TABLE.price_of("openrouter", "meta-llama/llama-3.2-1b-instruct:free", service_tier="", at_ns=NOW_NS)
    assert Tariff(free).amounts(*astuple(Usage(1000, 1000))) == (0, 0, 0, 0, 0)


def table_of(*prices: ConditionalPrice, variants: list[PriceVariant] | None = None) -> GenaiPrices:
    model = ModelInfo(id="m", match=ClauseEquals("m"), prices=list(prices), price_variants=variants)
    return GenaiPrices(DataSnapshot([Provider("maker", "Maker", "x", models=[model])], from_auto_update=False))


def at(table: GenaiPrices, when: datetime, tier: str = "") -> Decimal | None:
    at_ns = int(when.timestamp()) * SECOND_NS
    tariff = table.tariff_of(Call("p", "maker", "m", "", tier, at_ns // DAY_NS), at_ns)
    return tariff and Decimal(tariff.amounts(1_000_000, 0, None, None, None, None, None)[0]).scaleb(-9)


def test_hours_of_the_day_decide_to_the_second() -> None:
    night = TimeOfDateConstraint(time(16, 30), time(0, 30))
    table = table_of(
        ConditionalPrice(prices=ModelPrice(input_mtok=Decimal(4))),
        ConditionalPrice(night, prices=ModelPrice(input_mtok=Decimal(1))),
    )
    day = datetime(2026, 5, 1, tzinfo=UTC)
    for begins, usd in ((time(0, 30), 4), (time(16, 30), 1)):
        edge = datetime.combine(day, begins, UTC)
        assert at(table, edge) == usd
        assert at(table, edge - timedelta(seconds=1)) == 5 - usd


def test_hours_of_a_tier_decide_too() -> None:
    noon = TimeOfDateConstraint(time(12), time(13))
    variant = PriceVariant({"service_tier": "flex"}, ModelPrice(input_mtok=Decimal(1)), noon)
    table = table_of(ConditionalPrice(prices=ModelPrice(input_mtok=Decimal(4))), variants=[variant])
    found = [at(table, datetime(2026, 5, 1, hour, 30, tzinfo=UTC), "flex") for hour in (11, 12, 13)]
    assert found == [4, 1, 4]


def test_a_new_price_begins_with_its_day() -> None:
    table = table_of(
        ConditionalPrice(prices=ModelPrice(input_mtok=Decimal(4))),
        ConditionalPrice(StartDateConstraint(datetime(2026, 5, 2).date()), prices=ModelPrice(input_mtok=Decimal(1))),  # noqa: DTZ001
    )
    begins = datetime(2026, 5, 2, tzinfo=UTC)
    assert (at(table, begins - timedelta(seconds=1)), at(table, begins)) == (4, 1)


def test_what_is_paid_by_something_else_has_no_price() -> None:
    assert at(table_of(ConditionalPrice(prices=ModelPrice(input_mchars=Decimal(4)))), datetime.now(UTC)) is None
