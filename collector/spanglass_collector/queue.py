"""The durable queue between the clients and the database: one SQLite file, written by one thread (``group_commit``).

An *item* is what one request left: rows ready to insert. A *group* is a fixed set of items with an id that is on disk
before the first try to insert it, so that a repeated try carries the same id and the same bytes. The ledger is counted
in the same transactions, so it adds up at every moment: received = duplicate + rejected + queued + stored + set aside.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Final, Self

from spanglass_collector import items, ledger
from spanglass_collector.errors import QueueFull
from spanglass_collector.group_commit import GroupCommit, lock_directory, open_database
from spanglass_collector.items import Group
from spanglass_store.native import Block

FILE: Final = "queue.sqlite3"
NEARLY_FULL: Final = 0.9


class Queue:
    """Open with ``Queue.open``; ``close`` commits what waits and lets the directory go."""

    def __init__(
        self, database: sqlite3.Connection, lock_file: int, *, max_bytes: int, clock: Callable[[], int]
    ) -> None:
        self._database = database
        self._lock_file = lock_file
        self._max_bytes = max_bytes
        self._clock = clock
        self._changed = threading.Condition()
        self._rows, self._bytes = items.sums(database)
        self._waiting_since = float("-inf")
        self._woken = self._closed = False
        self._writer = GroupCommit(database)

    @classmethod
    def open(cls, directory: Path, *, max_bytes: int, clock: Callable[[], int] = time.time_ns) -> Self:
        """The queue in ``directory``, made if it is not there. Raises QueueInUse where another process has it."""
        lock_file = lock_directory(directory)
        database = open_database(directory / FILE, items.SCHEMA + ledger.SCHEMA)
        return cls(database, lock_file, max_bytes=max_bytes, clock=clock)

    def __enter__(self) -> Self:
        """The queue itself; closed on leaving."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the queue."""
        self.close()

    # --- in ---------------------------------------------------------------------------------------------

    def submit(self, block: Block, *, digest: bytes | None = None, rejected: int = 0) -> Future[bool]:
        """Ask for the rows of one request to be kept. The result comes once they are on disk: whether they were new.

        ``digest`` names the request's body: the same one again within an hour is counted as duplicate and not kept.
        ``rejected`` are records of the request that cannot be kept. Raises QueueFull at the byte limit; the result
        raises Busy where the disk refused.
        """
        size = len(block.body)
        if self._bytes + size > self._max_bytes:
            msg = f"The queue holds its limit of {self._max_bytes} bytes: the database is slower than the clients."
            raise QueueFull(msg, retry_after_seconds=2)
        now_ns = self._clock()

        def put(db: sqlite3.Connection) -> bool:
            ledger.add(db, block.table, received=block.rows + rejected)
            if digest is not None and not items.is_new(db, digest, now_ns):
                ledger.add(db, block.table, duplicate=block.rows + rejected)
                return False
            ledger.add(db, block.table, rejected=rejected)
            if block.rows:
                items.add(db, block)
            return True

        def then(is_new: bool) -> None:
            if is_new:
                self._count(block.rows, size)

        return self._writer.submit(put, then)

    def put(self, block: Block, *, digest: bytes | None = None, rejected: int = 0) -> bool:
        """``submit``, waited for."""
        return self.submit(block, digest=digest, rejected=rejected).result()

    # --- out --------------------------------------------------------------------------------------------

    def wait(self, *, rows: int, linger_seconds: float, timeout_seconds: float) -> bool:
        """Whether there is something to lease: ``rows`` rows, or any that have waited ``linger_seconds``.

        Returns at ``wake`` too, and after ``timeout_seconds``: False if nothing is waiting then.
        """
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while True:
                now = time.monotonic()
                due = self._waiting_since + linger_seconds if self._rows else float("inf")
                if self._rows >= rows or now >= due:
                    return True
                if self._woken or now >= deadline:
                    self._woken = False
                    return bool(self._rows)
                self._changed.wait(min(due, deadline) - now)

    def wake(self) -> None:
        """Let ``wait`` return now."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def lease(self, *, max_rows: int, max_bytes: int) -> Group | None:
        """The next group: the oldest open one, else a new one of the oldest items of one table. None if empty.

        At least one item, then as many as stay within both limits. The same group comes again until it is
        acknowledged, split or set aside, also after a restart. Raises Busy where the disk refuses, as all of these do.
        """

        def lease(db: sqlite3.Connection) -> Group | None:
            items.forget_bodies(db, self._clock())
            group_id = items.open_group(db) or items.new_group(db, max_rows, max_bytes)
            return items.read_group(db, group_id) if group_id else None

        return self._writer.submit(lease).result()

    def ack(self, group: Group) -> None:
        """Forget a group: it is stored."""

        def ack(db: sqlite3.Connection) -> None:
            ledger.add(db, group.block.table, stored=group.block.rows)
            items.delete_group(db, group.group_id)

        self._writer.submit(ack, lambda _: self._gone(group)).result()

    def split(self, group: Group) -> None:
        """Make two groups of one, first half and second, each with a new id. Raises ValueError for a single item."""
        if group.items < 2:
            msg = "a group of one item cannot be split"
            raise ValueError(msg)

        def split(db: sqlite3.Connection) -> None:
            items.halve_group(db, group.group_id)

        self._writer.submit(split).result()

    def set_aside(self, group: Group, reason: str) -> None:
        """Put a group where it troubles nobody: kept on disk, counted, not tried again."""
        now_ns = self._clock()

        def set_aside(db: sqlite3.Connection) -> None:
            items.set_aside(db, group.group_id, now_ns, reason)
            ledger.add(db, group.block.table, set_aside=group.block.rows)
            items.delete_group(db, group.group_id)

        self._writer.submit(set_aside, lambda _: self._gone(group)).result()

    # --- state ------------------------------------------------------------------------------------------

    def ledger(self) -> Future[Mapping[str, Mapping[str, int]]]:
        """What became of every record, by table: see ``ledger.read``."""
        return self._writer.submit(ledger.read)

    def probe(self) -> Future[bool]:
        """Whether the queue can be written and has room: False from nine tenths of its limit on.

        The result raises Busy where the disk refuses.
        """

        def probe(db: sqlite3.Connection) -> bool:
            ledger.add(db, "", probes=1)
            return self._bytes < NEARLY_FULL * self._max_bytes

        return self._writer.submit(probe)

    @property
    def waiting_rows(self) -> int:
        """Rows on disk that are not stored yet."""
        return self._rows

    @property
    def waiting_bytes(self) -> int:
        """Bytes on disk that are not stored yet."""
        return self._bytes

    def close(self) -> None:
        """Commit what was submitted and let the directory go. Closing twice is closing once."""
        self._writer.close()
        if not self._closed:
            self._closed = True
            self._database.close()
            os.close(self._lock_file)

    def _count(self, rows: int, size: int) -> None:
        """Adjust what is waiting, after a commit."""
        with self._changed:
            if not self._rows:
                self._waiting_since = time.monotonic()
            self._rows += rows
            self._bytes += size
            self._changed.notify_all()

    def _gone(self, group: Group) -> None:
        self._waiting_since = time.monotonic()  # what is left came while this group was on its way
        self._count(-group.block.rows, -len(group.block.body))
