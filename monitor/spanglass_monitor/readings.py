"""Which queries answer all rules: rules that look at the same rows share one. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spanglass_store.alerting.evaluate import NS
from spanglass_store.alerting.history import known
from spanglass_store.measures import MEASURES, totals
from spanglass_store.query import Filters, Query, Window
from spanglass_store.rules import Rule
from spanglass_store.sources import Table

RuleKey = tuple[str, str]
"""(project, rule id)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows a rule looks at: one query can compute every measure over them."""

    project: str
    table: Table
    window_seconds: int
    filters: Filters


def key_of(rule: Rule) -> RuleKey:
    """What a rule is known by."""
    return rule.project, rule.rule_id


def readings_of(rules: Iterable[Rule]) -> dict[Reading, list[Rule]]:
    """The rules that are not paused, by what they read."""
    grouped: dict[Reading, list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.enabled:
            table = MEASURES[rule.measure].table
            grouped[Reading(rule.project, table, rule.window_seconds, rule.filters)].append(rule)
    return dict(grouped)


def query_of(reading: Reading, rules: Sequence[Rule], end_ns: int) -> Query:
    """The measures of ``rules`` over the window of ``reading`` that ends at ``end_ns``: one row, a column a measure."""
    names = sorted({rule.measure for rule in rules})
    window = Window(end_ns - reading.window_seconds * NS, end_ns)
    return totals(names, reading.project, window, reading.filters)


def values_of(rules: Iterable[Rule], row: Mapping[str, Any]) -> dict[RuleKey, float | None]:
    """What each rule saw in the row of ``query_of``; None for no data."""
    return {key_of(rule): known(row[rule.measure]) for rule in rules}
