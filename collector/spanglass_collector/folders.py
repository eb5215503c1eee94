"""The folder of queues: one for each process that receives, in numbered folders, each with a lock of its own.

A process takes the first folder nobody has. What a process leaves behind when it dies, or when there are fewer of them
than before, is adopted: another one opens that folder, empties it into the database and lets it go.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self

from spanglass_collector.board import Notice, notices
from spanglass_collector.drain import Drain
from spanglass_collector.errors import CollectorError, QueueInUse
from spanglass_collector.journal import disk, set_aside
from spanglass_collector.journal.old_queue import import_old_queue
from spanglass_collector.ledger import summed
from spanglass_collector.queue import Queue

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 2.0
GRACE_SECONDS: Final = 1.0


@contextlib.contextmanager
def claimed_root(root: Path) -> Iterator[None]:
    """Have the whole folder, for all processes of one collector: nobody else may. What an earlier version left in it is
    brought into a queue of today first. Raises QueueInUse.
    """
    lock_file = disk.lock(root)
    try:
        import_old_queue(root)
        yield
    finally:
        os.close(lock_file)


class Folders:
    """The queue of this process, and what can be seen of those beside it."""

    def __init__(self, root: Path, own: Queue, *, max_bytes: int, held: contextlib.ExitStack) -> None:
        self.root = root
        self.own = own
        self._held = held
        self._max_bytes = max_bytes
        self._make_drain: Callable[[Queue], Drain] | None = None
        self._stopping = threading.Event()
        self._seen_to: set[Path] = set()
        self._thread = threading.Thread(target=self._run, name="adoption", daemon=True)

    @classmethod
    def open(cls, root: Path, *, max_bytes: int, is_worker: bool = False) -> Self:
        """Take a folder in ``root`` for this process, and ``root`` too, unless it is a worker of the process that has
        it. Raises QueueInUse, and Busy where the disk refuses.
        """
        with contextlib.ExitStack() as held:
            if not is_worker:
                held.enter_context(claimed_root(root))
            for number in itertools.count():
                with contextlib.suppress(QueueInUse):
                    own = Queue.open(root / str(number), max_bytes=max_bytes)
                    return cls(root, own, max_bytes=max_bytes, held=held.pop_all())
        raise AssertionError

    def start(self, make_drain: Callable[[Queue], Drain]) -> None:
        """Begin to look after folders that nobody has."""
        self._make_drain = make_drain
        self._thread.start()

    def stop(self) -> None:
        """Let adopted folders go; what is left in them stays on disk."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(GRACE_SECONDS)

    def close(self) -> None:
        """Let go of everything."""
        self.own.close()
        self._held.close()

    def with_others(self, own: Notice) -> Notice:
        """What all queues together say, those of dead processes too, with what this process's says given."""
        told = [own, *notices(self.root, leave_out=self.own.directory)]
        return Notice(
            summed(each.ledger for each in told),
            sum(each.rows for each in told),
            sum(each.size for each in told),
            sum(each.file_bytes for each in told),
            min((each.oldest_ns for each in told if each.oldest_ns is not None), default=None),
        )

    def _run(self) -> None:
        while not self._stopping.is_set():
            for path in queue_folders(self.root):
                if path != self.own.directory and not self._stopping.is_set():
                    try:
                        self._look_after(path)
                    except (CollectorError, OSError) as error:
                        log.error("the queue in %s cannot be looked after: %s", path, error)  # noqa: TRY400
            self._stopping.wait(LOOK_SECONDS)

    def _look_after(self, path: Path) -> None:
        """Open a folder once after its process is gone, and whenever something is asked back; empty it."""
        try:
            os.close(disk.lock(path))
        except QueueInUse:
            self._seen_to.discard(path)
            return
        if path in self._seen_to and not any(set_aside.asked_back(path)):
            return
        with contextlib.suppress(QueueInUse), Queue.open(path, max_bytes=self._max_bytes) as queue:
            queue.take_back()
            if queue.waiting_rows:
                log.info("%d rows that were left in %s are being stored", queue.waiting_rows, path)
                self._empty(queue)
            if not queue.waiting_rows:
                self._seen_to.add(path)

    def _empty(self, queue: Queue) -> None:
        if self._make_drain is None:
            return
        drain = self._make_drain(queue)
        drain.start()
        try:
            while queue.waiting_rows and not self._stopping.wait(0.05):
                pass
        finally:
            drain.stop(timeout_seconds=0)


def aside_in(root: Path) -> dict[str, Path]:
    """What is set aside in all queues in ``root``: an id (the queue's folder and the number in it) to its file."""
    return {
        f"{folder.name}/{int(path.stem)}": path for folder in queue_folders(root) for path in set_aside.aside(folder)
    }


def queue_folders(root: Path) -> list[Path]:
    """The folders of queues in ``root``."""
    return sorted(each.parent for each in root.glob("*/queue.lock"))
