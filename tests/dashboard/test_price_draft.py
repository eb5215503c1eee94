"""An own price as fields of a form and back, and the words of its card: the pure parts behind the prices page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_prices import any_own, day_ns, own

from spanglass_dashboard.price_card import in_order
from spanglass_dashboard.price_draft import (
    LATEST,
    NO_NUMBER,
    TAKEN,
    amount_from_text,
    draft_from_fields,
    fields_from_price,
    ns_from_time,
    time_from_ns,
)
from spanglass_dashboard.price_tables import kind_of
from spanglass_store.prices import OwnPrice, price_problems

EDITED = own("llama-8b", "2026-11-01T09:30:15.250", project="shop", provider="vllm", ends="2027-01-01")


def changed(before: OwnPrice = EDITED, *others: OwnPrice, project: str = "shop", **fields: object) -> OwnPrice:
    draft = draft_from_fields(fields_from_price(before) | fields, before, others, project=project)
    assert draft.problems == []
    return draft.price


@given(any_own)
def test_a_price_that_is_opened_and_saved_is_the_same_price(price: OwnPrice) -> None:
    trimmed = replace(price, model=price.model.strip(), provider=price.provider.strip(), comment=price.comment.strip())
    draft = draft_from_fields(fields_from_price(price), price, [price], project="shop")
    assert (draft.price, draft.problems) == (trimmed, [])


def test_what_is_changed_is_changed_exactly() -> None:
    assert changed(input_usd="0.000000001").input_usd == Decimal("1e-9")
    assert changed(cache_read_usd=" $0.25 ").cache_read_usd == Decimal("0.25")
    assert changed(output_usd="").output_usd is None
    assert changed(model=" qwen-* ", provider=None, comment=" x ").key == ("shop", "", "qwen-*", EDITED.starts_ns)
    assert changed(starts=None, ends=None) == replace(EDITED, starts_ns=0, ends_ns=None)
    assert changed(starts=datetime(2026, 12, 24, 18)).starts_ns == day_ns("2026-12-24T18:00")  # noqa: DTZ001


def test_a_price_of_all_projects_can_become_one_of_this_project_and_back() -> None:
    assert changed(is_for_all=True).project == ""
    assert changed(own(), is_for_all=False, project="house").project == "house"
    assert changed(is_for_all=False, project="house").project == "shop"


@pytest.mark.parametrize("typed", ["free", "0,25", "1,000", "1_0", "0.25 $", "--1"])
def test_what_is_no_amount_is_said_beside_its_field(typed: str) -> None:
    fields = fields_from_price(EDITED) | {"output_usd": typed}
    assert draft_from_fields(fields, EDITED, [], project="shop").problems == [("output_usd", NO_NUMBER)]


@pytest.mark.parametrize(
    ("typed", "amount"), [("", None), ("  ", None), ("0", 0), ("$1.50", Decimal("1.5")), ("1e-3", Decimal("0.001"))]
)
def test_amounts_as_people_type_them(typed: str, amount: Decimal | None) -> None:
    assert amount_from_text(typed) == amount


def test_a_price_that_cannot_be_used_is_said() -> None:
    fields = fields_from_price(EDITED) | {"model": None, "ends": datetime(2020, 1, 1)}  # noqa: DTZ001
    draft = draft_from_fields(fields, EDITED, [], project="shop")
    assert draft.problems == price_problems(draft.price)
    assert [field for field, _ in draft.problems] == ["model", "ends"]


def test_no_price_takes_the_place_of_another_by_mistake() -> None:
    other = replace(EDITED, model="qwen")
    fields = fields_from_price(EDITED) | {"model": "qwen"}
    assert draft_from_fields(fields, EDITED, [EDITED, other], project="shop").problems == [("model", TAKEN)]
    assert draft_from_fields(fields_from_price(EDITED), EDITED, [EDITED, other], project="shop").problems == []


@given(st.integers(0, 9 * 10**18))
def test_times_are_shown_to_the_minute(at_ns: int) -> None:
    shown = time_from_ns(at_ns)
    assert 0 <= at_ns - ns_from_time(shown) < 60 * 10**9
    assert fields_from_price(replace(own(), ends_ns=at_ns))["ends"] <= LATEST


def test_what_is_in_force_comes_first() -> None:
    ended, mine, later, to_come = own("a"), own("c"), own("b", "2026-01-01"), own("a", "2099-01-01")
    stands = ["ended", "in force", "in force", "to come"]
    assert [price for price, _ in in_order([ended, mine, later, to_come], stands)] == [later, mine, to_come, ended]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "price_id", "kind"),
    [
        ("computed", "own/llama@2026-11-01.abcdef", "own"),
        ("computed", "genai-prices/1:openai/gpt-4o", "public"),
        ("reported", "", "reported"),
    ],
)
def test_whose_price_it_was(source: str, price_id: str, kind: str) -> None:
    assert kind_of(source, price_id) == kind
