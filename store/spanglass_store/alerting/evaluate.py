"""The life of an alert as a pure function of (rule, standing, value, time).

::

    inactive ──holds──▶ pending ──held for for_seconds──▶ firing ──clear for keep_firing_seconds──▶ resolved = inactive
        ▲                  │
        └──no longer holds─┘                      for_seconds = 0 goes from inactive to firing at once

The four states and the two delays are those of Prometheus
(https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/). No clock and no database: the monitor
gives it the present, the backtest gives it the past, and both see the same answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

from spanglass_store.rules import Rule, State, Transition

NS: Final = 1_000_000_000

Status = Literal["inactive", "pending", "firing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rule stands. ``since_ns``: when the condition began to hold, 0 while inactive.

    ``clear_since_ns``: while firing, when the condition was first seen not to hold any more; None while it holds.
    """

    status: Status = "inactive"
    since_ns: int = 0
    clear_since_ns: int | None = None


INACTIVE: Final = Standing()


def holds(rule: Rule, value: float | None) -> bool | None:
    """Whether the condition of ``rule`` holds for ``value``; None where nothing can be said and the state is kept.

    No value (None or NaN) is not zero: the rule's ``no_data`` decides. A value equal to the threshold does not hold.
    """
    if value is None or math.isnan(value):
        return {"ok": False, "firing": True, "keep": None}[rule.no_data]
    return value > rule.threshold if rule.comparison == "above" else value < rule.threshold


def step(rule: Rule, standing: Standing, value: float | None, now_ns: int) -> tuple[Standing, Transition | None]:
    """The state after seeing ``value`` at ``now_ns``, and the change if there was one.

    A paused rule goes to inactive: it did not resolve, nobody looks any more.
    """
    if not rule.enabled:
        return _moved(rule, standing, INACTIVE, "inactive", value, now_ns)
    held = holds(rule, value)
    if held is None:
        return standing, None
    if not held:
        return _cleared(rule, standing, value, now_ns)
    if standing.status == "firing":
        return replace(standing, clear_since_ns=None), None
    since_ns = standing.since_ns if standing.status == "pending" else now_ns
    status: Status = "firing" if now_ns - since_ns >= rule.for_seconds * NS else "pending"
    return _moved(rule, standing, Standing(status, since_ns), status, value, now_ns)


def standing_from(last: Transition | None) -> Standing:
    """The state a rule was left in by its newest transition.

    The moment a firing rule was first seen clear is not in it: after a restart ``keep_firing_seconds`` starts again,
    so that a restart can lengthen an alert but never cut it short.
    """
    if last is None or last.to_state not in ("pending", "firing"):
        return INACTIVE
    return Standing("firing" if last.to_state == "firing" else "pending", last.since_ns)


def _cleared(rule: Rule, standing: Standing, value: float | None, now_ns: int) -> tuple[Standing, Transition | None]:
    if standing.status != "firing":
        return _moved(rule, standing, INACTIVE, "inactive", value, now_ns)
    clear_since_ns = now_ns if standing.clear_since_ns is None else standing.clear_since_ns
    if now_ns - clear_since_ns < rule.keep_firing_seconds * NS:
        return replace(standing, clear_since_ns=clear_since_ns), None
    return _moved(rule, standing, INACTIVE, "resolved", value, now_ns)


def _moved(
    rule: Rule, standing: Standing, after: Standing, to_state: State, value: float | None, now_ns: int
) -> tuple[Standing, Transition | None]:
    if after.status == standing.status:
        return after, None
    since_ns = after.since_ns if after.status != "inactive" else standing.since_ns
    return after, Transition(
        project=rule.project,
        rule_id=rule.rule_id,
        at_ns=now_ns,
        from_state=standing.status,
        to_state=to_state,
        value=None if value is None or math.isnan(value) else value,
        threshold=rule.threshold,
        since_ns=since_ns,
    )
