"""The quality page: its figures as values, and the page on the real engine."""

from __future__ import annotations

import math
import time

import pandas as pd
import pytest
from dashboard.visits import OpenPage, Visit, words
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from dashboard import shop
from spanglass_dashboard import quality_figures as figures
from spanglass_dashboard.palette import LIGHT
from spanglass_store.alerting.evaluate import NS
from spanglass_store.connection import Store
from spanglass_store.query import Window
from spanglass_store.scores import Score, block_from_scores

HOUR = 3600


def totals(*rows: tuple[str, int, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["group", "count", "mean", "low", "high"])


def test_a_change_counts_only_when_its_interval_leaves_zero_out() -> None:
    now = totals(
        ("a", 90, 0.9, 0.88, 0.92), ("b", 9, 0.9, 0.7, 1.1), ("c", 90, 0.5, 0.48, 0.52), ("", 5, 0.5, 0.4, 0.6)
    )
    before = totals(("a", 90, 0.8, 0.78, 0.82), ("b", 9, 0.8, 0.6, 1.0), ("c", 90, 0.8, 0.78, 0.82))
    told = figures.compared(now, before, is_share=False)
    assert list(told["verdict"]) == [["better"], ["no clear change"], ["worse"], ["new"]]
    assert list(told["group"]) == ["a", "b", "c", "not told"]
    assert list(told["change"])[:3] == pytest.approx([0.1, 0.1, -0.3])
    assert math.isnan(list(told["change"])[3])


def test_one_value_has_no_interval_and_proves_nothing() -> None:
    told = figures.compared(
        totals(("a", 1, 0.9, math.nan, math.nan)), totals(("a", 90, 0.1, 0.09, 0.11)), is_share=False
    )
    assert list(told["verdict"]) == [["no clear change"]]
    assert list(told["interval"]) == [""]


def test_a_trend_has_a_line_and_a_band_for_the_largest_groups() -> None:
    window = Window(0, 3 * HOUR * NS)
    rows = [
        (pd.Timestamp(hour * HOUR, unit="s", tz="UTC"), f"m{model}", 10 - model, 0.5, 0.4, 0.6)
        for hour in (0, 2)
        for model in range(8)
    ]
    frame = pd.DataFrame(rows, columns=["bucket", "group", "count", "mean", "low", "high"])
    drawn = figures.trend_figure(frame, window, HOUR, LIGHT, timezone="UTC", is_share=False)
    lines = [trace for trace in drawn.data if trace.name]
    assert [line.name for line in lines] == ["m0", "m1", "m2", "m3", "m4", "m5"]
    assert len(drawn.data) == 2 * figures.MAX_LINES
    assert [math.isnan(value) for value in lines[0].y] == [False, True, False]  # no score, no line


def test_bins_without_a_value_are_drawn_empty() -> None:
    frame = pd.DataFrame([(0.0, 0.1, 3), (0.3, 0.4, 1)], columns=["low", "high", "count"])
    whole = figures.every_bin(frame)
    assert list(whole["count"]) == [3, 0, 0, 1]
    assert list(whole["low"]) == pytest.approx([0.0, 0.1, 0.2, 0.3])
    option = figures.distribution_chart(whole, LIGHT, is_share=False)
    assert option["series"][0]["data"] == [3, 0, 0, 1]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (figures.interval_text(0.8123, 0.85, is_share=False), "0.812 – 0.850"),
        (figures.interval_text(0.8123, 0.85, is_share=True), "81.2 – 85.0 %"),
        (figures.mean_text(0.8312, is_share=False), "0.831"),
        (figures.mean_text(0.8312, is_share=True), "83.1 %"),
        (figures.mean_text(math.nan, is_share=True), "–"),
        (figures.share_text(1, 3), "33.3 %"),
        (figures.share_text(0, 0), "–"),
    ],
)
def test_figures_as_people_read_them(said: str, text: str) -> None:
    assert said == text


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


@pytest.mark.clickhouse
def test_without_scores_the_page_says_how_to_send_one(open_page: OpenPage) -> None:
    said = words(open_page("quality"))
    assert "Send your first score" in said
    assert "curl http://collector.example:4318/api/v1/scores" in said


@pytest.mark.clickhouse
def test_older_scores_are_one_click_away(open_page: OpenPage, store: Store) -> None:
    old = Score("default", "s1", "helpful", time.time_ns() - 5 * 24 * HOUR * NS, value=1.0)
    store.insert(block_from_scores([old]), token="old")
    app = open_page("quality")
    assert "No score was given in the last 24 hours." in words(app)
    app.button(key="quality_widen").click().run()
    assert metrics(app)["Mean"] == "1.000"


@pytest.mark.clickhouse
def test_the_page_shows_the_mean_that_was_given(open_page: OpenPage, full: shop.History) -> None:
    values = [score.value for score in full.scores if score.name == "faithful" and score.value is not None]
    app = open_page("quality")
    assert not app.exception
    shown = metrics(app)
    assert shown["Mean"] == f"{sum(values) / len(values):.3f}"
    assert shown["Scores"] == str(len(values))
    assert shown["Coverage"] == figures.share_text(len(values), 120)
    low, high = (float(edge) for edge in shown["95 % interval"].split(" – "))
    assert low < sum(values) / len(values) < high


@pytest.mark.clickhouse
@pytest.mark.parametrize("group", ["model", "prompt_version", "service", "source", ""])
def test_the_table_splits_the_scores_by_what_was_chosen(open_page: OpenPage, full: shop.History, group: str) -> None:
    app = open_page("quality")
    app.button_group(key="quality_group").set_value(group).run()
    assert not app.exception
    table = app.dataframe[0].value
    assert table["count"].sum() == len([score for score in full.scores if score.name == "faithful"])
    expected = {"prompt_version": {"v3", "v4"}, "source": {"judge"}, "": {"all"}}.get(group)
    assert expected is None or set(table["group"]) == expected


@pytest.mark.clickhouse
def test_yes_and_no_are_a_share(open_page: OpenPage, full: shop.History) -> None:
    app = open_page("quality")
    app.selectbox(key="quality_score").set_value("helpful").run()
    assert not app.exception
    votes = [score.value for score in full.scores if score.name == "helpful" and score.value is not None]
    assert metrics(app)["Share of yes"] == f"{sum(votes) / len(votes) * 100:.1f} %"


@pytest.mark.clickhouse
def test_filters_narrow_the_scores(open_page: OpenPage, full: shop.History) -> None:
    services = {span.trace_id: span.service for span in full.spans if not span.parent_span_id}
    app = open_page("quality", service="returns-desk")
    count = sum(services[s.trace_id] == "returns-desk" for s in full.scores if s.name == "faithful")
    assert metrics(app)["Scores"] == str(count)
    assert open_page("quality", service="nobody").metric[0].value == "–"


@pytest.mark.clickhouse
@pytest.mark.browser
def test_in_a_browser_lines_and_bands_are_drawn(browser_page: Visit) -> None:
    browser_page.shop(120)
    page = browser_page.go("/quality")
    expect(page.get_by_text("Mean by model")).to_be_visible()
    expect(page.locator(".js-plotly-plot .scatterlayer .trace").first).to_be_visible()
    page.get_by_text("Prompt version", exact=True).click()
    expect(page.get_by_text("Mean by prompt version")).to_be_visible()
    expect(page.locator(".legendtext", has_text="v4")).to_be_visible()
