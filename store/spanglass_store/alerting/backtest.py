"""What a rule would have done: the past through the very function that watches the present. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from spanglass_store.alerting.evaluate import INACTIVE, step
from spanglass_store.rules import Rule, Transition

Point = tuple[int, float | None]
"""An evaluation: its time in nanoseconds since 1970 UTC, and what the measure was (None: no data)."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One alert, from the moment it fired to the moment it resolved; ``end_ns`` None: it had not yet."""

    start_ns: int
    end_ns: int | None

    def end_by(self, now_ns: int) -> int:
        """When it resolved, or ``now_ns`` where it has not."""
        return now_ns if self.end_ns is None else self.end_ns


@dataclass(frozen=True, slots=True)
class Backtest:
    """``firings`` in order of time, and every change of state behind them."""

    firings: tuple[Firing, ...]
    transitions: tuple[Transition, ...]


def replay(rule: Rule, points: Iterable[Point]) -> Backtest:
    """The alerts ``rule`` would have raised over ``points`` (oldest first), had it been watching and not paused."""
    watching, standing = replace(rule, enabled=True), INACTIVE
    transitions: list[Transition] = []
    for at_ns, value in points:
        standing, transition = step(watching, standing, value, at_ns)
        if transition is not None:
            transitions.append(transition)
    return Backtest(firings_of(transitions), tuple(transitions))


def firings_of(transitions: Iterable[Transition]) -> tuple[Firing, ...]:
    """The alerts in a history of one rule, oldest first. A pause ends an alert too."""
    firings: list[Firing] = []
    start_ns: int | None = None
    for transition in transitions:
        if transition.to_state == "firing" and start_ns is None:
            start_ns = transition.at_ns
        elif transition.from_state == "firing" and transition.to_state != "firing" and start_ns is not None:
            firings.append(Firing(start_ns, transition.at_ns))
            start_ns = None
    if start_ns is not None:
        firings.append(Firing(start_ns, None))
    return tuple(firings)
