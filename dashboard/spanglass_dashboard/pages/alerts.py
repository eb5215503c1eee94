"""Alerts: what is watched, how it stands, what it did."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

import streamlit as st

from spanglass_dashboard import alert_charts, alert_form, data, filter_bar, panels
from spanglass_dashboard.alert_draft import SUGGESTIONS, rule_from_suggestion
from spanglass_dashboard.alert_past import past_of, window_until
from spanglass_dashboard.alert_status import (
    CHANGE_COLORS,
    FIRING,
    PAUSED,
    badge_of,
    changes_frame,
    last_change_text,
)
from spanglass_dashboard.plain import plain
from spanglass_store.alerting.channels import masked
from spanglass_store.alerting.history import known
from spanglass_store.alerting.words import condition_text, scope_text, value_text
from spanglass_store.rules import (
    Rule,
    Transition,
    all_rules,
    last_transitions,
    rule_from_row,
    transition_from_row,
    transitions,
)

SPARK_POINTS: Final = 288
MAX_CHANGES: Final = 200

scope = filter_bar.scope()


def page() -> None:
    """The alerts of the project, or how to set the first."""
    rules, unreadable = _rules()
    if unreadable:
        st.warning(
            f"{unreadable} of the alerts were set by another version of spanglass and are not shown.",
            icon=":material/warning:",
        )
    if not rules:
        _empty()
        return
    last = _last()
    _summary(rules, last)
    for rule in sorted(
        rules, key=lambda rule: (badge_of(rule, last.get(rule.rule_id), has_value=True).order, rule.name)
    ):
        _card(rule)
    _history(rules)


def _rules() -> tuple[list[Rule], int]:
    rules, unreadable = [], 0
    for row in data.fetch_rows(all_rules(scope.project)):
        try:
            rules.append(rule_from_row(row))
        except ValueError:
            unreadable += 1
    return rules, unreadable


def _last() -> dict[str, Transition]:
    """The newest change of each alert, by rule id."""
    rows = data.load_recent(last_transitions(scope.project)).to_dict("records")
    changes = (transition_from_row({str(name): cell for name, cell in row.items()}) for row in rows)
    return {change.rule_id: replace(change, value=known(change.value)) for change in changes}


def _summary(rules: list[Rule], last: dict[str, Transition]) -> None:
    badges = [badge_of(rule, last.get(rule.rule_id), has_value=True) for rule in rules]
    firing, paused = badges.count(FIRING), badges.count(PAUSED)
    parts = [
        f"{len(rules)} alert{'s' * (len(rules) != 1)}",
        f"{firing} firing",
        *([f"{paused} paused"] if paused else []),
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":gray[{' · '.join(parts)}]", width="content")
        st.space("stretch")
        _new_button("New alert", alert_form.blank(scope.project, scope.filters), key="alert_new", shortcut="N")


def _new_button(label: str, rule: Rule, *, key: str, icon: str = "add", shortcut: str | None = None) -> None:
    pressed = st.button(
        label,
        key=key,
        icon=f":material/{icon}:",
        type="primary" if shortcut else "secondary",
        shortcut=shortcut,
        help="It starts with the filters above.",
        on_click=alert_form.open_with,
        args=(rule,),
    )
    if pressed:
        alert_form.edit(rule)


def _empty() -> None:
    with st.container(
        border=True,
        horizontal_alignment="center",
        gap="small",
        key="alerts_empty",
        height=380,
        vertical_alignment="center",
    ):
        st.markdown("### :gray[:material/notifications:]", text_alignment="center")
        st.markdown("**No alerts yet**", text_alignment="center")
        st.markdown(
            ":gray[An alert watches one of the numbers on these pages and tells you when it crosses a line. "
            "Before you save it, you see how often it would have fired last week.]",
            text_alignment="center",
            width=520,
        )
        _new_button("New alert", alert_form.blank(scope.project, scope.filters), key="alert_new", shortcut="N")
        st.space("small")
        with st.container(horizontal=True, horizontal_alignment="center", gap="small"):
            for index, each in enumerate(SUGGESTIONS):
                rule = rule_from_suggestion(each, scope.project, alert_form.new_rule_id(), scope.filters)
                _new_button(each.title, rule, key=f"alert_suggested_{index}", icon=each.icon)


def _card(rule: Rule) -> None:
    with st.container(border=True, key=f"alert_card_{rule.rule_id}"):
        body, actions = st.columns([11, 1.3], gap="small")
        with body:
            _watched(rule)
        with actions, st.container(horizontal=True, horizontal_alignment="right", gap="xxsmall"):
            _actions(rule)


def _watched(rule: Rule) -> None:
    @st.fragment(parallel=True, key=f"alert_{rule.rule_id}", run_every=panels.LIVE_SECONDS if scope.live else None)
    def draw() -> None:
        panels.guarded(lambda: _standing(rule), key=f"alert_{rule.rule_id}")

    draw()


def _standing(rule: Rule) -> None:
    now_ns, last = time.time_ns(), _last().get(rule.rule_id)
    preset = scope.range.preset
    window = window_until(now_ns, preset.seconds, step_seconds=max(60, preset.step_seconds))
    past = past_of(rule, window, max_points=SPARK_POINTS)
    words, value, picture = st.columns([5, 1.6, 5], gap="small", vertical_alignment="center")
    with words, st.container(gap="xsmall"):
        badge = badge_of(rule, last, has_value=past.last is not None)
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.badge(badge.label, icon=f":material/{badge.icon}:", color=badge.color)
            if rule.severity == "critical":
                st.badge("Critical", color="red")
            st.markdown(f"**{plain(rule.name)}**", width="content")
        st.markdown(plain(condition_text(rule)))
        told = ", ".join(map(masked, rule.channels)) or "nobody is told"
        st.caption(
            plain(" · ".join(filter(None, [scope_text(rule.filters), last_change_text(rule, last, now_ns), told])))
        )
    value.metric("Now", value_text(rule, past.last) if past.last is not None else "–")
    with picture:
        if past.has_data:
            spark = alert_charts.spark(past.points, past.told.firings, window, rule, panels.palette())
            alt = f"{rule.measure}, last {preset.label}"
            st.echarts_chart(spark, height=96, key=f"alert_spark_{rule.rule_id}", alt=alt)
        else:
            panels.nothing(f"No data in the last {preset.label}", icon="show_chart")


def _actions(rule: Rule) -> None:
    pressed = st.button(
        "Edit",
        key=f"alert_edit_{rule.rule_id}",
        icon=":material/edit:",
        type="tertiary",
        on_click=alert_form.open_with,
        args=(rule,),
    )
    if pressed:
        alert_form.edit(rule)
    label, icon = ("Pause", "pause") if rule.enabled else ("Resume", "play_arrow")
    if st.button(
        label, key=f"alert_pause_{rule.rule_id}", icon=f":material/{icon}:", type="tertiary"
    ) and alert_form.save(replace(rule, enabled=not rule.enabled)):
        st.rerun()
    if st.button("Delete", key=f"alert_delete_{rule.rule_id}", icon=":material/delete:", type="tertiary"):
        _confirm_deletion(rule)


@st.dialog("Delete this alert?", icon=":material/delete:")
def _confirm_deletion(rule: Rule) -> None:
    st.markdown(f"**{plain(rule.name)}** will no longer be watched. Its history stays in the database.")
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if st.button("Keep it", key="alert_delete_cancel"):
            st.rerun()
        if st.button("Delete", key="alert_delete_confirm", type="primary") and alert_form.save(rule, deleted=True):
            st.rerun()


def _history(rules: list[Rule]) -> None:
    def body() -> None:
        past = [transition_from_row(row) for row in data.fetch_rows(transitions(scope.project, limit=MAX_CHANGES))]
        if not past:
            panels.nothing("Nothing has changed yet. The monitor looks at every alert each minute.", icon="history")
            return
        st.dataframe(
            changes_frame(past, rules, panels.timezone()),
            hide_index=True,
            height=min(420, 38 + 35 * len(past)),
            key="alert_changes",
            column_config={
                "when": st.column_config.DatetimeColumn("When", format="D MMM, HH:mm:ss", width=130),
                "alert": st.column_config.TextColumn("Alert", width=170),
                "change": st.column_config.MultiselectColumn(
                    "Change", options=list(CHANGE_COLORS), color=list(CHANGE_COLORS.values()), width=95
                ),
                "what": st.column_config.TextColumn("What was seen", width=300),
                "lasted": st.column_config.TextColumn("Lasted", width=90),
                "notice": st.column_config.TextColumn("Notice", width=200),
            },
        )

    panels.panel("History", body, key="alert_history", live=scope.live)


panels.guarded(page, key="alerts")
