"""Every page on a real database, without a browser: what it shows, what it says when there is nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal

import pytest
from dashboard.visits import OpenPage, insert, words

from dashboard import shop
from spanglass_dashboard import settings
from spanglass_dashboard.settings import Settings
from spanglass_store.connection import Store
from spanglass_store.measures import MEASURES
from spanglass_store.numbers import format_usd
from spanglass_store.rules import Rule, Transition, block_from_rule, block_from_transitions
from spanglass_store.span import Cost, Span, Usage

pytestmark = pytest.mark.clickhouse

KPI_LABELS = [
    "Model calls",
    "Traces",
    "Error rate",
    "Cost",
    "Tokens",
    "Latency p95",
    "Time to first token p50",
    "Time to first token p95",
]


def a_call(**changes: object) -> Span:
    now_ns = time.time_ns() - 60 * 10**9
    call = Span(
        "default",
        "ab" * 16,
        "01" * 8,
        "",
        now_ns,
        now_ns + 1_500_000_000,
        "chat",
        "llm",
        "ok",
        service="shop",
        request_model="gpt-5.1",
        response_model="gpt-5.1-2026-09-01",
        usage=Usage(1000, 200, 400, None, 50),
        cost=Cost(Decimal("0.0123"), Decimal("0.01"), Decimal("0.0023"), source="computed", price_id="list@2026"),
    )
    return replace(call, **changes)  # type: ignore[arg-type]


def test_an_empty_project_is_told_how_to_begin(open_page: OpenPage):
    for page in ("overview", "traces"):
        app = open_page(page)
        assert not app.exception
        assert "Send your first trace" in words(app)
        assert "export SPANGLASS_ENDPOINT=http://collector.example:4318" in words(app)


def test_the_overview_shows_every_figure(open_page: OpenPage, full: shop.History):
    app = open_page()
    assert not app.exception
    assert sorted(metric.label for metric in app.metric) == sorted(KPI_LABELS)
    traces = next(metric for metric in app.metric if metric.label == "Traces")
    assert traces.value == str(len({span.trace_id for span in full.spans}))


def test_the_overview_shows_the_cost_the_spans_had(open_page: OpenPage, full: shop.History):
    cost = next(metric for metric in open_page().metric if metric.label == "Cost")
    total = sum(span.cost.total_usd or Decimal(0) for span in full.spans)
    assert cost.value == format_usd(float(total))


def test_an_unknown_price_is_told_and_is_not_zero(open_page: OpenPage, store: Store):
    insert(store, shop.History([a_call(cost=Cost())], []))
    app = open_page()
    assert "Cost unknown for 1 call of gpt" in words(app)
    assert next(metric.value for metric in app.metric if metric.label == "Cost") == "–"


def test_a_firing_alert_stands_on_the_overview(open_page: OpenPage, store: Store):
    now_ns = time.time_ns()
    insert(store, shop.History([a_call()], []))
    rule = Rule("default", "r1", "Slow *answers*", "latency_p95_seconds", "above", 1.0)
    firing = Transition("default", "r1", now_ns, "pending", "firing", 1.5, 1.0, now_ns)
    store.insert(block_from_rule(rule, version=now_ns), token="rule")
    store.insert(block_from_transitions([firing]), token="transition")
    told = [error.value for error in open_page().error]
    assert len(told) == 1
    assert r"**Slow \*answers\*** is firing" in told[0]


def test_the_list_has_a_row_a_trace(open_page: OpenPage, full: shop.History):
    app = open_page("traces")
    assert not app.exception
    table = app.dataframe[0].value
    assert len(table) == 100
    assert table["start_time"].is_monotonic_decreasing
    assert "120 traces in the last 24 hours · 1 to 100" in words(app)


def test_filters_of_the_address_narrow_the_list(open_page: OpenPage, full: shop.History):
    failed = {span.trace_id for span in full.spans if span.status == "error"}
    app = open_page("traces", status="error")
    assert set(app.dataframe[0].value["trace_id"]) == failed
    user = full.spans[0].user_id
    app = open_page("traces", user=user)
    assert set(app.dataframe[0].value["user_id"]) == {user}


def test_nonsense_in_the_address_falls_back(open_page: OpenPage, full: shop.History):
    app = open_page("traces", t="forever", status="excellent")
    assert not app.exception
    assert app.session_state["t"] == "24h"
    assert "120 traces" in words(app)


def test_filters_that_match_nothing_can_be_cleared(open_page: OpenPage, full: shop.History):
    app = open_page("traces", service="nobody")
    assert "No traces in the last 24 hours match." in words(app)
    app = app.button(key="clear_from_empty").click().run()
    assert "120 traces" in words(app)


def test_a_trace_shows_its_totals_and_its_root(open_page: OpenPage, store: Store):
    insert(store, shop.History([a_call()], []))
    app = open_page("traces", trace="ab" * 16)
    assert not app.exception
    said = words(app)
    for text in (r"**\$0\.0123**", r"**1\,200**", r"**1\.50 s**", "ab" * 16):
        assert text in said


def test_details_tell_every_digit_of_the_cost(open_page: OpenPage, store: Store):
    insert(store, shop.History([a_call()], []))
    app = open_page("traces", trace="ab" * 16)
    app.session_state["span_tab"] = "Details"
    cells = {str(cell) for table in app.run().table for cell in table.value.to_numpy().flatten()}
    assert {r"\$0\.0123", r"\$0\.01", r"\$0\.0023", r"1\,000", "400", "50", "computed"} <= cells
    assert r"gpt\-5\.1\-2026\-09\-01 \(not the one asked for\)" in cells


def test_a_trace_without_a_root_says_so(open_page: OpenPage, store: Store):
    insert(store, shop.History([a_call(parent_span_id="77" * 8)], []))
    app = open_page("traces", trace="ab" * 16)
    assert "This trace is not complete" in words(app)


@pytest.mark.parametrize("asked", ["cd" * 16, "nope", "**bold**"])
def test_a_trace_that_is_not_there(open_page: OpenPage, asked: str):
    app = open_page("traces", trace=asked)
    assert not app.exception
    assert "Trace not found" in words(app)


def test_markup_in_names_is_text(open_page: OpenPage, store: Store):
    insert(store, shop.History([a_call(name="![x](http://evil.example/x.png) :red[no]")], []))
    app = open_page("traces", trace="ab" * 16)
    said = words(app)
    assert r"\!\[x\]" in said
    assert r"\:red\[no\]" in said
    assert "![x]" not in said


def test_another_project_is_another_house(open_page: OpenPage, full: shop.History, store: Store):
    insert(store, shop.History([a_call(project="other")], []))
    assert "1 trace in the last 24 hours" in words(open_page("traces", project="other"))
    assert "120 traces" in words(open_page("traces"))
    assert "Trace not found" in words(open_page("traces", trace="ab" * 16))


def test_a_human_score_is_kept(open_page: OpenPage, store: Store):
    insert(store, shop.History([a_call()], []))
    app = open_page("traces", trace="ab" * 16)
    app.session_state["span_tab"] = "Scores"
    app.run()
    app.text_input[-1].set_value("Well answered")
    app.number_input[0].set_value(0.8)
    next(button for button in app.button if button.label == "Save score").click().run()
    assert not app.exception
    assert "Well answered" in words(app)
    assert "**quality**" in words(app)


def test_a_database_that_is_away_is_told_once_and_nothing_breaks(open_page: OpenPage):
    settings.use(Settings(clickhouse_url="http://nobody@127.0.0.1:1/spanglass"))
    app = open_page()
    assert not app.exception
    assert [warning.value for warning in app.warning] == ["The database cannot be reached right now."]


def test_every_measure_of_the_tiles_exists():
    assert set(KPI_LABELS) <= {measure.label for measure in MEASURES.values()}
