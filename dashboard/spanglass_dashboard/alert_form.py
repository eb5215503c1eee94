"""The dialog in which an alert is set: what to watch, what it would have done in the last week, whom to tell.

The fields live in the session under ``alert_<field>``; they are filled when the dialog opens and read as one rule.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, get_args

import streamlit as st

from spanglass_dashboard import alert_channels, alert_charts, alert_rules, data, panels
from spanglass_dashboard.alert_draft import (
    DELAYS,
    FILTER_FIELDS,
    WINDOWS,
    bad_direction,
    fields_from_rule,
    rule_from_fields,
    threshold_label,
)
from spanglass_dashboard.alert_past import past_of, window_until
from spanglass_dashboard.plain import plain
from spanglass_store.alerting.backtest import Firing
from spanglass_store.alerting.evaluate import NS
from spanglass_store.alerting.history import extremes
from spanglass_store.alerting.words import condition_text, duration_text, scope_text
from spanglass_store.errors import StoreError
from spanglass_store.measures import MEASURES
from spanglass_store.queries import facets, quality
from spanglass_store.query import Window
from spanglass_store.rules import NoData, Rule, Severity, rule_problems

WEEK_SECONDS: Final = 7 * 86_400
FILTER_LABELS: Final = ("Service", "Model", "Environment", "Prompt", "Prompt version", "Tag")
NO_DATA_LABELS: Final = {"ok": "All is well", "keep": "Stay as it was", "firing": "Raise the alert"}

_OPEN: Final = "alert_open"


def open_with(rule: Rule) -> None:
    """Fill the fields from ``rule`` and keep the dialog open until it is closed. For callbacks."""
    for field, value in fields_from_rule(rule).items():
        st.session_state[f"alert_{field}"] = value
    alert_channels.forget_test()
    st.session_state[_OPEN] = rule


def show() -> None:
    """Draw the dialog if it is open. Call it once in every run of the page."""
    rule = st.session_state.get(_OPEN)
    if rule is not None:
        _edit(rule)


def _close() -> None:
    st.session_state.pop(_OPEN, None)


@st.dialog("Alert", width="large", icon=":material/notifications:", on_dismiss=_close)
def _edit(rule: Rule) -> None:
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        _condition(rule)
        _scope(rule)
    with right:
        _preview(_draft(rule))
        alert_channels.choose(rule)
        _more()
    _closing(_draft(rule))


def _draft(before: Rule) -> Rule:
    return rule_from_fields({field: st.session_state[f"alert_{field}"] for field in fields_from_rule(before)}, before)


def _condition(rule: Rule) -> None:
    st.text_input("Name", key="alert_name", placeholder="What is wrong when this fires?", max_chars=120)
    chosen = MEASURES[st.session_state["alert_measure"]]
    measure, *score = st.columns([1, 1] if chosen.table == "scores" else [1])
    measure.selectbox(
        "Measure",
        list(MEASURES),
        key="alert_measure",
        format_func=lambda name: MEASURES[name].label,
        on_change=_turn,
        help=f"{chosen.help}.",
    )
    for column in score:
        column.selectbox("Score", _scores(rule), key="alert_score", index=None, placeholder="Which score?")
    comparison, threshold, severity = st.columns([1.05, 1, 1.25])
    comparison.segmented_control(
        "Bad when", ("above", "below"), key="alert_comparison", required=True, format_func=_capitalized
    )
    threshold.number_input(threshold_label(chosen.name), key="alert_threshold", format="%g", step=1.0)
    severity.segmented_control(
        "Severity", get_args(Severity), key="alert_severity", required=True, format_func=_capitalized
    )
    window, delay, clearing = st.columns(3)
    window.selectbox(
        "Over the last", sorted({*WINDOWS, rule.window_seconds}), key="alert_window", format_func=duration_text
    )
    delay.selectbox(
        "Fires after",
        sorted({*DELAYS, rule.for_seconds}),
        key="alert_for",
        format_func=_delay_text,
        help="How long it must be bad without a break.",
    )
    clearing.selectbox(
        "Resolves after",
        sorted({*DELAYS, rule.keep_firing_seconds}),
        key="alert_keep_firing",
        format_func=_delay_text,
        help="How long it must be good again without a break.",
    )


def _delay_text(seconds: int) -> str:
    return duration_text(seconds) if seconds else "at once"


def _capitalized(word: str) -> str:
    return word.capitalize()


def _turn() -> None:
    st.session_state["alert_comparison"] = bad_direction(st.session_state["alert_measure"])


def _scope(rule: Rule) -> None:
    grid = st.grid(2, min_column_width=150)
    for field, label in zip(FILTER_FIELDS, FILTER_LABELS, strict=True):
        grid.multiselect(
            label,
            _values(rule, field),
            key=f"alert_{field}",
            placeholder="Any",
            accept_new_options=True,
            wrap=False,
        )


def _values(rule: Rule, field: str) -> list[str]:
    """What can be chosen: the values of the last week, and those already chosen."""
    chosen = [*rule.filters.get(field), *st.session_state[f"alert_{field}"]]
    try:
        seen = data.load(facets.values(rule.project, _week(), field))["value"].astype(str).tolist()
    except (StoreError, KeyError):
        seen = []  # suggestions only: the preview says that the database is away
    return list(dict.fromkeys([*seen, *chosen]))


def _scores(rule: Rule) -> list[str]:
    chosen = [st.session_state.get("alert_score")]
    try:
        seen = data.load(quality.names(rule.project, _week()))["name"].astype(str).tolist()
    except (StoreError, KeyError):
        seen = []
    return [name for name in dict.fromkeys([*seen, *chosen]) if name]


def _preview(draft: Rule) -> None:
    with st.container(border=True, gap="xsmall", key="alert_preview"):
        if MEASURES[draft.measure].table == "scores" and not st.session_state["alert_score"]:
            panels.nothing("Choose a score to see its last week.", icon="search")
        else:
            panels.guarded(lambda: _draw(draft), key="alert_preview")


def _draw(draft: Rule) -> None:
    window = _week()
    past = past_of(draft, window)
    st.markdown(would_have_text(past.told.firings, window, has_data=past.has_data))
    shown = extremes(past.points, draft, 500)
    chart = alert_charts.preview(shown, past.told.firings, window, draft, panels.palette(), timezone=panels.timezone())
    panels.figure(chart, key="alert_preview_chart")
    st.caption(plain(" · ".join(part for part in (condition_text(draft), scope_text(draft.filters)) if part)))


def would_have_text(firings: Sequence[Firing], window: Window, *, has_data: bool) -> str:
    """What a rule would have done in the last 7 days, in Markdown."""
    if not has_data:
        return ":gray[:material/info:] **No data** in the last 7 days to try this on."
    if not firings:
        return ":green[:material/check_circle:] **Would not have fired** in the last 7 days."
    times = "once" if len(firings) == 1 else f"{len(firings)} times"
    seconds = sum(each.end_by(window.end_ns) - each.start_ns for each in firings) // NS
    lasted = f", for {duration_text(seconds)} in all" if seconds else ""
    return f":red[:material/notifications_active:] **Would have fired {times}** in the last 7 days{lasted}."


def _more() -> None:
    with st.expander("More"):
        st.selectbox(
            "When there is no data",
            get_args(NoData),
            key="alert_no_data",
            format_func=lambda policy: NO_DATA_LABELS[policy],
        )


def _closing(draft: Rule) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if st.button("Cancel", key="alert_cancel"):
            _close()
            st.rerun()
        saved = st.button("Save alert", key="alert_save", type="primary", icon=":material/check:")
    if not saved:
        return
    for problem in (problems := rule_problems(draft)):
        st.error(problem, icon=":material/error:")
    if not problems and alert_rules.save(draft):
        _close()
        st.rerun()


def _week() -> Window:
    return window_until(time.time_ns(), WEEK_SECONDS, step_seconds=300)
