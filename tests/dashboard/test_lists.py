"""The lists of traces, spans, sessions and users: orders, pages, where a row leads, and the place in the address."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from dashboard.visits import OpenPage, Visit, insert, words
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from dashboard import shop
from spanglass_dashboard import list_place
from spanglass_dashboard.address import scope_from_state
from spanglass_dashboard.list_place import FIRST, Place, place_from_text, text_from_place
from spanglass_store.connection import Store

NOW_NS = 1_795_000_123_456_789_012


def test_a_place_is_of_its_own_list_only():
    scope = scope_from_state({"model": ["a"]}, NOW_NS)
    mark = list_place.mark(scope, "traces", "cost")
    text = text_from_place(Place(3, "abc-_1"), mark)
    assert place_from_text(text, mark) == Place(3, "abc-_1")
    assert list_place.mark(scope_from_state({"model": ["a"]}, NOW_NS + 10**12), "traces", "cost") == mark
    others = [
        list_place.mark(scope_from_state({"model": ["b"]}, NOW_NS), "traces", "cost"),
        list_place.mark(scope_from_state({"model": ["a"], "min_cost": 1}, NOW_NS), "traces", "cost"),
        list_place.mark(scope, "spans", "cost"),
        list_place.mark(scope, "traces", "newest"),
    ]
    assert {place_from_text(text, other) for other in others} == {FIRST}


@given(st.text() | st.from_regex(r"\d+\.0{8}\.[a-z]*", fullmatch=True))
def test_any_text_is_a_place(text: str):
    assert place_from_text(text, "0" * 8).page >= 1


@pytest.mark.clickhouse
def test_each_list_has_its_rows_in_the_order_asked_for(open_page: OpenPage, full: shop.History):
    traces: Counter[str] = Counter()
    for span in full.spans:
        traces[span.trace_id] += span.cost.total_usd or Decimal(0)  # type: ignore[assignment]
    app = open_page("traces", order="cost")
    shown = app.dataframe[0].value
    assert shown["trace_id"].tolist()[:10] == [trace for trace, _ in traces.most_common(10)]
    assert "120 traces in the last 24 hours · 1 to 100" in words(app)
    assert app.button(key="list_previous").disabled
    rest = app.button(key="list_next").click().run().dataframe[0].value
    assert set(shown["trace_id"]) | set(rest["trace_id"]) == set(traces)
    assert "Traces 101 to 120 in the last 24 hours" in words(app)
    assert app.button(key="list_previous").click().run().dataframe[0].value["trace_id"].equals(shown["trace_id"])

    slow = open_page("traces", view="spans", order="duration", kind="llm").dataframe[0].value
    longest = sorted((span.duration_ns for span in full.spans if span.kind == "llm"), reverse=True)
    assert slow["duration_ns"].tolist() == longest[:100]
    assert slow["model"].iloc[0] != ""

    of_users = Counter(user for _, user in {(span.trace_id, span.user_id) for span in full.spans})
    app = open_page("traces", view="users", order="traces")
    assert f"{len(of_users)} users in the last 24 hours" in words(app)
    assert app.dataframe[0].value["traces"].iloc[0] == max(of_users.values())
    sessions = {span.session_id for span in full.spans}
    first = set(open_page("traces", view="sessions", order="nonsense").dataframe[0].value["session_id"])
    assert len(first) == 100
    assert first <= sessions


@pytest.mark.clickhouse
def test_a_list_without_rows_says_how_to_fill_it(open_page: OpenPage, store: Store):
    made = shop.request(random.Random(1), time.time_ns() - 60 * 10**9)
    insert(store, shop.History([replace(span, user_id="", session_id="") for span in made], []))
    app = open_page("traces", view="users", min_cost="0")
    assert not app.exception
    said = words(app)
    assert "No users in the last 24 hours match." in said
    assert 'spanglass.context(user_id="ann")' in said
    assert "narrow the list of traces only" in said


def select_first(page: Page, list_name: str) -> None:
    table = page.locator(f".st-key-{list_name}_table")
    table.get_by_test_id("data-grid-canvas").wait_for()
    box = table.get_by_test_id("stDataFrame").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 50)


@pytest.mark.clickhouse
@pytest.mark.browser
def test_lists_lead_to_one_another_and_back(visit: Visit):
    visit.shop(traces=120)
    page = visit.go("/traces")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Traces 101 to 120")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("120 traces in the last 24 hours · 1 to 100")).to_be_visible()
    page.get_by_role("radio", name="Users").click()
    expect(page.get_by_text(re.compile(r"\d+ users in the last"))).to_be_visible()
    select_first(page, "users")
    expect(page).to_have_url(re.compile(r"user=user-\d{3}"))
    expect(page.get_by_role("radio", name="Traces")).to_be_checked()
    expect(page.get_by_text(re.compile(r"^\d+ traces? in the last"))).to_be_visible()
    page.go_back()
    expect(page.get_by_role("radio", name="Users")).to_be_checked()
    page.goto(f"{page.url.split('?')[0]}?project={visit.project}&view=spans&order=duration&kind=llm")
    select_first(page, "spans")
    expect(page).to_have_url(re.compile(r"span=[0-9a-f]{16}"))
    expect(page.locator(".row.selected")).to_contain_text("chat")
    page.go_back()
    expect(page.get_by_role("radio", name="Spans")).to_be_checked()
    expect(page.get_by_role("combobox", name="Order")).to_have_value("Longest first")
