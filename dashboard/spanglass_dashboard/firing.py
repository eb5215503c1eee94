"""The strip above the overview: which alerts are firing now."""

from __future__ import annotations

import streamlit as st

from spanglass_dashboard import data
from spanglass_dashboard.plain import plain
from spanglass_store.measures import MEASURES
from spanglass_store.numbers import format_value
from spanglass_store.rules import Rule, Transition, all_rules, last_transitions, rule_from_row, transition_from_row


def strip(project: str) -> None:
    """One line an alert that is firing, with a way to the alerts; nothing when all is well."""
    found = firing(project)
    if not found:
        return
    for rule, last in found:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"firing_{rule.rule_id}"):
            st.error(_sentence(rule, last), icon=":material/notifications_active:")
            st.page_link("pages/alerts.py", label="Alerts", icon=":material/arrow_forward:", width="content")


def firing(project: str) -> list[tuple[Rule, Transition]]:
    """Enabled rules whose newest change of state was to firing. Raises as ``data.load``."""
    rules: dict[str, Rule] = {}
    for row in data.load_recent(all_rules(project)).to_dict("records"):
        try:
            rule = rule_from_row({"definition": row["definition"]})
        except ValueError:  # set by another version: the alerts page says so
            continue
        rules[rule.rule_id] = rule
    states = [
        transition_from_row({str(name): value for name, value in row.items()})
        for row in data.load_recent(last_transitions(project)).to_dict("records")
    ]
    return [
        (rules[state.rule_id], state)
        for state in states
        if state.to_state == "firing" and state.rule_id in rules and rules[state.rule_id].enabled
    ]


def _sentence(rule: Rule, last: Transition) -> str:
    measure = MEASURES[rule.measure]
    bound = f"{rule.comparison} {format_value(measure, rule.threshold)}"
    return (
        f"**{plain(rule.name)}** is firing: {measure.label} {plain(format_value(measure, last.value))}, {plain(bound)}"
    )
