"""How the last hour went: what all queues said, every ten seconds. For a page; Prometheus keeps more and longer."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from spanglass_collector.board import Notice

LOOK_SECONDS: Final = 10.0
LOOKS: Final = 361
"""An hour, with both its ends."""


@dataclass(frozen=True, slots=True)
class Look:
    """One moment (nanoseconds since 1970): records received and stored until then, rows and bytes that waited."""

    at_ns: int
    received: int
    stored: int
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class History:
    """The last looks, oldest first."""

    looks: deque[Look] = field(default_factory=lambda: deque(maxlen=LOOKS))

    def add(self, notice: Notice, at_ns: int) -> None:
        """Remember what was said at this moment."""
        received, stored = (sum(table[name] for table in notice.ledger.values()) for name in ("received", "stored"))
        self.looks.append(Look(at_ns, received, stored, notice.rows, notice.size))
