"""The alerts page on the real engine: cards, form, preview, history; and once in a real browser."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from dashboard.visits import OpenPage, Visit, words
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest
from webhook import webhook

from dashboard import shop
from spanglass_store.alerting.evaluate import NS
from spanglass_store.connection import Store
from spanglass_store.query import Filters
from spanglass_store.rules import (
    Rule,
    Transition,
    all_rules,
    block_from_rule,
    block_from_transitions,
    rule_from_row,
)

SECRET = "T0KEN-s3cret"
SLOW = Rule("default", "slow", "Answers are *slow*", "trace_latency_p95_seconds", "above", 0.001, window_seconds=3600)

pytestmark = pytest.mark.clickhouse


def add(store: Store, *rules: Rule) -> None:
    for rule in rules:
        store.insert(block_from_rule(rule, version=1), token=f"{rule.project} {rule.rule_id}")


def saved(store: Store, project: str = "default") -> list[Rule]:
    return [rule_from_row(row) for row in store.fetch_rows(all_rules(project))]


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def change(**fields: object) -> Transition:
    now_ns = time.time_ns()
    fired = Transition("default", "slow", now_ns, "inactive", "firing", 1.5, 0.001, now_ns, "sent", "Latency at 1.5 s")
    return replace(fired, **fields)  # type: ignore[arg-type]


def badges(app: AppTest) -> str:
    return " ".join(re.findall(r":(?:red|orange|green|gray)-badge\[:material/\w+: ([\w ]+)\]", words(app)))


def test_without_alerts_the_page_says_how_to_set_one(open_page: OpenPage) -> None:
    app = open_page("alerts")
    assert not app.exception
    assert "No alerts yet" in words(app)
    labels = [button.label for button in app.button if str(button.key).startswith("alert_")]
    assert labels == ["New alert", "Calls fail", "Answers are slow", "Spending runs away", "Traffic stops"]


def test_a_card_tells_the_condition_the_scope_and_who_is_told(
    open_page: OpenPage, store: Store, full: shop.History
) -> None:
    channels = (f"slack://{SECRET}/b/c", f"https://hooks.example.com/{SECRET}")
    add(store, replace(SLOW, channels=channels, filters=Filters.of(service=["shop-assistant"])))
    said = words(open_page("alerts"))
    for text in ("Answers are \\*slow\\*", "Trace latency p95 above", "service shop", "slack", "Has not fired yet"):
        assert text in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("rule", "last", "badge"),
    [
        ({}, None, "OK"),
        ({}, {}, "Firing"),
        ({}, {"to_state": "pending"}, "Pending"),
        ({}, {"from_state": "firing", "to_state": "resolved"}, "OK"),
        ({"enabled": False}, {}, "Paused"),
        ({"filters": Filters.of(service=["nobody"])}, None, "No data"),
    ],
)
def test_a_badge_says_how_an_alert_stands(
    open_page: OpenPage,
    store: Store,
    full: shop.History,
    rule: dict[str, object],
    last: dict[str, object] | None,
    badge: str,
) -> None:
    add(store, replace(SLOW, **rule))  # type: ignore[arg-type]
    if last is not None:
        store.insert(block_from_transitions([change(**last)]), token="last")
    app = open_page("alerts")
    assert not app.exception
    assert badges(app) == badge


def test_what_is_firing_comes_first(open_page: OpenPage, store: Store) -> None:
    add(store, SLOW, replace(SLOW, rule_id="first", name="A quiet one"))
    store.insert(block_from_transitions([change()]), token="fired")
    said = words(open_page("alerts"))
    assert "2 alerts · 1 firing" in said
    assert said.index("Answers are") < said.index("A quiet one")


def test_the_history_lists_every_change(open_page: OpenPage, store: Store) -> None:
    add(store, SLOW)
    now_ns = time.time_ns()
    fired = change(at_ns=now_ns - 600 * NS, since_ns=now_ns - 900 * NS)
    ended = replace(
        fired, at_ns=fired.at_ns + 300 * NS, from_state="firing", to_state="resolved", value=None, notified="failed: x"
    )
    gone = change(rule_id="deleted long ago", at_ns=fired.at_ns - NS)
    store.insert(block_from_transitions([fired, ended, gone]), token="t")
    table = open_page("alerts").dataframe[0].value
    assert [list(cell) for cell in table["change"]] == [["Resolved"], ["Fired"], ["Fired"]]
    assert list(table["alert"]) == ["Answers are *slow*", "Answers are *slow*", "deleted"]
    assert list(table["lasted"]) == ["10 min", "", ""]
    assert list(table["notice"]) == ["failed: x", "sent", "sent"]


def test_an_alert_is_set_in_the_form(open_page: OpenPage, store: Store, full: shop.History) -> None:
    app = press(open_page("alerts", service="shop-assistant"), "alert_new")
    app.text_input(key="alert_name").set_value("Too many failures")
    app.number_input(key="alert_threshold").set_value(7.5)
    app.selectbox(key="alert_window").set_value(3600)
    app.selectbox(key="alert_for").set_value(300)
    app.multiselect(key="alert_model").set_value(["gpt-5.1-mini"])
    app.text_area(key="alert_channels").set_value(f"https://example.com/{SECRET}\nslack://a/b/c")
    app.run()
    assert "Error rate above 7" in words(app)
    press(app, "alert_save")
    (rule,) = saved(store)
    assert replace(rule, rule_id="") == Rule(
        "default",
        "",
        "Too many failures",
        "error_ratio",
        "above",
        0.075,
        window_seconds=3600,
        for_seconds=300,
        filters=Filters.of(service=["shop-assistant"], model=["gpt-5.1-mini"]),
        channels=(f"https://example.com/{SECRET}", "slack://a/b/c"),
    )
    assert "1 alert · 0 firing" in words(app)


def test_a_suggestion_fills_the_form(open_page: OpenPage, store: Store) -> None:
    app = press(open_page("alerts"), "alert_suggested_2")
    assert app.selectbox(key="alert_measure").value == "cost_usd"
    press(app, "alert_save")
    assert [(rule.name, rule.threshold) for rule in saved(store)] == [("Spending runs away", 10.0)]


@pytest.mark.parametrize(
    ("threshold", "sentence"),
    [(0.001, "**Would have fired"), (900.0, "**Would not have fired**")],
)
def test_the_preview_says_how_often_it_would_have_fired(
    open_page: OpenPage, store: Store, full: shop.History, threshold: float, sentence: str
) -> None:
    add(store, replace(SLOW, threshold=threshold))
    app = press(open_page("alerts"), "alert_edit_slow")
    assert sentence in words(app)


def test_the_preview_of_nothing_says_so(open_page: OpenPage, store: Store) -> None:
    add(store, SLOW)
    assert "**No data** in the last 7 days" in words(press(open_page("alerts"), "alert_edit_slow"))


def test_an_alert_without_a_name_or_a_score_is_not_saved(open_page: OpenPage, store: Store) -> None:
    app = press(open_page("alerts"), "alert_new")
    app.selectbox(key="alert_measure").set_value("score_mean").run()
    assert app.button_group(key="alert_comparison_score_mean").value == "below"
    assert "Choose a score" in words(app)
    press(app, "alert_save")
    assert [error.value for error in app.error] == ["A rule needs a name.", "Choose which score to watch."]
    assert saved(store) == []


def test_a_score_is_watched_by_its_name(open_page: OpenPage, store: Store, full: shop.History) -> None:
    app = press(open_page("alerts"), "alert_new")
    app.text_input(key="alert_name").set_value("Worse answers")
    app.selectbox(key="alert_measure").set_value("score_mean").run()
    app.selectbox(key="alert_score").set_value("faithful")
    app.number_input(key="alert_threshold").set_value(0.7)
    app.run()
    assert "Mean score below 0" in words(app)
    press(app, "alert_save")
    (rule,) = saved(store)
    assert (rule.threshold, rule.filters) == (0.7, Filters.of(score_name=["faithful"]))


def test_an_edited_alert_keeps_its_secrets_unseen(open_page: OpenPage, store: Store) -> None:
    kept = f"slack://{SECRET}/b/c"
    add(store, replace(SLOW, channels=(kept, "https://old.example/x"), filters=Filters.of(user_id=["ann"])))
    app = press(open_page("alerts"), "alert_edit_slow")
    assert app.multiselect(key="alert_kept_channels").options == ["1 · slack://…", "2 · https://old.example/…"]
    app.multiselect(key="alert_kept_channels").set_value([kept])
    app.text_area(key="alert_channels").set_value("https://new.example/y")
    app.button_group(key="alert_severity").set_value("critical")
    app.run()
    assert SECRET not in words(app)
    press(app, "alert_save")
    (rule,) = saved(store)
    assert rule == replace(
        SLOW,
        channels=(kept, "https://new.example/y"),
        severity="critical",
        filters=Filters.of(user_id=["ann"]),
    )


def test_a_test_notice_arrives(open_page: OpenPage, store: Store) -> None:
    app = press(open_page("alerts"), "alert_new")
    with webhook() as hook:
        app.text_input(key="alert_name").set_value("Slow")
        app.text_area(key="alert_channels").set_value(f"{hook.url}\nslack://nonsense")
        press(app, "alert_test")
    assert hook.titles == ["Test: Slow"]
    said = words(app)
    assert "sent" in said
    assert "not a channel URL" in said
    assert "s3cret-token" not in said


def test_a_test_without_a_channel_says_so(open_page: OpenPage, store: Store) -> None:
    assert "nothing to send to" in words(press(press(open_page("alerts"), "alert_new"), "alert_test"))


def test_an_alert_is_paused_and_resumed(open_page: OpenPage, store: Store) -> None:
    add(store, SLOW)
    app = press(open_page("alerts"), "alert_pause_slow")
    assert [rule.enabled for rule in saved(store)] == [False]
    assert badges(app) == "Paused"
    press(app, "alert_pause_slow")
    assert [rule.enabled for rule in saved(store)] == [True]


def test_an_alert_is_deleted_only_after_a_second_thought(open_page: OpenPage, store: Store) -> None:
    add(store, SLOW)
    app = press(open_page("alerts"), "alert_delete_slow")
    assert saved(store) == [SLOW]
    press(app, "alert_delete_confirm")
    assert saved(store) == []
    assert "No alerts yet" in words(app)


def test_alerts_of_another_project_are_not_shown(open_page: OpenPage, store: Store) -> None:
    add(store, replace(SLOW, project="other"))
    assert "No alerts yet" in words(open_page("alerts"))
    assert "1 alert" in words(open_page("alerts", project="other"))


@pytest.mark.browser
def test_in_a_browser_an_alert_is_set_tested_and_stays(browser_page: Visit) -> None:
    browser_page.shop(120)
    page = browser_page.go("/alerts")
    with webhook() as hook:
        page.get_by_role("button", name="New alert").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("in the last 7 days")).to_be_visible()
        name = dialog.get_by_label("Name", exact=True)
        name.fill("Failures in the shop")
        name.press("Enter")
        threshold = dialog.get_by_label("Threshold (%)")
        threshold.fill("0.5")
        threshold.press("Enter")
        expect(dialog.get_by_text("Error rate above 0.50 %")).to_be_visible()
        expect(dialog.get_by_text(re.compile("Would have fired .* in the last 7 days"))).to_be_visible()
        expect(dialog.locator(".js-plotly-plot")).to_be_visible()
        channels = dialog.get_by_label("Channels", exact=True)
        channels.fill(hook.url)
        channels.press("Control+Enter")
        dialog.get_by_role("button", name="Send test").click()
        expect(dialog.get_by_text(re.compile("sent$"))).to_be_visible()
        dialog.get_by_role("button", name="Save alert").click()
        expect(dialog).to_be_hidden()
        expect(page.get_by_text("Failures in the shop")).to_be_visible()
    assert hook.titles == ["Test: Failures in the shop"]
    (rule,) = saved(browser_page.house.store, browser_page.project)
    assert (rule.name, rule.threshold, rule.channels) == ("Failures in the shop", 0.005, (hook.url,))
    page.reload()
    expect(page.get_by_text("Failures in the shop")).to_be_visible()
    expect(page.get_by_text("s3cret-token")).to_have_count(0)
