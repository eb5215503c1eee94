"""What changed and what differs: the cost against the time before, who leads, what sets some spans apart."""

from __future__ import annotations

import re
import time
from collections import Counter
from decimal import Decimal

import pytest
from dashboard.visits import OpenPage, Visit, insert, words
from playwright.sync_api import expect

from dashboard import shop
from spanglass_dashboard import comparison, cost_change, data
from spanglass_dashboard.address import scope_from_state
from spanglass_dashboard.palette import LIGHT
from spanglass_dashboard.plain import plain
from spanglass_store.connection import Store
from spanglass_store.numbers import format_usd
from spanglass_store.queries.attribution import FACTORS, Change
from spanglass_store.queries.outliers import Comparison, Distinction, Selection
from spanglass_store.query import Filters

NOW_NS = 1_795_000_123_456_789_012
DAY_NS = 86_400 * 10**9


def changed(**parts: float) -> Change:
    return Change(2.0, 2.0 + sum(parts.values()), dict.fromkeys(FACTORS, 0.0) | parts)


def test_a_change_is_told_by_its_causes():
    change = changed(volume=1.0, price=-0.5, cache_share=0.0001)
    assert cost_change.sentence(change, "before") == "$2.50, +$0.5001 (+25.0 %) against before"
    assert cost_change.sentence(Change(0, 1.5, {}), "before") == "$1.50, +$1.50 against before"
    assert set(cost_change.CAUSES) == set(FACTORS)
    bars = cost_change.causes_chart(change, LIGHT)["series"][0]["data"]
    told = dict(zip(cost_change.CAUSES.values(), bars, strict=True))
    assert told["Number of calls"]["itemStyle"]["color"] == LIGHT.warning
    assert told["Prices"]["label"] == {"formatter": "-$0.5000", "position": "left"}
    assert told["Share read from cache"]["value"] == 0, "too little to read is no cause"
    changes = {"a": change, "b": Change(0, 1, {}), "c": Change(1, 0, {}), "d": changed()}
    assert cost_change.by_model(changes)["cause"].tolist() == ["Number of calls", "New", "Not used any more", "–"]


def test_places_and_what_is_left_out_hold_for_both_sides():
    def sides(**state: object) -> tuple[Filters, Selection] | None:
        return comparison.sides(scope_from_state(state, NOW_NS))

    assert sides() is None
    assert sides(score="helpful") is None, "a score is of a trace"
    population, selection = sides(env="production", status="error", **{"not": "model!=a"}) or (None, None)
    assert population == Filters.of(environment=["production"]).excluding(model=["a"])
    assert selection == Selection(Filters.of(status=["error"]))
    assert sides(env="production") == (Filters(), Selection(Filters.of(environment=["production"])))
    assert sides(min_duration=2) == (Filters(), Selection(min_duration_seconds=2))


def test_what_was_found_is_told_in_words():
    found = Comparison((Distinction("metadata", "plan", "**pro**", 0.8, 0.2, 0.4, 0.7),), 1, 90_000, 1, 20_000)
    assert comparison.sentence(found, "today").startswith(
        "1 span passes the filters, against 90,000 others today: 1 and"
    )
    assert comparison.table(found).iloc[0].tolist() == ["metadata.plan", "**pro**", 0.8, 0.2, 0.4]


@pytest.mark.clickhouse
def test_the_overview_compares_with_the_time_before(open_page: OpenPage, store: Store, full: shop.History):
    assert "Nothing to compare with" in words(open_page())
    past = shop.history(time.time_ns() - DAY_NS - DAY_NS // 100, traces=40, hours=20, seed=8)
    insert(store, past)
    data.forget()
    app = open_page()
    assert not app.exception
    now, before = (sum((span.cost.total_usd or Decimal(0) for span in made.spans), Decimal(0)) for made in (full, past))
    assert plain(f"{format_usd(float(now))}, {cost_change.signed_usd(float(now - before))} (") in words(app)
    assert "without a known price" in words(app)
    by_model, leaders = (next(f.value for f in app.dataframe if name in f.value) for name in ("cause", "share"))
    assert float(by_model["change"].sum()) == pytest.approx(float(now - before))
    costs: Counter[str] = Counter()
    for span in full.spans:
        costs[span.response_model] += span.cost.total_usd or 0  # type: ignore[assignment]
    model, usd = costs.most_common(1)[0]
    first = leaders.iloc[0]
    assert (first["group"], first["share"]) == (model, pytest.approx(float(usd / now)))
    assert first["change"].endswith("%")


@pytest.mark.clickhouse
@pytest.mark.browser
def test_a_leader_narrows_the_page_and_spans_are_set_apart_on_demand(visit: Visit):
    visit.shop(traces=120)
    page = visit.go("/")
    page.get_by_role("radio", name="Services").click()
    table = page.locator(".st-key-card_top").get_by_test_id("data-grid-canvas")
    expect(table).to_contain_text("returns-desk")
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 50)
    expect(page).to_have_url(re.compile("service=shop-assistant"))
    expect(page.locator(".st-key-service").get_by_text("shop-assistant", exact=True)).to_be_visible()
    page.goto(f"{visit.house.address}/traces?project={visit.project}&status=error")
    page.get_by_role("button", name="What sets these apart?").click()
    card = page.locator(".st-key-card_outliers")
    expect(card.get_by_text(re.compile(r"\d+ spans pass the filters, against \d+ others"))).to_be_visible()
    expect(card.get_by_test_id("stDataFrame")).to_be_visible()
    page.get_by_role("button", name="Hide what sets these apart").click()
    expect(card).to_have_count(0)
