"""One alert on the page: how it stands, what it watches, its past against the threshold, what can be done with it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

import streamlit as st

from spanglass_dashboard import alert_charts, alert_form, alert_rules, dialogs, filter_bar, panels
from spanglass_dashboard.alert_past import past_of, window_until
from spanglass_dashboard.alert_status import badge_of, last_change_text
from spanglass_dashboard.plain import plain
from spanglass_store.alerting.channels import masked
from spanglass_store.alerting.words import condition_text, scope_text, value_text
from spanglass_store.rules import Rule, Transition

SPARK_POINTS: Final = 288
SPARK_PIXELS: Final = 96
_DELETING: Final = "alert_deleting"


def card(rule: Rule) -> None:
    """Draw the card of ``rule``; its state and its past by themselves, beside the other cards."""

    @st.fragment(
        parallel=True,
        key=f"alert_{rule.rule_id}",
        run_every=panels.LIVE_SECONDS if filter_bar.scope().live else None,
    )
    def watched() -> None:
        panels.guarded(lambda: _standing(rule), key=f"alert_{rule.rule_id}")

    with st.container(border=True, key=f"alert_card_{rule.rule_id}"):
        body, actions = st.columns([12, 1.05], gap="small")
        with body:
            watched()
        with actions, st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
            _actions(rule)


def _standing(rule: Rule) -> None:
    preset, now_ns = filter_bar.scope().range.preset, time.time_ns()
    window = window_until(now_ns, preset.seconds, step_seconds=min(max(60, preset.step_seconds), 300))
    past = past_of(rule, window, max_points=SPARK_POINTS)
    words, value, picture = st.columns([5, 1.6, 5], gap="small", vertical_alignment="center")
    with words, st.container(gap="xsmall"):
        last = alert_rules.last_changes(rule.project).get(rule.rule_id)
        _words(rule, last, now_ns, has_value=past.last is not None)
    value.metric("Now", "–" if past.last is None else value_text(rule, past.last))
    with picture:
        if past.has_data:
            spark = alert_charts.spark(past.points, past.told.firings, window, rule, panels.palette())
            alt = f"{rule.measure}, last {preset.label}"
            st.echarts_chart(spark, height=SPARK_PIXELS, key=f"alert_spark_{rule.rule_id}", alt=alt)
        else:
            panels.nothing(f"No data in the last {preset.label}", icon="show_chart")


def _words(rule: Rule, last: Transition | None, now_ns: int, *, has_value: bool) -> None:
    badge = badge_of(rule, last, has_value=has_value)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.badge(badge.label, icon=f":material/{badge.icon}:", color=badge.color)
        if rule.severity == "critical":
            st.badge("Critical", color="red")
        st.markdown(f"**{plain(rule.name)}**", width="content")
    st.markdown(plain(condition_text(rule)))
    told = ", ".join(map(masked, rule.channels)) or "nobody is told"
    st.caption(plain(" · ".join(filter(None, [scope_text(rule.filters), last_change_text(rule, last, now_ns), told]))))


def _actions(rule: Rule) -> None:
    def action(name: str, icon: str, label: str) -> bool:
        key = f"alert_{name}_{rule.rule_id}"
        return st.button(label, key=key, icon=f":material/{icon}:", type="tertiary")

    if action("edit", "edit", "Edit"):
        alert_form.open_with(rule)
    pause = action("pause", "pause", "Pause") if rule.enabled else action("pause", "play_arrow", "Resume")
    if pause and alert_rules.save(replace(rule, enabled=not rule.enabled)):
        st.rerun()
    if action("delete", "delete", "Delete"):
        st.session_state[_DELETING] = rule


def show_deletion() -> None:
    """Ask before deleting, if that was asked for. Call it once in every run of the page."""
    rule = st.session_state.get(_DELETING)
    if rule is not None:
        _confirm(rule)


def _keep() -> None:
    st.session_state.pop(_DELETING, None)


@st.dialog("Delete this alert?", icon=":material/delete:", on_dismiss=_keep)
def _confirm(rule: Rule) -> None:
    st.markdown(f"**{plain(rule.name)}** will no longer be watched. Its history stays in the database.")
    keys = ("alert_delete_cancel", "alert_delete_confirm")
    if dialogs.answered("Keep it", "Delete", leave=_keep, keys=keys) and alert_rules.save(rule, deleted=True):
        _keep()
        st.rerun()
