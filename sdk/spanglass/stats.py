"""What happened to everything that was recorded, in numbers."""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields
from typing import Final


@dataclass(frozen=True, slots=True)
class Stats:
    """Totals since the process started.

    ``spans_ended = spans_sent + spans_dropped + spans_pending``, and the same for scores.
    """

    spans_ended: int = 0  # finished and handed to the exporter, spans of other libraries included
    spans_sent: int = 0  # acknowledged by the collector
    spans_dropped: int = 0  # refused by the collector, unreachable until the time limit, or pushed out of a full queue
    scores_taken: int = 0
    scores_sent: int = 0
    scores_dropped: int = 0
    errors: int = 0  # failures of the SDK itself, swallowed

    @property
    def spans_pending(self) -> int:
        return self.spans_ended - self.spans_sent - self.spans_dropped

    @property
    def scores_pending(self) -> int:
        return self.scores_taken - self.scores_sent - self.scores_dropped


class Counters:
    """The live totals behind ``Stats``; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals = dict.fromkeys((field.name for field in fields(Stats)), 0)

    def add(self, name: str, amount: int) -> None:
        with self._lock:
            self._totals[name] += amount

    def snapshot(self) -> Stats:
        with self._lock:
            return Stats(**self._totals)

    def reset(self) -> None:
        with self._lock:
            self._totals = dict.fromkeys(self._totals, 0)


COUNTERS: Final = Counters()


def stats() -> Stats:
    """The totals now."""
    return COUNTERS.snapshot()
