"""How long each project's data stays, as last read from the database: new rows say it themselves.

Rows that are written before it was ever read, or after it was changed and before it is read again, get their days from
the monitor (``spanglass_store.upkeep``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping

from spanglass_store.errors import StoreError
from spanglass_store.native import Block
from spanglass_store.retention import Retention, kept_for

log = logging.getLogger(__name__)

LoadRetention = Callable[[], Iterable[Retention]]
"""Fetch what is kept of every project. Blocks; raises StoreError."""


class CurrentRetention:
    """The days of each project; 0, for ever, of one that has no entry."""

    def __init__(self, load: LoadRetention) -> None:
        self._load = load
        self._days: Mapping[str, int] = {}
        self._tried = asyncio.Event()

    def kept(self, block: Block, project: str) -> Block:
        """The rows of a project, saying how many days they stay."""
        return kept_for(block, self._days.get(project, 0))

    async def refresh(self) -> None:
        """Read it again. Where the database is away, what was read last stays good."""
        try:
            self._days = await asyncio.to_thread(lambda: {each.project: each.days for each in self._load()})
        except StoreError as error:
            log.warning("the retention cannot be read: %s", error)
        self._tried.set()

    async def wait(self, *, timeout_seconds: float) -> None:
        """Return once it was read, or could not be, or took longer than that."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._tried.wait(), timeout_seconds)
