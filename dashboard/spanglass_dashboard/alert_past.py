"""The past of an alert rule, from the store: what the monitor would have measured."""

from __future__ import annotations

from dataclasses import dataclass

from spanglass_dashboard import data
from spanglass_store.alerting.backtest import Backtest, Point, replay
from spanglass_store.alerting.evaluate import NS
from spanglass_store.alerting.history import history, known, nothing, points, step_seconds
from spanglass_store.query import Window
from spanglass_store.rules import Rule


@dataclass(frozen=True, slots=True)
class Past:
    """``points``: one a tick, oldest first; ``told``: what the rule would have done with them."""

    points: list[Point]
    told: Backtest

    @property
    def has_data(self) -> bool:
        """Whether there was anything to measure."""
        return any(value is not None for _, value in self.points)

    @property
    def last(self) -> float | None:
        """The value at the newest tick."""
        return self.points[-1][1] if self.points else None


def past_of(rule: Rule, window: Window, *, max_points: int = 12_000) -> Past:
    """The past of ``rule`` over ``window``. Raises as ``data.load``."""
    step = step_seconds(rule, window, max_points=max_points)
    rows = data.load(history(rule, window, step))
    (none,) = data.load(nothing(rule))["value"]
    seen = points(
        ({"tick": tick, "value": value} for tick, value in zip(rows["tick"], rows["value"], strict=True)),
        known(none),
        window,
        step,
    )
    return Past(seen, replay(rule, seen))


def window_until(now_ns: int, seconds: int, *, step_seconds: int) -> Window:
    """The last ``seconds`` up to a multiple of ``step_seconds``: who looks within one step asks the same question."""
    end_ns = now_ns // (step_seconds * NS) * (step_seconds * NS)
    return Window(end_ns - seconds * NS, end_ns)
