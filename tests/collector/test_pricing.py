"""Rows get their costs: by the table of the day, column by column."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_collector.prices import GenaiPrices
from spanglass_collector.pricing import AMOUNTS, DAY_NS, MAX_NAME, MAX_REMEMBERED, Call, DailyPrices, price_sheet
from spanglass_collector.tariff import Price
from spanglass_store.sheet import Row, Sheet, sheets_from_rows

TABLE = GenaiPrices()
CALL: Row = {
    "project": "p", "kind": "llm", "start_time": 1_780_000_000 * 10**9, "provider": "openai",
    "request_model": "gpt-4o-mini", "response_model": "gpt-4o-mini-2024-07-18",
    "input_tokens": 1_000_000, "output_tokens": 500_000,
}  # fmt: skip


def priced(*others: Row, prices: DailyPrices = TABLE) -> tuple[list[Row], int]:
    """The rows of calls, with their costs, and how many have none that should."""
    sheets = sheets_from_rows([CALL | other for other in others])
    unpriced = sum(price_sheet(sheet, prices) for sheet in sheets)
    return [row for sheet in sheets for row in sheet.rows()], unpriced


def only(**other: object) -> tuple[Row, int]:
    (row,), unpriced = priced(dict(other))
    return row, unpriced


def test_a_call_is_priced_by_the_model_that_answered_else_by_the_one_asked_for() -> None:
    row, unpriced = only()
    assert [row[name] for name in AMOUNTS] == [450_000_000, 150_000_000, 300_000_000, 0, 0]
    assert (row["cost_source"], unpriced) == ("computed", 0)
    assert row["price_id"].endswith(":openai/gpt-4o-mini")
    assert only(response_model="my-deployment")[0]["cost_usd"] == 450_000_000
    assert only(response_model="")[0]["cost_usd"] == 450_000_000


@pytest.mark.parametrize(
    ("other", "is_counted"),
    [
        ({"request_model": "no-such-model", "response_model": ""}, True),
        ({"provider": "no-such-provider", "request_model": "no-such-model", "response_model": ""}, True),
        ({"request_model": "", "response_model": ""}, True),
        ({"request_model": "gpt-4o-mini" * 20, "response_model": ""}, True),
        ({"cache_read_tokens": 2_000_000}, True),  # more than the input it is part of
        ({"usage_counted": False, "request_model": "no-such-model", "response_model": ""}, False),
        ({"kind": "agent"}, False),
        ({"input_tokens": None, "output_tokens": None}, False),
    ],
)
def test_what_has_no_price_has_no_cost_and_is_counted(other: Row, is_counted: bool) -> None:
    row, unpriced = only(**other)
    assert [row.get(name) for name in AMOUNTS] == [None] * 5
    assert not row.get("cost_source")
    assert unpriced == is_counted


def test_a_reported_cost_wins() -> None:
    told = {"cost_usd": 10_000_000, "cost_source": "reported"}
    (kept, computed), unpriced = priced(told, {"cost_usd": None, "cost_source": ""})
    assert [kept.get(name) for name in AMOUNTS] == [10_000_000, None, None, None, None]
    assert (kept["cost_source"], kept["price_id"], unpriced) == ("reported", "", 0)
    assert (computed["cost_usd"], computed["cost_source"]) == (450_000_000, "computed")


def test_a_call_told_twice_is_priced_twice_and_marked_once() -> None:
    (one, other), _ = priced({"usage_counted": True}, {"usage_counted": False})
    assert one["cost_usd"] == other["cost_usd"] == 450_000_000
    assert (one["usage_counted"], other["usage_counted"]) == (True, False)


@given(st.lists(st.sampled_from(["llm", "tool", "embedding", "rerank", "agent"]), min_size=1, max_size=6))
def test_only_calls_of_models_cost(kinds: list[str]) -> None:
    rows, _ = priced(*({"kind": kind} for kind in kinds))
    assert [row.get("cost_usd") is not None for row in rows] == [
        kind in {"llm", "embedding", "rerank"} for kind in kinds
    ]


class Made(DailyPrices):
    """A table of two prices a day, one until noon, which counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Call, int]] = []

    def price_at(self, call: Call, at_ns: int) -> Price | None:
        self.asked.append((call, at_ns))
        usd = 1 if at_ns % DAY_NS < DAY_NS // 2 else 2
        return Price(f"made/{usd}", request_usd=Decimal(usd)) if call.request_model == "flat" else None

    def changes(self, call: Call, day_ns: int) -> Iterable[int]:
        return (day_ns - 1, day_ns, day_ns + DAY_NS // 2, day_ns + DAY_NS)


def test_the_time_of_the_call_decides_and_a_day_is_learnt_once() -> None:
    table, day_ns = Made(), 20_000 * DAY_NS
    times = [day_ns, day_ns + DAY_NS // 2 - 1, day_ns + DAY_NS // 2, day_ns + DAY_NS - 1]
    rows, _ = priced(*({"request_model": "flat", "response_model": "", "start_time": at} for at in times), prices=table)
    assert [row["price_id"] for row in rows] == ["made/1", "made/1", "made/2", "made/2"]
    assert [at_ns for _, at_ns in table.asked] == [day_ns, day_ns + DAY_NS // 2]


def test_a_call_that_failed_before_it_used_anything_is_not_charged() -> None:
    flat = {"request_model": "flat", "response_model": "", "output_tokens": None}
    failed = flat | {"input_tokens": None, "status": "error"}
    (unused, used, fine), unpriced = priced(
        failed, failed | {"input_tokens": 5}, failed | {"status": "ok"}, prices=Made()
    )
    assert [row.get("cost_usd") for row in (unused, used, fine)] == [None, 2_000_000_000, 2_000_000_000]
    assert unpriced == 0


def test_what_is_remembered_of_clients_names_is_bounded() -> None:
    table = Made()
    for number in range(MAX_REMEMBERED + 5):
        table.tariff_of(Call("p", "maker", f"m{number}", "", "", 20_000), 20_000 * DAY_NS)
    assert 0 < len(table._days) <= MAX_REMEMBERED
    asked, remembered = len(table.asked), len(table._days)
    table.tariff_of(Call("p", "maker", "m" * (MAX_NAME + 1), "", "", 20_000), 20_000 * DAY_NS)
    assert (len(table.asked), len(table._days)) == (asked, remembered)


def test_public_names_that_are_remembered_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spanglass_collector.prices.MAX_REMEMBERED", 5)
    table = GenaiPrices()
    for number in range(12):
        table.price_of("openai", f"m{number}", service_tier="", at_ns=CALL["start_time"])
    assert len(table._found) <= 5


def test_a_sheet_without_model_calls_is_left_alone() -> None:
    sheet = Sheet(1, {"kind": ["tool"], "start_time": [1]})
    assert price_sheet(sheet, TABLE) == 0
    assert sheet.columns == {"kind": ["tool"], "start_time": [1]}
