"""The prices page on the real engine: what has no price, own prices, what was applied; and once in a real browser."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from decimal import Decimal

import pytest
from dashboard.visits import OpenPage, Visit, words
from own_prices import own
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from dashboard import shop
from spanglass_store.connection import Store
from spanglass_store.prices import OwnPrice, all_prices, block_from_prices, price_from_row
from spanglass_store.rows import block_from_spans
from spanglass_store.span import Cost, Span, Usage

pytestmark = pytest.mark.clickhouse


def add(store: Store, *prices: OwnPrice) -> None:
    store.insert(block_from_prices(prices, version=1), token=repr(prices))


def saved(store: Store) -> list[OwnPrice]:
    return [price_from_row(row) for row in store.fetch_rows(all_prices())]


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def unescaped(app: AppTest) -> str:
    """What a page says, as one sees it."""
    return words(app).replace("\\", "")


def call(number: int, **fields: object) -> Span:
    now_ns = time.time_ns() - 60 * 10**9
    made = Span("default", "ab" * 16, f"{number:016x}", "", now_ns, now_ns, "chat", "llm", "ok", provider="vllm")
    return replace(made, usage=Usage(1000, 100), **fields)  # type: ignore[arg-type]


def test_without_anything_the_page_says_what_own_prices_are_for(open_page: OpenPage) -> None:
    app = open_page("prices")
    assert not app.exception
    said = words(app)
    assert "No own prices." in said
    assert "Send your first trace" in said


def test_models_without_a_price_are_listed_with_their_calls(open_page: OpenPage, full: shop.History) -> None:
    app = open_page("prices")
    unpriced = [span for span in full.spans if span.kind == "llm" and span.status != "error" and not span.cost.source]
    assert unpriced
    assert f"No price is known for {len(unpriced)} calls of the last 24 hours" in words(app)
    table = app.dataframe[0].value
    assert table["model"].tolist() == [shop.UNPRICED_MODEL]
    assert table["calls"].tolist() == [len(unpriced)]
    assert table["input_tokens"].tolist() == [sum(span.usage.input_tokens or 0 for span in unpriced)]


def test_what_was_applied_is_told_with_its_price_and_what_was_paid(open_page: OpenPage, store: Store) -> None:
    mine = own("qwen-*")
    cost = Cost(Decimal("0.0012"), Decimal("0.001"), Decimal("0.0002"), Decimal(0), Decimal(0), "computed")
    public = replace(cost, price_id="genai-prices/9:openai/gpt-4o")
    store.insert(
        block_from_spans(
            [
                *(
                    call(number, request_model="qwen-32b", cost=replace(cost, price_id=mine.price_id))
                    for number in (1, 2)
                ),
                call(3, request_model="gpt-4o", cost=public),
                call(4, request_model="gpt-4o", cost=Cost(Decimal(1), source="reported")),
                call(5, request_model="gpt-4o", cost=public, usage_counted=False),
            ]
        ),
        token="spans",
    )
    add(store, mine)
    app = open_page("prices")
    assert "No price is known" not in words(app)
    table = app.dataframe[0].value
    shown = table[["model", "price_id", "calls", "cost_usd", "input_usd", "output_usd"]].round(9).astype(object)
    assert shown.where(shown.notna(), None).to_numpy().tolist() == [
        ["qwen-32b", mine.price_id, 2, 0.0024, 1, 2],
        ["gpt-4o", "", 1, 1, None, None],
        ["gpt-4o", public.price_id, 1, 0.0012, 1, 2],
    ]
    assert [kind[0] for kind in table["kind"]] == ["own", "reported", "public"]
    assert "2 calls, $0.00240 in the last 24 hours" in unescaped(app)


def test_cards_tell_how_a_price_stands_and_names_are_plain_text(open_page: OpenPage, store: Store) -> None:
    evil = own("*evil* `model`", project="default", provider="<b>", comment="![x](http://evil.example)")
    add(
        store, own("qwen-*", "2026-01-01"), own("qwen-*"), own("old", ends="2020-01-01"), own("new", "2099-01-01"), evil
    )
    add(store, own("of-others", project="house"))
    app = open_page("prices")
    said = words(app)
    assert re.findall(r":(\w+)-badge\[:material/\w+: ([\w ]+)\]", said) == [
        ("green", "In force"),
        ("green", "In force"),
        ("blue", "To come"),
        ("gray", "Superseded"),
        ("gray", "Ended"),
    ]
    assert r"\*evil\* \`model\`" in said
    assert "![x](http" not in said
    assert "of-others" not in said
    assert said.count("all projects") == 4
    assert "project default" in said


def test_prices_beyond_a_screenful_are_on_further_pages(open_page: OpenPage, store: Store) -> None:
    add(store, *(own(f"m{number:02d}") for number in range(23)))
    app = open_page("prices")
    assert "**m00**" in words(app)
    assert "**m19**" in words(app)
    assert "**m20**" not in words(app)


def test_a_price_is_edited_and_replaces_the_one_it_was(open_page: OpenPage, store: Store) -> None:
    before = own("qwen-*", "2026-11-01", cache_read_usd=Decimal("0.1"))
    add(store, before)
    app = press(open_page("prices"), f"price_edit_{before.key_id}")
    app.text_input(key="price_field_output_usd").set_value("0,5").run()
    press(app, "price_save")
    assert "Output: An amount is a number of US dollars" in app.error[0].value
    assert saved(store) == [before]
    app.text_input(key="price_field_output_usd").set_value("0.5").run()
    app.segmented_control(key="price_field_is_for_all").set_value(False).run()
    press(app, "price_save")
    assert saved(store) == [replace(before, output_usd=Decimal("0.5"), project="default")]
    assert "Output $0.50" in unescaped(app)


def test_a_price_is_ended_and_removed(open_page: OpenPage, store: Store) -> None:
    price = own("qwen-*", "2026-11-01")
    add(store, price)
    app = press(open_page("prices"), f"price_end_{price.key_id}")
    press(app, "price_end_confirm")
    (ended,) = saved(store)
    assert replace(ended, ends_ns=None) == price
    assert 0 <= time.time_ns() - ended.ends_ns < 120 * 10**9
    assert f"price_end_{price.key_id}" not in [button.key for button in app.button]
    press(press(app, f"price_remove_{price.key_id}"), "price_remove_cancel")
    assert saved(store) == [ended]
    press(press(app, f"price_remove_{price.key_id}"), "price_remove_confirm")
    assert saved(store) == []
    assert "No own prices." in words(app)


def test_a_database_that_is_away_is_told(open_page: OpenPage, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    price = own("qwen-*")
    add(store, price)
    app = press(open_page("prices"), f"price_remove_{price.key_id}")
    store.execute("RENAME TABLE prices TO hidden")
    press(app, "price_remove_confirm")
    assert "did not understand" in words(app) or "could not be reached" in words(app)


@pytest.mark.browser
def test_a_model_without_a_price_gets_one_in_a_browser(visit: Visit) -> None:
    visit.shop()
    page = visit.go("/prices?t=24h")
    grid = page.get_by_test_id("stDataFrame").first
    grid.get_by_test_id("data-grid-canvas").wait_for()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 240, box["y"] + 52)  # the button beside the first model
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("combobox", name="Model")).to_have_value(shop.UNPRICED_MODEL)
    expect(dialog.get_by_text("Fits 1 model without a price")).to_be_visible()
    dialog.get_by_text("This project").click()
    dialog.get_by_label("Input", exact=True).fill("0.20")
    dialog.get_by_label("Output", exact=True).fill("0.60")
    dialog.get_by_label("Output", exact=True).press("Enter")
    dialog.get_by_role("button", name="Save price").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Input $0.20 · Output $0.60 for a million tokens")).to_be_visible()
    rows = [price_from_row(row) for row in visit.house.store.fetch_rows(all_prices(visit.project))]
    (price,) = [row for row in rows if row.project == visit.project]
    assert (price.model, price.rates) == (
        shop.UNPRICED_MODEL,
        {"input_usd": Decimal("0.2"), "output_usd": Decimal("0.6")},
    )
