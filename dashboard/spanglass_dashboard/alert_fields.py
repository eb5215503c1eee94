"""The fields of the alert form between two runs of the page.

Each widget gets what the rule says as its own default. To fill the fields through the session instead loses values:
when a second run overtakes the first, the browser never hears what was set and answers with each widget's first choice.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from spanglass_dashboard.alert_draft import bad_direction, fields_from_rule, rule_from_fields
from spanglass_store.rules import Rule


def key(rule: Rule, field: str) -> str:
    """The key of a field's widget. What is bad depends on the measure, so each measure has a choice of its own."""
    return f"alert_comparison_{value(rule, 'measure')}" if field == "comparison" else f"alert_{field}"


def start(rule: Rule, field: str) -> Any:
    """What a field shows before anybody touches it."""
    if field == "comparison" and (measure := value(rule, "measure")) != rule.measure:
        return bad_direction(measure)
    return fields_from_rule(rule)[field]


def value(rule: Rule, field: str) -> Any:
    """What a field shows now."""
    return st.session_state.get(key(rule, field), start(rule, field))


def draft(rule: Rule) -> Rule:
    """``rule`` changed to what the form says."""
    return rule_from_fields({field: value(rule, field) for field in fields_from_rule(rule)}, rule)


def forget() -> None:
    """Forget what was typed. For callbacks that open the form anew."""
    for name in [str(name) for name in st.session_state if str(name).startswith(_OURS)]:
        del st.session_state[name]


_OURS = tuple(  # buttons of the page begin with alert_ too, and the session does not let go of those
    f"alert_{field}" for field in (*fields_from_rule(Rule("", "", "", "calls", "above", 0.0)), "comparison_")
)
