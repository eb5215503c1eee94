"""What only a real browser shows: clicks, the address bar, the component, the content policy."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from dashboard.serving import dashboard
from dashboard.visits import Visit, insert
from playwright.sync_api import BrowserContext, Locator, Page, expect

from dashboard import shop
from spanglass_store.connection import Store
from spanglass_store.span import Span

pytestmark = [pytest.mark.clickhouse, pytest.mark.browser]

TRACE_ID = re.compile(r"[?&]trace=[0-9a-f]{32}")
EVIL = "![x](https://evil.example/x.png) <img src=https://evil.example/y.png onerror=alert(1)> **loud**"


def row(page: Page, name: str) -> Locator:
    """The row of the waterfall called ``name``."""
    return page.locator(".row", has_text=name)


def open_first(page: Page) -> None:
    """Click into the first row of the list: its second line of pixels, in the column that selects."""
    page.get_by_test_id("data-grid-canvas").wait_for()
    box = page.get_by_test_id("stDataFrame").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 50)


def chat(name: str, said: str, **fields: object) -> Span:
    """A model call of a trace that began a minute ago, which answers ``said``."""
    now_ns = time.time_ns() - 60 * 10**9
    output = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": said}]}])
    call = Span("default", "cd" * 16, "02" * 8, "", now_ns, now_ns + 10**9, name, "llm", "ok", output=output)
    return replace(call, **fields)  # type: ignore[arg-type]


def test_a_row_opens_its_trace_and_back_closes_it(visit: Visit):
    visit.shop()
    page = visit.go("/traces?status=ok")
    open_first(page)
    expect(page).to_have_url(TRACE_ID)
    expect(page.get_by_label("Spans of this trace")).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    expect(page).not_to_have_url(TRACE_ID)
    expect(page).to_have_url(re.compile("status=ok"))
    page.go_forward()
    expect(page.get_by_label("Spans of this trace")).to_be_visible()
    page.get_by_role("button", name="All traces").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()


def test_a_click_on_a_span_shows_its_messages(visit: Visit):
    made = visit.shop()
    answered = next(span for span in made.spans if span.kind == "llm" and span.name.startswith("chat gpt"))
    page = visit.go(f"/traces?trace={answered.trace_id}")
    row(page, answered.name).click()
    pane = page.locator(".st-key-span_pane")
    expect(pane.get_by_text("You are the shop's assistant. Be brief and kind.")).to_be_visible()
    expect(pane.get_by_text("calls get_order")).to_be_visible()
    expect(page).to_have_url(re.compile(f"span={answered.span_id}"))
    page.reload()
    expect(pane.get_by_text("You are the shop's assistant. Be brief and kind.")).to_be_visible()


def test_the_waterfall_listens_to_the_keyboard(visit: Visit):
    made = visit.shop(traces=1)
    page = visit.go(f"/traces?trace={made.spans[0].trace_id}")
    tree = page.get_by_role("tree")
    tree.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".row.selected")).to_contain_text("search_catalogue")
    expect(page.locator(".st-key-span_pane")).to_contain_text("search_catalogue")
    page.keyboard.press("ArrowLeft")
    expect(row(page, "embed")).not_to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("get_ord")
    expect(page.locator(".count")).to_have_text("1 of 6 spans")


def test_five_thousand_spans_are_drawn_a_screenful_at_a_time(visit: Visit):
    spans = shop.big_trace(time.time_ns() - 60 * 10**9, spans=5000)
    visit.insert(*spans)
    page = visit.go(f"/traces?trace={spans[0].trace_id}")
    page.get_by_role("button", name="Expand").click()
    expect(page.locator(".count")).to_have_text("5,000 spans")
    assert page.locator(".row").count() < 60
    page.get_by_role("tree").focus()
    page.keyboard.press("End")
    expect(page.locator(".row.selected")).to_be_visible()


@pytest.mark.parametrize("view", ["Text", "Markdown", "Raw"])
def test_words_of_a_model_neither_run_nor_call_home(visit: Visit, view: str):
    visit.insert(chat(EVIL, EVIL))
    page = visit.go("/traces?trace=" + "cd" * 16)
    pane = page.locator(".st-key-span_pane")
    pane.get_by_role("radio", name=view).click()
    expect(pane.get_by_text("loud").last).to_be_visible()
    expect(pane.locator("img[src*=evil]")).to_have_count(1 if view == "Markdown" else 0)
    if view == "Markdown":  # it asks for the picture; the policy refuses before a request leaves the browser
        assert len(visit.refused) > 0
        assert all("https://evil.example/x.png" in told for told in visit.refused)
        visit.refused.clear()


def test_filters_survive_a_change_of_page_and_a_reload(visit: Visit):
    visit.shop()
    page = visit.go("/?t=7d&env=staging")
    expect(page.get_by_role("radio", name="7d")).to_be_checked()
    expect(page.locator(".st-key-env").get_by_text("staging")).to_be_visible()
    expect(page.get_by_label("Project")).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Traces").click()
    expect(page.get_by_test_id("stDataFrame")).to_have_count(1)  # those of the page before go when this one comes
    expect(page).to_have_url(re.compile(r"/traces\?.*env=staging"))
    expect(page).to_have_url(re.compile("t=7d"))
    page.reload()
    expect(page.get_by_text(re.compile(r"\d+ traces in the last 7 days"))).to_be_visible()


def test_an_empty_page_turns_over_by_itself(visit: Visit):
    page = visit.go("/traces")
    expect(page.get_by_text("Waiting for the first trace")).to_be_visible()
    visit.insert(chat("hello", "hi"))
    expect(page.get_by_text("1 trace in the last 24 hours")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/traces", "/quality", "/alerts"])
def test_every_page_stays_within_the_policy(visit: Visit, path: str):
    visit.shop()
    page = visit.go(path)
    expect(page.get_by_test_id("stAppViewContainer")).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def test_a_password_is_asked_for_once(context: BrowserContext, store: Store, store_url: str, tmp_path: Path):
    insert(store, shop.History([chat("hello", "hi")], []))
    with dashboard(store_url, tmp_path / "log", SPANGLASS_DASHBOARD_PASSWORD="open sesame") as address:
        page = context.new_page()
        page.goto(f"{address}/traces?t=7d")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("That is not the password.")).to_be_visible()
        page.get_by_label("Password").fill("open sesame")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("1 trace in the last 7 days")).to_be_visible()
        page.get_by_role("link", name="Sign out").click()
        expect(page.get_by_label("Password")).to_be_visible()
