"""The filter bar on a real database: what it offers, and that each filter of the address narrows the list."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pytest
from dashboard.visits import OpenPage, Visit, words
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from dashboard import shop
from spanglass_dashboard import suggestions
from spanglass_dashboard.narrowing import counted

pytestmark = pytest.mark.clickhouse


def listed(app: AppTest) -> set[str]:
    assert not app.exception
    return set(app.dataframe[0].value["trace_id"])


THE_BAR_ALONE = "from spanglass_dashboard import filter_bar; filter_bar.bar('Traces')"
"""A script: where a page runs in parts side by side, AppTest cannot run it twice."""


def traces(app: AppTest) -> int:
    """How many the overview counts."""
    assert not app.exception
    return int(next(metric.value for metric in app.metric if metric.label == "Traces"))


def test_each_filter_of_the_address_narrows_the_list(open_page: OpenPage, full: shop.History):
    made = full.spans
    every = {span.trace_id for span in made}
    model = made[-1].response_model
    assert listed(open_page("traces", **{"not": f"model!={model}"})) == every - {
        span.trace_id for span in made if span.response_model == model
    }
    plan = {span.trace_id for span in made if span.metadata["plan"] == "pro"}
    assert listed(open_page("traces", attr="metadata.plan=pro")) == plan
    version = {span.trace_id for span in made if span.prompt_name == "answer" and span.prompt_version == "v4"}
    assert listed(open_page("traces", prompt="answer", version="v4")) == version
    costs: Counter[str] = Counter()
    for span in made:
        costs[span.trace_id] += span.cost.total_usd or 0  # type: ignore[assignment]
    assert listed(open_page("traces", min_cost="0.01")) == {trace for trace, usd in costs.items() if usd >= 0.01}
    poor = {score.trace_id for score in full.scores if score.name == "faithful" and (score.value or 0) < 0.8}
    assert listed(open_page("traces", score="faithful", score_below="0.8")) == poor

    # The names of the API are understood too.
    assert listed(open_page("traces", prompt_name="answer", prompt_version="v4", min_cost_usd="0.01")) == version & {
        trace for trace, usd in costs.items() if usd >= 0.01
    }
    assert listed(open_page("traces", **{"not": f"response_model!={model}"})) == every - {
        span.trace_id for span in made if span.response_model == model
    }

    # What is not understood is told, and on a page of calls a bound of traces narrows nothing.
    app = open_page(**{"not": "![x](http://evil.example)", "score": "faithful", "score_below": "0.8"})
    assert traces(app) == 120
    assert r"not filtered by: \!\[x\]" in app.warning[0].value
    assert "narrow the list of traces only" in words(app)
    assert app.number_input(key="score_below").value == 0.8
    assert len(app.number_input) == 1


def test_all_filters_are_behind_one_button_with_counts(
    open_page: OpenPage, full: shop.History, monkeypatch: pytest.MonkeyPatch
):
    del open_page  # it sets the database
    monkeypatch.setattr(suggestions, "MAX_VALUES", 3)
    app = AppTest.from_string(THE_BAR_ALONE).run()
    assert len(app.multiselect) == 4
    app = app.button(key="show_more_filters").click().run()
    assert not app.exception
    users = Counter(span.user_id for span in full.spans)
    shown = app.multiselect(key="user")
    assert f"3 of {len(users)}" in shown.label
    most, count = min(users.items(), key=lambda item: (-item[1], item[0]))
    assert shown.options[0] == counted(most, count)
    app = app.selectbox(key="attribute_key").select("metadata.plan").run()
    pro = sum(span.metadata["plan"] == "pro" for span in full.spans)
    assert counted("pro", pro) in app.selectbox(key="attribute_value").options
    app = app.selectbox(key="attribute_value").select("pro").run()
    assert app.multiselect(key="attr").value == ["metadata.plan=pro"]
    assert not app.exception
    app = app.button(key="clear_filters").click().run()
    assert app.multiselect(key="attr").value == []


@pytest.mark.browser
def test_a_chosen_value_is_in_the_address_without_its_count(visit: Visit):
    visit.shop(traces=20)
    page = visit.go("/traces")
    page.get_by_role("button", name="More filters").click()
    page.locator(".st-key-not input").click()
    page.keyboard.type("env!=stag")
    page.get_by_role("option", name="env!=staging").click()
    expect(page.locator(".st-key-not").get_by_text("env!=staging", exact=True)).to_be_visible()
    page.get_by_label("Cost from").fill("0.001")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Fewer filters").click()
    expect(page.locator(".st-key-set_filters").get_by_text("env!=staging", exact=True)).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Overview").click()
    expect(page.get_by_text("narrow the list of traces only")).to_be_visible()
    page.reload()
    expect(page.locator(".st-key-set_filters").get_by_text("env!=staging", exact=True)).to_be_visible()
    expect(page.get_by_label("Cost from")).to_have_value("0.001")
    address = parse_qs(urlsplit(page.url).query)
    assert address["not"] == ["env!=staging"]
    assert address["min_cost"] == ["0.001"]
