"""Many callers, one writer: what waits is written together, with one write and one sync.

A caller has its result only after that. A caller whose plan fails fails alone. Where something fails that nobody
foresaw after the write, what is in memory may not be what is on disk: then nothing is taken any more until a restart,
which reads the disk.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from spanglass_collector.errors import Busy, CollectorError
from spanglass_collector.journal.record import Record

log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_TOGETHER: Final = 256
"""Callers in one write."""
BROKEN: Final = "The queue has stopped after an error of its own. Restart the collector: what is on disk is good."


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """What one caller wants: records to be written, then ``result``, called once they are.

    ``sync``: they must be on the disk first. ``essential``: they lead to room on a full disk.
    """

    result: Callable[[], T]
    records: Sequence[Record] = ()
    sync: bool = False
    essential: bool = False


@dataclass(slots=True)
class Batch:
    """What goes together: the digests that are new in it, so that the same body is not new twice."""

    digests: set[bytes] = field(default_factory=set)


Plan = Callable[[Batch], Step[T]]
"""Says what is to be written. It changes nothing: the write may fail."""
Write = Callable[[Sequence[Record], bool, bool], None]
"""Write records (sync them, essential ones) and take them in. Raises OSError, and nothing was written then."""


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    plan: Plan[T]
    result: Future[T]


class GroupCommit:
    """The writer of one queue, in a thread of its own. ``after`` is called in it after each write."""

    def __init__(self, write: Write, after: Callable[[], None]) -> None:
        self._write = write
        self._after = after
        self._waiting: deque[_Job[Any]] = deque()
        self._changed = threading.Condition()
        self._closing = self._is_broken = False
        self._refused = self._is_untidy = False
        self._thread = threading.Thread(target=self._run, name="queue-writer", daemon=True)
        self._thread.start()

    def submit(self, plan: Plan[T]) -> Future[T]:
        """Do what ``plan`` says; the result comes once it is done.

        The result raises Busy where the disk refused, or the CollectorError the plan raised. Raises Busy once
        ``close`` was called, or where the writer is broken.
        """
        job = _Job(plan, Future())
        with self._changed:
            if self._closing:
                msg = BROKEN if self._is_broken else "The collector is stopping."
                raise Busy(msg)
            self._waiting.append(job)
            self._changed.notify()
        return job.result

    def close(self) -> None:
        """Write what was submitted, then end. Closing twice is closing once."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            while jobs := self._take():
                self._commit([job for job in jobs if job.result.set_running_or_notify_cancel()])
        except Exception as error:
            log.critical("the queue takes nothing any more until the collector is restarted", exc_info=error)
            self._break()
            while jobs := self._take():
                _refuse([job for job in jobs if job.result.set_running_or_notify_cancel()])

    def _break(self) -> None:
        with self._changed:
            self._closing = self._is_broken = True

    def _take(self) -> list[_Job[Any]]:
        """What waits, at most ``MAX_TOGETHER``; nothing only at the end."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_TOGETHER))]

    def _commit(self, jobs: Sequence[_Job[Any]]) -> None:
        batch = Batch()
        planned: list[tuple[_Job[Any], Step[Any]]] = []
        for job in jobs:
            try:
                planned.append((job, job.plan(batch)))
            except Exception as error:  # noqa: BLE001  (whatever it is goes to the caller)
                job.result.set_exception(_busy(error))
        try:
            self._write_all([step for _, step in planned])
        except OSError as error:
            self._say(error)
            self._without_room(planned, error)
        except Exception:
            self._break()
            _refuse([job for job, _ in planned])
            raise
        else:
            if any(step.sync for _, step in planned):
                self._say(None)
            _finish(planned)
        self._tidy_up()

    def _tidy_up(self) -> None:
        """What fails here is tried again after each write, and told once."""
        was_untidy, self._is_untidy = self._is_untidy, True
        try:
            self._after()
            self._is_untidy = False
        except OSError as error:
            if not was_untidy:
                log.warning("the queue's files cannot be put in order now: %s", error)
        except Exception:
            if not was_untidy:
                log.exception("the queue's files cannot be put in order")

    def _write_all(self, steps: Sequence[Step[Any]]) -> None:
        records = [record for step in steps for record in step.records]
        if records:
            essential = all(step.essential for step in steps if step.records)
            self._write(records, any(step.sync for step in steps), essential)

    def _say(self, error: OSError | None) -> None:
        """Log that the disk refuses, or takes again, once each time."""
        if error and not self._refused:
            log.error("the queue cannot be written: %s", error)
        elif self._refused and not error:
            log.info("the queue can be written again")
        self._refused = error is not None

    def _without_room(self, planned: Sequence[tuple[_Job[Any], Step[Any]]], error: OSError) -> None:
        """The disk refuses: what leads to room is tried once more by itself, the rest is refused."""
        urgent = [(job, step) for job, step in planned if step.essential or not step.records]
        for job, step in planned:
            if step.records and not step.essential:
                job.result.set_exception(_busy(error))
        try:
            self._write_all([step for _, step in urgent])
        except OSError as again:
            for job, _ in urgent:
                job.result.set_exception(_busy(again))
        else:
            _finish(urgent)


def _finish(done: Sequence[tuple[_Job[Any], Step[Any]]]) -> None:
    for job, step in done:
        try:
            result = step.result()
        except Exception as error:  # noqa: BLE001
            job.result.set_exception(_busy(error))
        else:
            job.result.set_result(result)


def _refuse(jobs: Sequence[_Job[Any]]) -> None:
    for job in jobs:
        job.result.set_exception(Busy(BROKEN))


def _busy(error: Exception) -> CollectorError:
    if isinstance(error, CollectorError):
        return error
    if not isinstance(error, OSError):
        log.error("a request to the queue failed: %r", error)
    busy = Busy(f"The queue cannot be written: {error}.", retry_after_seconds=5)
    busy.__cause__ = error
    return busy
