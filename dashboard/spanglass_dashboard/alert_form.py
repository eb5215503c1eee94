"""The dialog in which an alert is set: what to watch, what it would have done in the last week, whom to tell.

The fields live in the session under ``alert_<field>``; they are filled when the dialog opens and read as one rule.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, get_args

import streamlit as st

from spanglass_dashboard import alert_charts, data, panels
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
from spanglass_store.alerting.channels import channels_from_text, masked
from spanglass_store.alerting.evaluate import NS
from spanglass_store.alerting.history import extremes
from spanglass_store.alerting.send import SENT, Notice, send
from spanglass_store.alerting.words import condition_text, duration_text, scope_text
from spanglass_store.errors import StoreError
from spanglass_store.measures import MEASURES
from spanglass_store.queries import facets, quality
from spanglass_store.query import Filters, Window
from spanglass_store.rules import NoData, Rule, Severity, block_from_rule, rule_problems

WEEK_SECONDS: Final = 7 * 86_400
FILTER_LABELS: Final = ("Service", "Model", "Environment", "Prompt", "Prompt version", "Tag")
NO_DATA_LABELS: Final = {"ok": "All is well", "keep": "Stay as it was", "firing": "Raise the alert"}
CHANNEL_HELP: Final = """One address a line, for example:
- `https://example.com/hook` (a webhook, posted as JSON)
- `slack://TokenA/TokenB/TokenC/#channel`
- `discord://webhook_id/webhook_token`
- `mailto://user:password@example.com?to=team@example.com`
- `ntfy://topic`

All [Apprise addresses](https://appriseit.com/services/) work. They hold secrets: once saved they are shown masked."""

_TESTED: Final = "alert_tested"


def new_rule_id() -> str:
    """An id no other rule has."""
    return secrets.token_hex(8)


def open_with(rule: Rule) -> None:
    """Fill the fields from ``rule``. For callbacks; the same run then calls ``edit``."""
    for field, value in fields_from_rule(rule).items():
        st.session_state[f"alert_{field}"] = value
    st.session_state[_TESTED] = {}


@st.dialog("Alert", width="large", icon=":material/notifications:")
def edit(rule: Rule) -> None:
    """Show the dialog for ``rule``, after ``open_with``."""
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        _condition(rule)
        _scope(rule)
    with right:
        _preview(_draft(rule))
        _telling(rule)
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
        "Bad when", ("above", "below"), key="alert_comparison", required=True, format_func=str.capitalize
    )
    threshold.number_input(threshold_label(chosen.name), key="alert_threshold", format="%g", step=1.0)
    severity.segmented_control(
        "Severity", get_args(Severity), key="alert_severity", required=True, format_func=str.capitalize
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
    seconds = sum((each.end_ns or window.end_ns) - each.start_ns for each in firings) // NS
    lasted = f", for {duration_text(seconds)} in all" if seconds else ""
    return f":red[:material/notifications_active:] **Would have fired {times}** in the last 7 days{lasted}."


def _telling(rule: Rule) -> None:
    """Whom to tell, and what else there is to set."""
    if rule.channels:
        st.multiselect(
            "Channels",
            list(rule.channels),
            key="alert_kept_channels",
            format_func=lambda channel: f"{rule.channels.index(channel) + 1} · {masked(channel)}",
            placeholder="None kept",
        )
    st.text_area(
        "More channels" if rule.channels else "Channels",
        key="alert_channels",
        height=68,
        placeholder="https://example.com/hook",
        help=CHANNEL_HELP,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Send test", key="alert_test", icon=":material/send:", on_click=_test, args=(rule,))
        for channel, outcome in st.session_state[_TESTED].items():
            good = outcome == SENT
            st.badge(
                f"{channel} {outcome}",
                icon=f":material/{'check' if good else 'error'}:",
                color="green" if good else "red",
            )
    with st.expander("More"):
        st.selectbox(
            "When there is no data", get_args(NoData), key="alert_no_data", format_func=lambda p: NO_DATA_LABELS[p]
        )


def _test(rule: Rule) -> None:
    """Send a test notice to every channel of the form, all at once."""
    new = channels_from_text(st.session_state["alert_channels"])
    channels = tuple(dict.fromkeys([*st.session_state["alert_kept_channels"], *new]))
    name = st.session_state["alert_name"].strip() or "a new alert"
    notice = Notice(f"Test: {name}", f"This is a test of an alert in the project {rule.project}.", "info")
    if not channels:
        st.session_state[_TESTED] = {"No channel:": "nothing to send to"}
        return
    with ThreadPoolExecutor(max_workers=len(channels)) as pool:
        outcomes = pool.map(lambda channel: send(channel, notice), channels)
        shown = [f"{index} · {masked(channel)}" for index, channel in enumerate(channels, 1)]
        st.session_state[_TESTED] = dict(zip(shown, outcomes, strict=True))


def _closing(draft: Rule) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if st.button("Cancel", key="alert_cancel"):
            st.rerun()
        saved = st.button("Save alert", key="alert_save", type="primary", icon=":material/check:")
    if not saved:
        return
    for problem in (problems := rule_problems(draft)):
        st.error(problem, icon=":material/error:")
    if not problems and save(draft):
        st.rerun()


def save(rule: Rule, *, deleted: bool = False) -> bool:
    """Store ``rule`` as its newest version; say so on the page where that fails, and return False."""
    version = time.time_ns()
    try:
        data.save(block_from_rule(rule, version=version, deleted=deleted), token=f"rule {rule.rule_id} {version}")
    except StoreError:
        st.error("The database could not be reached: nothing was saved.", icon=":material/cloud_off:")
        return False
    return True


def blank(project: str, filters: Filters) -> Rule:
    """The rule a new alert starts from, watching what the page shows."""
    return Rule(project, new_rule_id(), "", "error_ratio", "above", 0.05, filters=filters)


def _week() -> Window:
    return window_until(time.time_ns(), WEEK_SECONDS, step_seconds=300)
