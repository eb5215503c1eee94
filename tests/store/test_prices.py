"""Own prices: which one a call has, what may be wrong with one, and what comes back from the database."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from own_prices import any_own, day_ns, own

from spanglass_store.connection import Store
from spanglass_store.prices import (
    MAX_USD,
    OwnPrice,
    all_prices,
    amount_text,
    amounts_text,
    block_from_prices,
    price_for,
    price_from_row,
    price_problems,
    standing,
)
from spanglass_store.rows import MAX_NANO_USD, MAX_TOKENS

NOW = day_ns("2026-11-24")

CLOSER = [
    (own(project="shop"), own(provider="vllm")),  # that of the project before that of all
    (own(provider="vllm"), own()),  # with a provider before without one
    (own("llama-8b"), own("llama-*")),  # a name before a pattern
    (own("llama-8*"), own("llama-*")),  # a longer pattern before a shorter one
    (own(provider="vllm"), own(provider="v*")),
    (own(starts="2026-11-01"), own(starts="2026-10-01")),  # the one that began later
    (own(), own(starts="2026-12-01")),  # what has not begun is not there
    (own(), own(starts="2026-11-01", ends="2026-11-20")),  # nor is what has ended
    (own(), own(project="shop", ends="2026-11-24")),  # an end is the first moment without it
    (own(starts="2026-11-24"), own()),  # a beginning is the first moment with it
]


@pytest.mark.parametrize(("closer", "other"), CLOSER)
def test_the_closest_price_goes(closer: OwnPrice, other: OwnPrice) -> None:
    for prices in ([closer, other], [other, closer]):
        assert price_for(prices, "vllm", "llama-8b", NOW) is closer


@pytest.mark.parametrize(
    "price", [own("llama-70b"), own("lama*"), own(provider="groq"), own(starts="2027-01-01"), own(ends="2026-01-01")]
)
def test_a_price_of_others_is_not_taken(price: OwnPrice) -> None:
    assert price_for([price], "vllm", "llama-8b", NOW) is None


def test_case_and_providers_patterns() -> None:
    assert price_for([own("LLaMA-?B", provider="*LLM")], "vLLM", "llama-8b", NOW)


def test_an_old_price_comes_back_where_the_new_one_has_ended() -> None:
    old, new = own(), own(starts="2026-11-01", ends="2026-12-01")
    found = [price_for([old, new], "", "llama-8b", day_ns(day)) for day in ("2026-10-31", "2026-11-01", "2026-12-01")]
    assert found == [old, new, old]
    stands = [standing(old, [old, new], day_ns(day)) for day in ("2026-10-31", "2026-11-01", "2026-12-01")]
    assert stands == ["in force", "superseded", "in force"]
    assert [standing(new, [old, new], day_ns(day)) for day in ("2026-10-31", "2026-11-01", "2026-12-01")] == [
        "to come",
        "in force",
        "ended",
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": " "}, "model"),
        ({"model": "m" * 201}, "model"),
        ({"provider": "p" * 201}, "model"),
        ({"comment": "c" * 501}, "comment"),
        ({"starts_ns": -1}, "starts"),
        ({"starts_ns": 2**63}, "starts"),
        ({"ends_ns": 0}, "ends"),
        ({"input_usd": None, "output_usd": None}, "input_usd"),
        ({"input_usd": None}, "input_usd"),
        ({"input_usd": None, "request_usd": Decimal(1)}, "input_usd"),
        ({"output_usd": Decimal(-1)}, "output_usd"),
        ({"output_usd": Decimal("Infinity")}, "output_usd"),
        ({"output_usd": Decimal("NaN")}, "output_usd"),
        ({"output_usd": Decimal("sNaN")}, "output_usd"),
        ({"output_usd": Decimal(MAX_USD + 1)}, "output_usd"),
        ({"output_usd": Decimal("1e-10")}, "output_usd"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_field(change: dict[str, object], field: str) -> None:
    problems = price_problems(replace(own(), **change))  # type: ignore[arg-type]
    assert [named for named, _ in problems] == [field]


@pytest.mark.parametrize(
    "change",
    [
        {"input_usd": Decimal(0), "output_usd": None},
        {"input_usd": None, "output_usd": None, "request_usd": Decimal("0.01")},
        {"output_usd": Decimal("1e-9")},
        {"output_usd": Decimal("1e5")},
        {"output_usd": Decimal("0.1000000000")},
    ],
)
def test_what_can_be_used_has_no_problem(change: dict[str, object]) -> None:
    assert price_problems(replace(own(), **change)) == []  # type: ignore[arg-type]


def test_the_dearest_price_there_may_be_fits_its_column() -> None:
    nano_usd_a_token = MAX_USD * 10**9 // 10**6
    assert (MAX_TOKENS * nano_usd_a_token) * 2 + MAX_USD * 10**9 <= MAX_NANO_USD


def test_the_id_tells_whose_since_when_and_which_amounts() -> None:
    ids = {
        price.price_id
        for price in (
            own(),
            own(project="shop"),
            own(provider="vllm"),
            own(starts="2026-11-01"),
            own(starts="2026-11-01T10:30"),
            own(output_usd=Decimal(3)),
        )
    }
    assert len(ids) == 6
    assert own(starts="2026-11-01", provider="vllm").price_id.startswith("own/vllm:llama-8b@2026-11-01.")
    assert own(starts="2026-11-01T10:30").price_id.startswith("own/llama-8b@2026-11-01T10:30:00Z.")
    assert own().price_id.startswith("own/llama-8b.")
    assert own(input_usd=Decimal("1.00")).price_id == own(input_usd=Decimal(1)).price_id
    assert own(comment="other").price_id == own().price_id


def test_amounts_in_words() -> None:
    assert [amount_text(Decimal(text)) for text in ("0", "0.2", "3", "1234.50", "0.075", "1E+2", "0.000000001")] == [
        "$0.00", "$0.20", "$3.00", "$1,234.50", "$0.075", "$100.00", "$0.000000001",
    ]  # fmt: skip
    both = own(input_usd=Decimal("0.2"), request_usd=Decimal("0.01"))
    assert amounts_text(both) == "Input $0.20 · Output $2.00 for a million tokens · $0.01 a call"
    assert amounts_text(own(input_usd=None, output_usd=None, request_usd=Decimal(1))) == "$1.00 a call"


@pytest.mark.clickhouse
def test_prices_come_back_as_they_were_saved(store: Store) -> None:
    token = iter(range(1, 1000))

    def save(*prices: OwnPrice, removed: tuple[OwnPrice, ...] = ()) -> None:
        version = next(token)
        store.insert(block_from_prices(prices, removed=removed, version=version), token=f"prices {version}")

    def saved(project: str | None = None) -> list[OwnPrice]:
        return [price_from_row(row) for row in store.fetch_rows(all_prices(project))]

    @settings(max_examples=25)
    @given(any_own)
    def goes_and_comes_back(price: OwnPrice) -> None:
        save(price)
        assert price in saved()
        save(removed=(price,))
        assert saved() == []

    goes_and_comes_back()
    first, shop, house = own(starts="2026-01-01"), own(project="shop"), own(project="house", ends="2027-01-01")
    save(first, shop, house)
    assert saved("shop") == [first, shop]
    changed = replace(first, output_usd=Decimal("2.5"), ends_ns=NOW, comment="cheaper now")
    save(changed, removed=(house,))
    assert saved() == [changed, shop]
