"""The dialog in which an alert is set: what to watch, what it would have done in the last week, whom to tell.

What the fields say is read as one rule (``alert_fields``), which is previewed at every change.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Final, get_args

import streamlit as st

from spanglass_dashboard import alert_channels, alert_charts, alert_fields, alert_rules, data, dialogs, panels
from spanglass_dashboard.alert_draft import (
    DELAYS,
    FILTER_FIELDS,
    WINDOWS,
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
from spanglass_store.query import SCORE_NAME, Window
from spanglass_store.rules import NoData, Rule, Severity, rule_problems

WEEK_SECONDS: Final = 7 * 86_400
FILTER_LABELS: Final = ("Service", "Model", "Environment", "Prompt", "Prompt version", "Tag")
NO_DATA_LABELS: Final = {"ok": "All is well", "keep": "Stay as it was", "firing": "Raise the alert"}

_OPEN: Final = "alert_open"


def open_with(rule: Rule) -> None:
    """Show ``rule`` in the dialog and keep it open until it is closed. For callbacks."""
    alert_fields.forget()
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
        _preview(alert_fields.draft(rule))
        alert_channels.choose(rule)
        _more(rule)
    _closing(alert_fields.draft(rule))


def _condition(rule: Rule) -> None:
    key, start = partial(alert_fields.key, rule), partial(alert_fields.start, rule)
    st.text_input("Name", start("name"), key=key("name"), placeholder="What is wrong when this fires?", max_chars=120)
    chosen = MEASURES[alert_fields.value(rule, "measure")]
    measure, *score = st.columns([1, 1] if chosen.table == "scores" else [1])
    measure.selectbox(
        "Measure",
        list(MEASURES),
        list(MEASURES).index(rule.measure),
        key=key("measure"),
        format_func=lambda name: MEASURES[name].label,
        help=f"{chosen.help}.",
    )
    for column in score:
        names = _scores(rule)
        index = names.index(start("score")) if start("score") else None
        column.selectbox("Score", names, index, key=key("score"), placeholder="Which score?")
    comparison, threshold, severity = st.columns([1.05, 1, 1.25])
    comparison.segmented_control(
        "Bad when",
        ("above", "below"),
        default=start("comparison"),
        key=key("comparison"),
        required=True,
        format_func=_capitalized,
    )
    threshold.number_input(
        threshold_label(chosen.name), value=start("threshold"), key=key("threshold"), format="%g", step=1.0
    )
    severity.segmented_control(
        "Severity",
        get_args(Severity),
        default=start("severity"),
        key=key("severity"),
        required=True,
        format_func=_capitalized,
    )
    for column, (label, field, choices, text, help_) in zip(st.columns(3), _DURATIONS, strict=True):
        offered = sorted({*choices, start(field)})
        column.selectbox(label, offered, offered.index(start(field)), key=key(field), format_func=text, help=help_)


def _delay_text(seconds: int) -> str:
    return duration_text(seconds) if seconds else "at once"


def _capitalized(word: str) -> str:
    return word.capitalize()


_DURATIONS: Final = (
    ("Over the last", "window", WINDOWS, duration_text, None),
    ("Fires after", "for", DELAYS, _delay_text, "How long it must be bad without a break."),
    ("Resolves after", "keep_firing", DELAYS, _delay_text, "How long it must be good again without a break."),
)


def _scope(rule: Rule) -> None:
    grid = st.grid(2, min_column_width=150)
    for field, label in zip(FILTER_FIELDS, FILTER_LABELS, strict=True):
        grid.multiselect(
            label,
            _values(rule, field),
            default=alert_fields.start(rule, field),
            key=alert_fields.key(rule, field),
            placeholder="Any",
            accept_new_options=True,
            wrap=False,
        )


def _values(rule: Rule, field: str) -> list[str]:
    """What can be chosen: the values of the last week, and those already chosen."""
    chosen = [*rule.filters.get(field), *alert_fields.value(rule, field)]
    try:
        seen = data.load(facets.values(rule.project, _week(), field))["value"].astype(str).tolist()
    except (StoreError, KeyError):
        seen = []  # suggestions only: the preview says that the database is away
    return list(dict.fromkeys([*seen, *chosen]))


def _scores(rule: Rule) -> list[str]:
    chosen = [alert_fields.start(rule, "score"), alert_fields.value(rule, "score")]
    try:
        seen = data.load(quality.names(rule.project, _week()))["name"].astype(str).tolist()
    except (StoreError, KeyError):
        seen = []
    return [name for name in dict.fromkeys([*seen, *chosen]) if name]


def _preview(draft: Rule) -> None:
    with st.container(border=True, gap="xsmall", key="alert_preview"):
        if MEASURES[draft.measure].table == "scores" and not draft.filters.get(SCORE_NAME):
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


def _more(rule: Rule) -> None:
    with st.expander("More"):
        st.selectbox(
            "When there is no data",
            get_args(NoData),
            get_args(NoData).index(rule.no_data),
            key=alert_fields.key(rule, "no_data"),
            format_func=lambda policy: NO_DATA_LABELS[policy],
        )


def _closing(draft: Rule) -> None:
    if not dialogs.answered(
        "Cancel", "Save alert", leave=_close, keys=("alert_cancel", "alert_save"), icon=":material/check:"
    ):
        return
    for problem in (problems := rule_problems(draft)):
        st.error(problem, icon=":material/error:")
    if not problems and alert_rules.save(draft):
        _close()
        st.rerun()


def _week() -> Window:
    return window_until(time.time_ns(), WEEK_SECONDS, step_seconds=300)
