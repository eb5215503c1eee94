"""Many callers, one writer: what waits is committed together, in one transaction and one fsync.

A caller has its result only after that commit. WAL with ``synchronous=FULL`` makes a commit survive ``kill -9`` and
loss of power (https://sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from spanglass_collector.errors import Busy, CollectorError, QueueInUse

log = logging.getLogger(__name__)
T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]
"""Reads and writes inside a transaction that is not its own: it may be rolled back and run again."""

MAX_TOGETHER: Final = 256
"""Operations in one transaction."""
PRAGMAS: Final = (
    "PRAGMA page_size = 16384",  # bodies are tens to hundreds of kilobytes
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # macOS: fsync alone does not reach the disk there
    "PRAGMA wal_autocheckpoint = 2000",
)


def lock_directory(directory: Path) -> int:
    """Make the directory and lock it for this process: an open file. Raises QueueInUse where another has it."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds what users wrote
    lock_file = os.open(directory / "queue.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock_file)
        raise QueueInUse(directory) from error
    return lock_file


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """A durable database with these tables. The caller closes it."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in PRAGMAS:
        database.execute(pragma)
    database.executescript(schema)
    return database


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    operation: Operation[T]
    then: Callable[[T], None]
    result: Future[T]


def _nothing(_: object) -> None:
    """What most operations do after their commit."""


class GroupCommit:
    """The writer of one database, in a thread of its own."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._waiting: deque[_Job[Any]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="queue-writer", daemon=True)
        self._thread.start()

    def submit(self, operation: Operation[T], then: Callable[[T], None] = _nothing) -> Future[T]:
        """Run ``operation``; its result comes once it is on disk, after ``then`` saw it.

        The result raises Busy where the disk refused, or the CollectorError the operation raised. Raises Busy once
        ``close`` was called.
        """
        job = _Job(operation, then, Future())
        with self._changed:
            if self._closing:
                msg = "The collector is stopping."
                raise Busy(msg)
            self._waiting.append(job)
            self._changed.notify()
        return job.result

    def close(self) -> None:
        """Commit what was submitted, then end. Closing twice is closing once."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while jobs := self._take():
            self._commit([job for job in jobs if job.result.set_running_or_notify_cancel()])

    def _take(self) -> list[_Job[Any]]:
        """What waits, at most ``MAX_TOGETHER``; nothing only at the end."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_TOGETHER))]

    def _commit(self, jobs: list[_Job[Any]]) -> None:
        """One transaction for all jobs. If it fails, each is tried alone, so that one cannot fail the others."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            results = [job.operation(self._database) for job in jobs]
            self._database.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  (whatever it is goes to the caller)
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            if len(jobs) == 1:
                jobs[0].result.set_exception(_busy(error))
            else:
                for job in jobs:
                    self._commit([job])
        else:
            for job, result in zip(jobs, results, strict=True):
                job.then(result)
                job.result.set_result(result)


def _busy(error: Exception) -> CollectorError:
    if isinstance(error, CollectorError):
        return error
    log.error("the queue could not be written: %s", error)
    busy = Busy(f"The queue cannot be written: {error}.", retry_after_seconds=5)
    busy.__cause__ = error
    return busy
