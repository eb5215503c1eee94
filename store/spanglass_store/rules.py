"""Alert rules and their changes of state: values, rows and queries. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

import orjson

from spanglass_store.measures import MEASURES
from spanglass_store.native import Block, block_from_columns
from spanglass_store.query import SCORE_NAME, Filters, Query, query

Comparison = Literal["above", "below"]
State = Literal["inactive", "pending", "firing", "resolved"]
NoData = Literal["ok", "keep", "firing"]
Severity = Literal["warning", "critical"]


@dataclass(frozen=True, slots=True)
class Rule:
    """``measure`` over the last ``window_seconds``, ``comparison`` ``threshold`` (in the measure's unit), held for
    ``for_seconds``. ``channels`` are notification URLs and hold secrets: they are shown masked and never logged.
    """

    project: str
    rule_id: str
    name: str
    measure: str
    comparison: Comparison
    threshold: float
    window_seconds: int = 300
    for_seconds: int = 0
    keep_firing_seconds: int = 0
    filters: Filters = Filters()  # noqa: RUF009 - frozen, so one default may be shared
    channels: tuple[str, ...] = ()
    severity: Severity = "warning"
    no_data: NoData = "ok"
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Transition:
    """A rule went from one state to another at ``at_ns``; the condition has held since ``since_ns``.

    ``notified`` is empty (nothing to send), ``sent``, ``no channel`` or ``failed: …``.
    """

    project: str
    rule_id: str
    at_ns: int
    from_state: State
    to_state: State
    value: float | None
    threshold: float
    since_ns: int
    notified: str = ""
    message: str = ""


def rule_problems(rule: Rule) -> list[str]:
    """Sentences saying what is wrong with a rule; empty when nothing is."""
    measure = MEASURES.get(rule.measure)
    needs_score = measure is not None and measure.table == "scores"
    checks = (
        (not rule.name.strip(), "A rule needs a name."),
        (measure is None, f"There is no measure {rule.measure!r}."),
        (rule.comparison not in get_args(Comparison), "The comparison is 'above' or 'below'."),
        (not math.isfinite(rule.threshold), "The threshold must be a number."),
        (rule.window_seconds < 1, "The window must be at least one second."),
        (rule.for_seconds < 0 or rule.keep_firing_seconds < 0, "Durations cannot be negative."),
        (needs_score and not rule.filters.get(SCORE_NAME), "Choose which score to watch."),
        (rule.severity not in get_args(Severity), "The severity is 'warning' or 'critical'."),
        (rule.no_data not in get_args(NoData), "No data means 'ok', 'keep' or 'firing'."),
    )
    return [sentence for wrong, sentence in checks if wrong]


def rule_to_json(rule: Rule) -> str:
    """The rule as JSON text: what is kept in the ``definition`` column."""
    return orjson.dumps(asdict(rule)).decode()


def rule_from_json(text: str) -> Rule:
    """The rule of a JSON text. Raises ValueError with a sentence for text of another shape or an invalid rule."""
    try:
        data = orjson.loads(text)
        data["filters"] = Filters.from_plain(data.get("filters") or {})
        data["channels"] = tuple(data.get("channels", ()))
        rule = Rule(**data)
    except (orjson.JSONDecodeError, TypeError, AttributeError, ValueError) as error:
        msg = f"not an alert rule: {error}"
        raise ValueError(msg) from error
    if problems := rule_problems(rule):
        raise ValueError(" ".join(problems))
    return rule


def block_from_rule(rule: Rule, *, version: int, deleted: bool = False) -> Block:
    """A version of a rule as a row of ``alert_rules``. ``version`` is nanoseconds since 1970: the largest wins."""
    columns: list[tuple[str, str, list[Any]]] = [
        ("project", "String", [rule.project]),
        ("rule_id", "String", [rule.rule_id]),
        ("version", "UInt64", [version]),
        ("is_deleted", "UInt8", [int(deleted)]),
        ("definition", "String", [rule_to_json(rule)]),
        ("updated_at", "DateTime64(9, 'UTC')", [version]),
    ]
    return block_from_columns("alert_rules", columns)


def block_from_transitions(transitions: Sequence[Transition]) -> Block:
    """Rows of ``alert_transitions``."""
    columns: list[tuple[str, str, list[Any]]] = [
        ("project", "String", [t.project for t in transitions]),
        ("rule_id", "String", [t.rule_id for t in transitions]),
        ("at", "DateTime64(9, 'UTC')", [t.at_ns for t in transitions]),
        ("from_state", "String", [t.from_state for t in transitions]),
        ("to_state", "String", [t.to_state for t in transitions]),
        ("value", "Nullable(Float64)", [t.value for t in transitions]),
        ("threshold", "Float64", [t.threshold for t in transitions]),
        ("since", "DateTime64(9, 'UTC')", [t.since_ns for t in transitions]),
        ("notified", "String", [t.notified for t in transitions]),
        ("message", "String", [t.message for t in transitions]),
    ]
    return block_from_columns("alert_transitions", columns)


def all_rules(project: str | None = None) -> Query:
    """Rules as they stand. Columns: ``definition``. Grain: one row a rule. Of every project if None."""
    where = "WHERE project = {project:String}" if project is not None else ""
    params = {} if project is None else {"project": project}
    sql = f"SELECT definition FROM alert_rules FINAL {where} ORDER BY project, updated_at"
    return query("alert rules", sql, **params)


_TRANSITION: Final = (
    "project, rule_id, toUnixTimestamp64Nano(at) AS at_ns, from_state, to_state, value, threshold, "
    "toUnixTimestamp64Nano(since) AS since_ns, notified, message"
)


def transitions(project: str, *, rule_id: str | None = None, limit: int = 200) -> Query:
    """Changes of state, newest first, for ``transition_from_row``. Of every rule of the project if None."""
    only = "AND rule_id = {rule_id:String}" if rule_id is not None else ""
    params = {} if rule_id is None else {"rule_id": rule_id}
    sql = f"""
        SELECT {_TRANSITION} FROM alert_transitions
        WHERE project = {{project:String}} {only}
        ORDER BY at DESC LIMIT {{limit:UInt32}}
        """
    asked = query("alert transitions", sql, project=project, limit=limit + 1, **params)
    return asked.limited(row_limit=limit)


def last_transitions(project: str | None = None) -> Query:
    """The newest change of state of each rule, for ``transition_from_row``. Of every project if None."""
    where = "WHERE project = {project:String}" if project is not None else ""
    params = {} if project is None else {"project": project}
    sql = f"SELECT {_TRANSITION} FROM alert_transitions {where} ORDER BY at DESC LIMIT 1 BY project, rule_id"
    return query("last alert transitions", sql, **params)


def rule_from_row(row: Mapping[str, Any]) -> Rule:
    """The Rule of a row of ``all_rules``. Raises ValueError for a definition this version does not understand."""
    return rule_from_json(row["definition"])


def transition_from_row(row: Mapping[str, Any]) -> Transition:
    """The Transition of a row of ``transitions`` or ``last_transitions``."""
    return Transition(**row)
