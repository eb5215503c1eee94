"""The durable queue: one SQLite file, one thread that writes it, many callers.

Every change is an operation handed to the writer, which commits all that wait in one transaction and one fsync
(group commit); a caller has its result only after that commit. WAL with ``synchronous=FULL`` makes a commit survive
``kill -9`` and power loss (https://sqlite.org/pragma.html#pragma_synchronous). The ledger is counted in the same
transactions, so it adds up at every moment: received = duplicate + rejected + queued + stored + set aside.

An *item* is what one request left: rows ready to insert. A *group* is a fixed set of items with an id that is on disk
before the first try to insert it, so that a repeated try carries the same id and the same bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, Self, TypeVar

from spanglass_collector import ledger
from spanglass_collector.errors import Busy, CollectorError, QueueFull, QueueInUse
from spanglass_store.native import Block

log = logging.getLogger(__name__)
T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]

FILE: Final = "queue.sqlite3"
REMEMBER_BODIES_NS: Final = 3600 * 10**9
"""How long the same body is known again: an hour, longer than clients go on retrying."""
NEARLY_FULL: Final = 0.9
MAX_COMMIT: Final = 256
"""Operations in one transaction."""

_PRAGMAS: Final = (
    "PRAGMA page_size = 16384",  # bodies are tens to hundreds of kilobytes
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # macOS: fsync alone does not reach the disk there
    "PRAGMA wal_autocheckpoint = 2000",
)
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS items (
    item_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    target   TEXT NOT NULL,
    rows     INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    group_id TEXT NOT NULL DEFAULT '',
    body     BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS items_by_group ON items (group_id, item_id, target, rows, bytes);
CREATE TABLE IF NOT EXISTS bodies (digest BLOB PRIMARY KEY, at_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bodies_by_time ON bodies (at_ns);
CREATE TABLE IF NOT EXISTS set_aside (
    item_id INTEGER PRIMARY KEY,
    target  TEXT NOT NULL,
    rows    INTEGER NOT NULL,
    at_ns   INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    body    BLOB NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Group:
    """A fixed set of items of one table, to be inserted together with ``group_id`` as the insert's token."""

    group_id: str
    block: Block
    items: int


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    operation: Operation[T]
    result: Future[T]


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
        self._jobs: deque[_Job[Any]] = deque()
        self._bytes, self._rows = database.execute(
            "SELECT ifnull(sum(bytes), 0), ifnull(sum(rows), 0) FROM items"
        ).fetchone()
        self._waiting_since = float("-inf")
        self._closing = self._woken = False
        self._writer = threading.Thread(target=self._write, name="queue-writer", daemon=True)
        self._writer.start()

    @classmethod
    def open(cls, directory: Path, *, max_bytes: int, clock: Callable[[], int] = time.time_ns) -> Self:
        """The queue in ``directory``, made if it is not there. Raises QueueInUse where another process has it."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds what users wrote
        lock_file = os.open(directory / "queue.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock_file)
            raise QueueInUse(directory) from error
        database = sqlite3.connect(directory / FILE, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS:
            database.execute(pragma)
        database.executescript(_SCHEMA + ledger.SCHEMA)
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
        with self._changed:
            if self._bytes + len(block.body) > self._max_bytes:
                msg = f"The queue holds its limit of {self._max_bytes} bytes: the database is slower than the clients."
                raise QueueFull(msg, retry_after_seconds=2)
        now_ns = self._clock()

        def put(db: sqlite3.Connection) -> bool:
            ledger.add(db, block.table, received=block.rows + rejected)
            if digest is not None and not _is_new(db, digest, now_ns):
                ledger.add(db, block.table, duplicate=block.rows + rejected)
                return False
            ledger.add(db, block.table, rejected=rejected)
            if block.rows:
                values = (block.table, block.rows, len(block.body), block.body)
                db.execute("INSERT INTO items (target, rows, bytes, body) VALUES (?, ?, ?, ?)", values)
                self._count(rows=block.rows, size=len(block.body))
            return True

        return self._submit(put)

    def put(self, block: Block, *, digest: bytes | None = None, rejected: int = 0) -> bool:
        """``submit``, waited for."""
        return self.submit(block, digest=digest, rejected=rejected).result()

    # --- out --------------------------------------------------------------------------------------------

    def wait(self, *, rows: int, linger_seconds: float, timeout_seconds: float) -> bool:
        """Whether there is something to lease: ``rows`` rows, or any that have waited ``linger_seconds``.

        Returns at ``wake`` too, and after ``timeout_seconds``: False if nothing is waiting then, or at closing.
        """
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while not self._closing:
                now = time.monotonic()
                due = self._waiting_since + linger_seconds if self._rows else float("inf")
                if self._rows >= rows or now >= due:
                    return True
                if self._woken or now >= deadline:
                    self._woken = False
                    return bool(self._rows)
                self._changed.wait(min(due, deadline) - now)
            return False

    def wake(self) -> None:
        """Let ``wait`` return now."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def lease(self, *, max_rows: int, max_bytes: int) -> Group | None:
        """The next group: the oldest open one, else a new one of the oldest items of one table. None if empty.

        At least one item, then as many as stay within both limits. The same group comes again until it is
        acknowledged, split or set aside, also after a restart.
        """

        def lease(db: sqlite3.Connection) -> Group | None:
            _forget_bodies(db, self._clock())
            open_one = db.execute("SELECT group_id FROM items WHERE group_id <> '' ORDER BY item_id LIMIT 1").fetchone()
            group_id = open_one[0] if open_one else _new_group(db, max_rows, max_bytes)
            return _read_group(db, group_id) if group_id else None

        return self._submit(lease).result()

    def ack(self, group: Group) -> None:
        """Forget a group: it is stored."""

        def ack(db: sqlite3.Connection) -> None:
            ledger.add(db, group.block.table, stored=group.block.rows)
            self._remove(db, group)

        self._submit(ack).result()

    def split(self, group: Group) -> None:
        """Make two groups of one, first half and second, each with a new id. Raises ValueError for a single item."""
        if group.items < 2:
            msg = "a group of one item cannot be split"
            raise ValueError(msg)

        def split(db: sqlite3.Connection) -> None:
            found = db.execute("SELECT item_id FROM items WHERE group_id = ? ORDER BY item_id", (group.group_id,))
            ids = [item_id for (item_id,) in found]
            for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
                new_id = _new_id()
                db.executemany("UPDATE items SET group_id = ? WHERE item_id = ?", [(new_id, i) for i in half])

        self._submit(split).result()

    def set_aside(self, group: Group, reason: str) -> None:
        """Put a group where it troubles nobody: kept on disk, counted, not tried again."""
        now_ns = self._clock()

        def set_aside(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO set_aside SELECT item_id, target, rows, ?, ?, body FROM items WHERE group_id = ?",
                (now_ns, reason, group.group_id),
            )
            ledger.add(db, group.block.table, set_aside=group.block.rows)
            self._remove(db, group)

        self._submit(set_aside).result()

    # --- state ------------------------------------------------------------------------------------------

    def ledger(self) -> Future[Mapping[str, Mapping[str, int]]]:
        """What became of every record, by table: see ``ledger.read``."""
        return self._submit(ledger.read)

    def probe(self) -> Future[bool]:
        """Whether the queue can be written and has room: False from nine tenths of its limit on.

        The result raises Busy where the disk refuses.
        """

        def probe(db: sqlite3.Connection) -> bool:
            db.execute("INSERT INTO ledger VALUES ('', 'probes', 1) ON CONFLICT DO UPDATE SET rows = rows + 1")
            return bool(self._bytes < NEARLY_FULL * self._max_bytes)

        return self._submit(probe)

    @property
    def waiting_rows(self) -> int:
        """Rows on disk that are not stored yet."""
        return int(self._rows)

    @property
    def waiting_bytes(self) -> int:
        """Bytes on disk that are not stored yet."""
        return int(self._bytes)

    def close(self) -> None:
        """Commit what was submitted, end the writer and let the directory go. Closing twice is closing once."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        self._writer.join()
        self._database.close()
        os.close(self._lock_file)

    # --- the writer -------------------------------------------------------------------------------------

    def _submit(self, operation: Operation[T]) -> Future[T]:
        job = _Job(operation, Future())
        with self._changed:
            if self._closing:
                msg = "The collector is stopping."
                raise Busy(msg)
            self._jobs.append(job)
            self._changed.notify_all()
        return job.result

    def _write(self) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._closing:
                    self._changed.wait()
                jobs = [self._jobs.popleft() for _ in range(min(len(self._jobs), MAX_COMMIT))]
            if not jobs:
                return
            jobs = [job for job in jobs if job.result.set_running_or_notify_cancel()]
            self._commit(jobs)

    def _commit(self, jobs: list[_Job[Any]]) -> None:
        """One transaction for all jobs. If it fails, each is tried alone, so that one cannot fail the others."""
        rows, size = self._rows, self._bytes
        try:
            self._database.execute("BEGIN IMMEDIATE")
            results = [job.operation(self._database) for job in jobs]
            self._database.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  (whatever it is goes to the caller)
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            self._rows, self._bytes = rows, size
            if len(jobs) == 1:
                jobs[0].result.set_exception(_busy(error))
                return
            for job in jobs:
                self._commit([job])
        else:
            for job, result in zip(jobs, results, strict=True):
                job.result.set_result(result)
            with self._changed:
                self._changed.notify_all()

    def _count(self, *, rows: int, size: int) -> None:
        """Adjust what is waiting. Called by the writer only; a rollback puts it back."""
        if not self._rows and rows > 0:
            self._waiting_since = time.monotonic()
        self._rows += rows
        self._bytes += size

    def _remove(self, db: sqlite3.Connection, group: Group) -> None:
        db.execute("DELETE FROM items WHERE group_id = ?", (group.group_id,))
        self._waiting_since = time.monotonic()  # what is left came while this group was on its way
        self._count(rows=-group.block.rows, size=-len(group.block.body))


def _busy(error: Exception) -> CollectorError:
    if isinstance(error, CollectorError):
        return error
    log.error("the queue could not be written: %s", error)
    busy = Busy(f"The queue cannot be written: {error}.", retry_after_seconds=5)
    busy.__cause__ = error
    return busy


def _new_id() -> str:
    return uuid.uuid4().hex


def _is_new(db: sqlite3.Connection, digest: bytes, now_ns: int) -> bool:
    """Remember a body; False where it was seen within the hour."""
    found = db.execute(
        "INSERT INTO bodies VALUES (?, ?) ON CONFLICT (digest) DO UPDATE SET at_ns = excluded.at_ns WHERE at_ns < ?",
        (digest, now_ns, now_ns - REMEMBER_BODIES_NS),
    )
    return found.rowcount > 0


def _forget_bodies(db: sqlite3.Connection, now_ns: int) -> None:
    db.execute("DELETE FROM bodies WHERE at_ns < ?", (now_ns - REMEMBER_BODIES_NS,))


def _new_group(db: sqlite3.Connection, max_rows: int, max_bytes: int) -> str:
    """The id of a group made of the oldest items of the table that has waited longest; empty if there are none."""
    waiting = db.execute("SELECT item_id, target, rows, bytes FROM items WHERE group_id = '' ORDER BY item_id")
    first = waiting.fetchone()
    if first is None:
        return ""
    chosen, target, rows, size = [first[0]], first[1], first[2], first[3]
    for item_id, item_target, item_rows, item_bytes in waiting:
        if item_target != target:
            continue
        rows, size = rows + item_rows, size + item_bytes
        if rows > max_rows or size > max_bytes:
            break
        chosen.append(item_id)
    waiting.close()
    group_id = _new_id()
    db.executemany("UPDATE items SET group_id = ? WHERE item_id = ?", [(group_id, i) for i in chosen])
    return group_id


def _read_group(db: sqlite3.Connection, group_id: str) -> Group:
    found = db.execute("SELECT target, body, rows FROM items WHERE group_id = ? ORDER BY item_id", (group_id,))
    blocks = [Block(target, body, rows) for target, body, rows in found]
    return Group(group_id, Block.concat(blocks), len(blocks))
