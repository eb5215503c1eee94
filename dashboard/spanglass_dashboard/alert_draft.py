"""An alert rule as the fields of a form, and back. Pure.

The form shows a threshold in the unit people say it in (5 for 5 %), the rule keeps it in the measure's own (0.05).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from spanglass_store.alerting.channels import channels_from_text
from spanglass_store.measures import MEASURES
from spanglass_store.query import SCORE_NAME, Filters
from spanglass_store.rules import Comparison, Rule

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
WINDOWS: Final = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR)
DELAYS: Final = (0, MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR)
FILTER_FIELDS: Final = ("service", "model", "environment", "prompt_name", "prompt_version", "tag")
"""What the form can narrow a rule to; filters on other fields are kept as they are."""

DISPLAY_FACTOR: Final[Mapping[str, float]] = {"ratio": 100.0}
DISPLAY_UNIT: Final[Mapping[str, str]] = {
    "ratio": "%",
    "usd": "$",
    "seconds": "s",
    "tokens": "tokens",
    "calls": "calls",
    "per_second": "per second",
    "score": "score",
    "": "count",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A rule many people want, one click away."""

    title: str
    icon: str
    measure: str
    comparison: Comparison
    threshold: float
    window_seconds: int
    for_seconds: int


SUGGESTIONS: Final = (
    Suggestion("Calls fail", "error", "error_ratio", "above", 0.05, 5 * MINUTE, 5 * MINUTE),
    Suggestion("Answers are slow", "timer", "trace_latency_p95_seconds", "above", 10.0, 15 * MINUTE, 0),
    Suggestion("Spending runs away", "payments", "cost_usd", "above", 10.0, HOUR, 0),
    Suggestion("Traffic stops", "signal_disconnected", "calls", "below", 1.0, 15 * MINUTE, 0),
)


def rule_from_suggestion(suggestion: Suggestion, project: str, rule_id: str, filters: Filters) -> Rule:
    """The rule of a suggestion, watching only what passes ``filters``."""
    return Rule(
        project=project,
        rule_id=rule_id,
        name=suggestion.title,
        measure=suggestion.measure,
        comparison=suggestion.comparison,
        threshold=suggestion.threshold,
        window_seconds=suggestion.window_seconds,
        for_seconds=suggestion.for_seconds,
        filters=filters,
    )


def fields_from_rule(rule: Rule) -> dict[str, Any]:
    """What the form shows of ``rule``. The channels it has are listed apart from the text new ones are typed in."""
    factor = DISPLAY_FACTOR.get(MEASURES[rule.measure].unit, 1.0)
    return {
        "name": rule.name,
        "severity": rule.severity,
        "measure": rule.measure,
        "score": next(iter(rule.filters.get(SCORE_NAME)), None),
        "comparison": rule.comparison,
        "threshold": round(rule.threshold * factor, 9),
        "window": rule.window_seconds,
        "for": rule.for_seconds,
        "keep_firing": rule.keep_firing_seconds,
        "no_data": rule.no_data,
        "kept_channels": list(rule.channels),
        "channels": "",
        **{field: list(rule.filters.get(field)) for field in FILTER_FIELDS},
    }


def rule_from_fields(fields: Mapping[str, Any], before: Rule) -> Rule:
    """``before`` changed to what the form says. The result may still have ``rule_problems``."""
    measure = MEASURES[fields["measure"]]
    filters = before.filters
    for field in FILTER_FIELDS:
        filters = filters.with_(field, fields[field])
    score = (fields["score"],) if measure.table == "scores" and fields["score"] else ()
    return replace(
        before,
        name=fields["name"].strip(),
        severity=fields["severity"],
        measure=measure.name,
        comparison=fields["comparison"],
        threshold=float(fields["threshold"] or 0.0) / DISPLAY_FACTOR.get(measure.unit, 1.0),
        window_seconds=fields["window"],
        for_seconds=fields["for"],
        keep_firing_seconds=fields["keep_firing"],
        no_data=fields["no_data"],
        filters=filters.with_(SCORE_NAME, score),
        channels=tuple(dict.fromkeys([*fields["kept_channels"], *channels_from_text(fields["channels"])])),
    )


def threshold_label(measure: str) -> str:
    """``Threshold ($)``: the unit the number is typed in."""
    return f"Threshold ({DISPLAY_UNIT[MEASURES[measure].unit]})"


def bad_direction(measure: str) -> Comparison:
    """On which side of a threshold the bad news lies, where the measure says so."""
    return "below" if MEASURES[measure].better == "higher" else "above"
