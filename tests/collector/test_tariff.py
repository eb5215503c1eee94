"""A tariff against plain decimal arithmetic: the same amounts, to the nano-dollar."""

from __future__ import annotations

from dataclasses import astuple, replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_collector.tariff import Price, Rate, Tariff
from spanglass_store.span import Usage

NANO_USD = Decimal("1e-9")
PRICE = Price(
    "test/1",
    input=Rate(Decimal(2)),
    output=Rate(Decimal(8)),
    cache_read=Rate(Decimal("0.5")),
    cache_write=Rate(Decimal("2.5")),
)
tokens = st.integers(0, 2**32 - 1)
usd = st.decimals(0, 1000, places=9)
rates = st.builds(Rate, usd, st.lists(st.tuples(st.integers(0, 10**6), usd), max_size=2).map(sorted).map(tuple))
maybe = st.none() | rates
prices = st.builds(
    Price,
    st.just("p"),
    input=rates,
    output=maybe,
    cache_read=maybe,
    cache_write=maybe,
    input_audio=maybe,
    output_audio=maybe,
    reasoning=maybe,
    request_usd=st.just(Decimal(0)) | usd,
)
usages = st.builds(Usage, *[st.none() | tokens for _ in range(7)])


def amounts(price: Price, usage: Usage) -> tuple[Decimal, ...] | None:
    found = Tariff(price).amounts(*astuple(usage))
    return None if found is None else tuple(Decimal(each).scaleb(-9) for each in found)


def paid(rate: Rate | None, count: int, usage: Usage) -> Decimal:
    if not count:
        return Decimal(0)
    assert rate is not None
    per_million = rate.usd
    for above, dearer in rate.tiers:
        per_million = dearer if (usage.input_tokens or 0) > above else per_million
    return per_million * count / 1_000_000


def by_hand(price: Price, usage: Usage) -> tuple[Decimal, ...] | None:
    """The rules of docs/prices.md in decimals, without a thought for speed."""
    if usage.input_tokens is None:
        return None
    own = {
        name: (getattr(usage, name) or 0) if rate is not None else 0
        for name, rate in {
            "cache_read_tokens": price.cache_read,
            "cache_write_tokens": price.cache_write,
            "input_audio_tokens": price.input_audio,
            "output_audio_tokens": price.output_audio,
            "reasoning_tokens": price.reasoning,
        }.items()
    }
    plain_in = usage.input_tokens - own["cache_read_tokens"] - own["cache_write_tokens"] - own["input_audio_tokens"]
    plain_out = (usage.output_tokens or 0) - own["output_audio_tokens"] - own["reasoning_tokens"]
    free_output = price.output is None or paid(price.output, 1, usage) == 0
    if plain_in < 0 or plain_out < 0 or (usage.output_tokens is None and not free_output):
        return None
    if plain_out and price.output is None:
        return None
    parts = (
        price.request_usd
        + paid(price.input, plain_in, usage)
        + paid(price.input_audio, own["input_audio_tokens"], usage),
        paid(price.output, plain_out, usage)
        + paid(price.output_audio, own["output_audio_tokens"], usage)
        + paid(price.reasoning, own["reasoning_tokens"], usage),
        paid(price.cache_read, own["cache_read_tokens"], usage),
        paid(price.cache_write, own["cache_write_tokens"], usage),
    )
    rounded = tuple(part.quantize(NANO_USD, ROUND_HALF_UP) for part in parts)
    return sum(rounded, Decimal(0)), *rounded


@given(prices, usages)
def test_amounts_are_those_of_decimal_arithmetic(price: Price, usage: Usage) -> None:
    assert amounts(price, usage) == by_hand(price, usage)


@given(prices, st.tuples(*[st.integers(0, 10**6)] * 7))
def test_a_call_that_contradicts_nothing_has_a_cost(price: Price, counts: tuple[int, ...]) -> None:
    plain_in, plain_out, read, write, reasoning, audio_in, audio_out = counts
    price = replace(price, output=price.output or Rate(Decimal(1)))
    whole_in, whole_out = plain_in + read + write + audio_in, plain_out + reasoning + audio_out
    usage = Usage(whole_in, whole_out, read, write, reasoning, audio_in, audio_out)
    found = amounts(price, usage)
    assert found is not None
    assert found == by_hand(price, usage)


@given(*[st.integers(0, 10**6)] * 6)
def test_cost_is_additive(input_a: int, input_b: int, output_a: int, output_b: int, read_a: int, read_b: int) -> None:
    one = amounts(PRICE, Usage(input_a + read_a, output_a, read_a))
    other = amounts(PRICE, Usage(input_b + read_b, output_b, read_b))
    both = amounts(PRICE, Usage(input_a + read_a + input_b + read_b, output_a + output_b, read_a + read_b))
    assert tuple(map(sum, zip(one, other, strict=True))) == both


def test_the_parts_are_those_of_the_tokens() -> None:
    usage = Usage(1_000_000, 500_000, cache_read_tokens=400_000, cache_write_tokens=100_000)
    assert amounts(PRICE, usage) == tuple(map(Decimal, ("5.45", "1", "4", "0.2", "0.25")))


@pytest.mark.parametrize(
    "usage",
    [
        Usage(),
        Usage(output_tokens=5),
        Usage(input_tokens=5),
        Usage(10, 5, cache_read_tokens=8, cache_write_tokens=3),
    ],
)
def test_unknown_is_not_zero(usage: Usage) -> None:
    assert amounts(PRICE, usage) is None


def test_tokens_without_a_rate_are_unknown() -> None:
    embedding = Price("test/2", input=Rate(Decimal(1)))
    assert amounts(embedding, Usage(input_tokens=1_000_000)) == (1, 1, 0, 0, 0)
    assert amounts(embedding, Usage(input_tokens=1_000_000, output_tokens=1)) is None


def test_free_is_zero_and_known() -> None:
    free = Price("test/3", Rate(Decimal(0)), Rate(Decimal(0)))
    assert amounts(free, Usage(10, 5)) == (0, 0, 0, 0, 0)
    assert amounts(free, Usage(10)) == (0, 0, 0, 0, 0)


def test_a_long_call_pays_the_higher_rate_for_all_of_it() -> None:
    price = Price("test/4", input=Rate(Decimal(1), ((200_000, Decimal(2)),)), output=Rate(Decimal(10)))
    assert amounts(price, Usage(200_000, 0))[0] == Decimal("0.2")
    assert amounts(price, Usage(200_001, 0))[0] == Decimal("0.400002")


def test_a_price_for_each_call_needs_no_tokens() -> None:
    flat = Price("test/5", request_usd=Decimal("0.002"))
    assert amounts(flat, Usage()) == amounts(flat, Usage(10, 5)) == (Decimal("0.002"), Decimal("0.002"), 0, 0, 0)
    both = replace(PRICE, request_usd=Decimal("0.002"))
    assert amounts(both, Usage(1_000_000, 0))[0] == Decimal("2.002")
    assert amounts(both, Usage()) is None


def test_a_price_without_any_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="test/6 has no rate"):
        Tariff(Price("test/6"))
