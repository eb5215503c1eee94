"""What happened to everything that was recorded, in numbers."""

from __future__ import annotations

import os
import threading
from typing import Final, NamedTuple


class Stats(NamedTuple):
    """Totals since the process started. Each ended span is sent, spooled, pending, sampled out or dropped."""

    spans_ended: int  # finished and handed over for sending, spans of other libraries included
    spans_sent: int  # acknowledged by the collector
    spans_spooled: int  # written to the spool by this process, and not sent since
    spans_pending: int  # waiting, or on their way
    spans_sampled_out: int  # left out by the sample rate
    spans_dropped: int  # refused by the collector, or given up where there is no spool
    spans_recovered: int  # of earlier processes, sent out of the spool by this one; not among the ended
    scores_taken: int
    scores_sent: int
    scores_spooled: int
    scores_pending: int
    scores_dropped: int
    mask_failures: int  # spans whose content was dropped because masking it went wrong
    errors: int  # failures of the SDK itself, swallowed


NAMES: Final = (
    "spans_taken",
    "spans_sent",
    "spans_spooled",
    "spans_sampled_out",
    "spans_dropped",
    "spans_recovered",
    "scores_taken",
    "scores_sent",
    "scores_spooled",
    "scores_dropped",
    "scores_recovered",
    "mask_failures",
    "errors",
)


class Counters:
    """The live totals behind ``Stats``; safe between threads."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: in tests, and in a forked child, where what was pending is the parent's to send."""
        self._lock = threading.Lock()
        self._totals = dict.fromkeys(NAMES, 0)

    def add(self, name: str, amount: int = 1) -> None:
        """Add to one of the totals."""
        with self._lock:
            self._totals[name] += amount

    def move(self, source: str, target: str, amount: int) -> None:
        """Take from one total what is added to another, so that no reader sees it in both or in neither."""
        with self._lock:
            self._totals[source] -= amount
            self._totals[target] += amount

    def snapshot(self, *, spans_queued: int) -> Stats:
        """The totals now. ``spans_queued``: ended, and not taken out of the queue yet."""
        with self._lock:
            told = dict(self._totals)
        taken = told.pop("spans_taken")
        told.pop("scores_recovered")
        past = ("sent", "spooled", "dropped")
        settled = sum(told[f"spans_{name}"] for name in (*past, "sampled_out"))
        return Stats(
            **told,
            spans_ended=taken + spans_queued,
            spans_pending=spans_queued + taken - settled,
            scores_pending=told["scores_taken"] - sum(told[f"scores_{name}"] for name in past),
        )


COUNTERS: Final = Counters()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=COUNTERS.reset)
