"""What the routes work with, put together by ``app``."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from spanglass_collector.board import Notice
from spanglass_collector.errors import Busy
from spanglass_collector.folders import Folders
from spanglass_collector.history import History
from spanglass_collector.metrics import Metrics
from spanglass_collector.queue import Queue
from spanglass_collector.readers import Readers
from spanglass_collector.receive.auth import Gate
from spanglass_collector.receive.intake import Limits
from spanglass_collector.receive.keep import Limited, for_ever
from spanglass_collector.receive.memory import Memory
from spanglass_collector.receive.rates import Rates
from spanglass_collector.redaction import Redaction
from spanglass_store.analyst import Analyst
from spanglass_store.connection import Store
from spanglass_store.errors import StoreError
from spanglass_store.migrate import pending

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of a running collector."""

    store: Store
    queue: Queue
    folders: Folders
    gate: Gate
    metrics: Metrics
    limits: Limits
    memory: Memory
    rates: Rates
    max_queue_bytes: int
    redaction: Redaction | None = None
    readers: Readers = field(default_factory=Readers)
    analyst: Analyst | None = None
    """Runs SQL of others; None where that is switched off."""
    limited: Limited = for_ever
    history: History = field(default_factory=History)
    clock: Callable[[], int] = time.time_ns

    async def notice(self) -> Notice:
        """What the queues of all workers together say."""
        own = await asyncio.wrap_future(self.queue.notice())
        return await asyncio.to_thread(self.folders.with_others, own)

    async def look(self) -> None:
        """Remember how it is now."""
        try:
            self.history.add(await self.notice(), self.clock())
        except (Busy, OSError) as error:
            log.warning("the history has a gap: %s", error)

    async def problems(self) -> list[str]:
        """Why the collector cannot accept and store now, in sentences; empty when it can."""
        found = await asyncio.to_thread(store_problem, self.store)
        try:
            if problem := await asyncio.wrap_future(self.queue.probe()):
                found.append(problem)
        except Busy as busy:
            found.append(str(busy))
        return found


def store_problem(store: Store) -> list[str]:
    """What keeps the database from taking rows, as at most one sentence. Blocks."""
    try:
        missing = pending(store)
    except StoreError as error:
        reason = str(error).partition(": ")[2] or str(error)  # without the query that found it
        return [reason if reason.startswith("ClickHouse") else f"ClickHouse: {reason}"]
    names = ", ".join(each.name for each in missing)
    return [f"The database lacks {names}. Run: spanglass migrate"] if missing else []
