from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spanglass_collector.prices import GenaiPrices
from spanglass_collector.pricing import UNKNOWN, Price, Rate, cost_of, price_row, price_sheet
from spanglass_store.rows import DEFAULTS
from spanglass_store.sheet import Sheet
from spanglass_store.span import Usage

TABLE = GenaiPrices()
PRICE = Price(
    "test/1",
    input=Rate(Decimal(2)),
    output=Rate(Decimal(8)),
    cache_read=Rate(Decimal("0.5")),
    cache_write=Rate(Decimal("2.5")),
)
CALL = {
    "project": "p", "kind": "llm", "start_time": 1_780_000_000 * 10**9, "provider": "openai",
    "request_model": "gpt-4o-mini", "response_model": "gpt-4o-mini-2024-07-18",
    "input_tokens": 1_000_000, "output_tokens": 500_000,
}  # fmt: skip
tokens = st.integers(0, 10**6)


def test_the_parts_are_those_of_the_tokens() -> None:
    cost = cost_of(Usage(1_000_000, 500_000, cache_read_tokens=400_000, cache_write_tokens=100_000), PRICE)
    assert (cost.input_usd, cost.output_usd) == (Decimal(1), Decimal(4))
    assert (cost.cache_read_usd, cost.cache_write_usd) == (Decimal("0.2"), Decimal("0.25"))
    assert (cost.total_usd, cost.source, cost.price_id) == (Decimal("5.45"), "computed", "test/1")


@given(tokens, tokens, tokens, tokens, tokens, tokens)
def test_cost_is_additive(input_a: int, input_b: int, output_a: int, output_b: int, read_a: int, read_b: int) -> None:
    a = Usage(input_a + read_a, output_a, cache_read_tokens=read_a)
    b = Usage(input_b + read_b, output_b, cache_read_tokens=read_b)
    both = Usage(input_a + read_a + input_b + read_b, output_a + output_b, cache_read_tokens=read_a + read_b)
    costs = [cost_of(usage, PRICE) for usage in (a, b, both)]
    assert costs[0].total_usd + costs[1].total_usd == costs[2].total_usd
    for cost in costs:
        assert cost.total_usd == cost.input_usd + cost.output_usd + cost.cache_read_usd + cost.cache_write_usd


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
    assert cost_of(usage, PRICE) == UNKNOWN
    assert UNKNOWN.total_usd is None


def test_tokens_without_a_rate_are_unknown() -> None:
    embedding = Price("test/2", input=Rate(Decimal(1)))
    assert cost_of(Usage(input_tokens=1_000_000), embedding).total_usd == 1
    assert cost_of(Usage(input_tokens=1_000_000, output_tokens=1), embedding) == UNKNOWN


def test_a_long_call_pays_the_higher_rate_for_all_of_it() -> None:
    price = Price("test/3", input=Rate(Decimal(1), ((200_000, Decimal(2)),)), output=Rate(Decimal(10)))
    assert cost_of(Usage(200_000, 0), price).total_usd == Decimal("0.2")
    assert cost_of(Usage(200_001, 0), price).total_usd == Decimal("0.400002")


@given(
    st.sampled_from([("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-pro"),
                     ("openai", "text-embedding-3-small"), ("deepseek", "deepseek-chat"), ("mistral", "mistral-large")]),
    tokens, tokens, tokens, tokens,
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001  (made aware below)
)  # fmt: skip
def test_totals_agree_with_the_library(
    model: tuple[str, str], plain: int, output: int, read: int, write: int, at: datetime
) -> None:
    at = at.replace(tzinfo=UTC, microsecond=0)
    price = TABLE.price_of(*model, service_tier="", at_ns=int(at.timestamp()) * 10**9)
    assert price is not None
    output = output if price.output else 0
    usage = {"input_tokens": plain + read + write, "cache_read_tokens": read, "cache_write_tokens": write}
    ours = cost_of(Usage(output_tokens=output, **usage), price)
    assume(ours.total_usd is not None)
    theirs = genai_prices.calc_price(
        genai_prices.Usage(output_tokens=output, **usage), model[1], provider_id=model[0], genai_request_timestamp=at
    )
    assert ours.total_usd == pytest.approx(theirs.total_price, abs=Decimal("4e-9"))


def test_the_date_of_the_call_decides() -> None:
    early = TABLE.price_of("openai", "o3", service_tier="", at_ns=1_746_000_000 * 10**9)
    late = TABLE.price_of("openai", "o3", service_tier="", at_ns=1_780_000_000 * 10**9)
    assert early is not None
    assert late is not None
    assert early.input.usd > late.input.usd
    assert early.price_id != late.price_id


def test_the_tier_that_served_decides() -> None:
    at_ns = 1_795_000_000 * 10**9
    flex = TABLE.price_of("openai", "gpt-5-mini", service_tier="flex", at_ns=at_ns)
    default = TABLE.price_of("openai", "gpt-5-mini", service_tier="default", at_ns=at_ns)
    assert flex.input.usd < default.input.usd
    assert flex.price_id.endswith("#flex")
    assert default.price_id.endswith("gpt-5-mini")


def priced(**other: object) -> dict[str, object]:
    """The row of a call, priced by itself; priced in a sheet it is the same."""
    row = CALL | other
    sheet = Sheet(1, {name: [value] for name, value in row.items()})
    unpriced = price_row(row, TABLE)
    assert price_sheet(sheet, TABLE) == unpriced
    sheet_row = {name: column[0] for name, column in sheet.columns.items()}
    assert {name: row.get(name, DEFAULTS[name]) for name in sheet_row} == sheet_row
    return row


def test_a_call_is_priced_by_the_model_that_answered_else_by_the_one_asked_for() -> None:
    assert priced()["cost_usd"] == 450_000_000
    assert priced(response_model="my-deployment")["cost_usd"] == 450_000_000


@pytest.mark.parametrize(
    "other",
    [
        {"request_model": "no-such-model", "response_model": ""},
        {"provider": "no-such-provider", "request_model": "no-such-model", "response_model": ""},
        {"request_model": "", "response_model": ""},
        {"kind": "agent"},
        {"input_tokens": None, "output_tokens": None},
    ],
)
def test_what_has_no_price_has_no_cost(other: dict[str, object]) -> None:
    row = priced(**other)
    assert row.get("cost_usd") is None
    assert not row.get("cost_source")


def test_a_reported_cost_wins() -> None:
    row = priced(cost_usd=10_000_000, cost_source="reported")
    assert (row["cost_usd"], row["cost_source"], row.get("price_id")) == (10_000_000, "reported", None)
