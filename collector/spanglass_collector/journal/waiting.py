"""How much waits in a queue, kept where other threads may look, and wait for more."""

from __future__ import annotations

import threading
import time
from typing import Final

from spanglass_collector.journal.backlog import Backlog

AFTER_A_PAUSE: Final = 0.25


class Waiting:
    """Rows and bytes on disk that are not stored yet. ``leasable_rows``: those of them that are in nobody's hands."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self._changed = threading.Condition()
        self._submitted_bytes = 0
        self._since = self._leased_at = float("-inf")
        self._woken = False
        self.rows = self.leasable_rows = self.size_bytes = 0
        self.look()

    def look(self) -> None:
        """Tell everybody how the backlog is now. In the thread that changes it."""
        backlog = self._backlog
        with self._changed:
            if not self.leasable_rows:
                self._since = time.monotonic()
            self.rows, self.size_bytes, self.leasable_rows = backlog.rows, backlog.size, backlog.leasable_rows()
            if self.leasable_rows:
                self._changed.notify_all()

    def leased(self) -> None:
        """A new group is on its way: what comes from here on fills the next one, also while this one is inserted."""
        self._leased_at = time.monotonic()

    def reserve(self, size: int, max_bytes: int) -> bool:
        """Count bytes that are on their way to the disk; False, with nothing counted, where they are too many."""
        with self._changed:
            if self.size_bytes + self._submitted_bytes + size > max_bytes:
                return False
            self._submitted_bytes += size
            return True

    def release(self, size: int) -> None:
        """They are there, or will not come."""
        with self._changed:
            self._submitted_bytes -= size

    def wait(self, *, rows: int, linger_seconds: float, timeout_seconds: float) -> bool:
        """Whether there is something to lease: ``rows`` rows, or any once ``linger_seconds`` have passed since the last
        new group. After a pause a quarter of that is enough: whoever sends one trace is looking for it.

        Returns at ``wake`` too, and after ``timeout_seconds``: False if nothing is waiting then.
        """
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while True:
                now = time.monotonic()
                fills_until = max(self._since + linger_seconds * AFTER_A_PAUSE, self._leased_at + linger_seconds)
                due = fills_until if self.leasable_rows else float("inf")
                if self.leasable_rows >= rows or now >= due:
                    return True
                if self._woken or now >= deadline:
                    self._woken = False
                    return bool(self.leasable_rows)
                self._changed.wait(min(due, deadline) - now)

    def wake(self) -> None:
        """Let ``wait`` return now."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()
