"""Alert rules in and out of the store, for the alerts page."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

from spanglass_dashboard import data
from spanglass_store.alerting.history import known
from spanglass_store.query import Filters
from spanglass_store.rules import (
    Rule,
    Transition,
    all_rules,
    block_from_rule,
    last_transitions,
    rule_from_row,
    transition_from_row,
    transitions,
)


def rules_of(project: str) -> tuple[list[Rule], int]:
    """The rules of ``project``, and how many more there are that this version does not understand."""
    rules, unreadable = [], 0
    for row in data.fetch_rows(all_rules(project)):
        try:
            rules.append(rule_from_row(row))
        except ValueError:
            unreadable += 1
    return rules, unreadable


def last_changes(project: str) -> dict[str, Transition]:
    """The newest change of each rule, by rule id: a few seconds old at most."""
    rows = data.load_recent(last_transitions(project)).to_dict("records")
    changes = (transition_from_row({str(name): cell for name, cell in row.items()}) for row in rows)
    return {change.rule_id: replace(change, value=known(change.value)) for change in changes}


def changes_of(project: str, limit: int) -> list[Transition]:
    """The last ``limit`` changes of all rules, newest first."""
    return [transition_from_row(row) for row in data.fetch_rows(transitions(project, limit=limit))]


def new_rule_id() -> str:
    """An id no other rule has."""
    return secrets.token_hex(8)


def blank(project: str, filters: Filters) -> Rule:
    """The rule a new alert starts from, watching what the page shows."""
    return Rule(project, new_rule_id(), "", "error_ratio", "above", 0.05, filters=filters)


def save(rule: Rule, *, deleted: bool = False) -> bool:
    """Store ``rule`` as its newest version; say so on the page where that fails, and return False."""
    version = time.time_ns()
    return data.saved(block_from_rule(rule, version=version, deleted=deleted), token=f"rule {rule.rule_id} {version}")
