"""What happened to everything that was recorded, in numbers."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Stats:
    """Totals since the process started. ``ended = sent + pending + dropped`` holds by definition of the last."""

    spans_ended: int  # finished and handed over for sending, spans of other libraries included
    spans_sent: int  # acknowledged by the collector
    spans_pending: int  # waiting, or on their way
    scores_taken: int
    scores_sent: int
    scores_pending: int
    errors: int  # failures of the SDK itself, swallowed

    @property
    def spans_dropped(self) -> int:
        """Pushed out of a full queue, refused by the collector, or given up at a deadline."""
        return max(self.spans_ended - self.spans_sent - self.spans_pending, 0)

    @property
    def scores_dropped(self) -> int:
        """Refused by the collector, pushed out of a full queue, or given up at a deadline."""
        return max(self.scores_taken - self.scores_sent - self.scores_pending, 0)


class Counters:
    """The live totals behind ``Stats``; safe between threads."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: in tests, and in a forked child, where what was pending is the parent's to send."""
        self._lock = threading.Lock()
        self._totals = dict.fromkeys(("spans_ended", "spans_sent", "scores_taken", "scores_sent", "errors"), 0)

    def add(self, name: str, amount: int) -> None:
        """Add to one of the totals."""
        with self._lock:
            self._totals[name] += amount

    def snapshot(self, *, spans_pending: int, scores_pending: int) -> Stats:
        """The totals now, with what the queues hold."""
        with self._lock:
            return Stats(**self._totals, spans_pending=spans_pending, scores_pending=scores_pending)


COUNTERS: Final = Counters()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=COUNTERS.reset)
