"""The durable queue between the clients and the database: files that are only appended to, written by one thread.

An *item* is what one request left: rows ready to insert. A *group* is a fixed set of items with an id that is on disk
before the first try to insert it, so that a repeated try carries the same id and the same bytes. The ledger is the sum
of the same records, so it adds up at every moment: received = duplicate + rejected + queued + stored + set aside.
The parts are in ``journal``: ``journal.kinds`` says what is written, ``journal.keeper`` keeps the files.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Self

from spanglass_collector.board import Notice
from spanglass_collector.errors import Busy, QueueFull
from spanglass_collector.journal import kinds, set_aside
from spanglass_collector.journal.backlog import Item
from spanglass_collector.journal.clock import steady_clock
from spanglass_collector.journal.digests import short
from spanglass_collector.journal.group import Group, record_of_groups
from spanglass_collector.journal.group_commit import Batch, GroupCommit, Step
from spanglass_collector.journal.journal import SEGMENT_BYTES
from spanglass_collector.journal.keeper import Keeper
from spanglass_collector.journal.kinds import Fate
from spanglass_collector.journal.record import Record
from spanglass_collector.journal.set_aside import SetAside
from spanglass_collector.journal.waiting import Waiting
from spanglass_collector.ledger import Tables
from spanglass_store.native import Block


class Queue:
    """Open with ``Queue.open``; ``close`` writes what waits and lets the directory go."""

    def __init__(self, keeper: Keeper, *, max_bytes: int) -> None:
        self._keeper = keeper
        self._state = keeper.state
        self.max_bytes = max_bytes
        self._waiting = Waiting(keeper.state.backlog)
        self._writer = GroupCommit(self._write, self._after)

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        max_bytes: int,
        clock: Callable[[], int] | None = None,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> Self:
        """The queue in ``directory``, made if it is not there. Raises QueueInUse where another process has it, and
        Busy where the disk does not even take the beginning of a file.

        ``clock``: nanoseconds since 1970, for how long a body is remembered.
        """
        clock = clock or steady_clock(time.time_ns(), time.monotonic_ns)
        return cls(Keeper.open(directory, clock=clock, segment_bytes=segment_bytes), max_bytes=max_bytes)

    def __enter__(self) -> Self:
        """The queue itself; closed on leaving."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the queue."""
        self.close()

    # --- in ---------------------------------------------------------------------------------------------

    def submit(self, block: Block, *, digest: bytes | None = None, rejected: int = 0) -> Future[bool]:
        """Ask for the rows of one request to be kept. The result comes once they are on disk: whether they were new.

        ``digest`` names the request's body: the same one again within an hour, or while the first one waits, is counted
        as duplicate and not kept.
        ``rejected`` are records of the request that cannot be kept. Raises QueueFull at the byte limit; the result
        raises Busy where the disk refused.
        """
        size = len(block.body)
        if not self._waiting.reserve(size, self.max_bytes):
            msg = f"The queue holds its limit of {self.max_bytes} bytes: the database is slower than the clients."
            raise QueueFull(msg, retry_after_seconds=2)

        def plan(batch: Batch) -> Step[bool]:
            seen_as = short(digest) if digest is not None else b""
            if seen_as and (seen_as in batch.digests or self._state.knows(seen_as)):
                again = Record(kinds.AGAIN, {"t": block.table, "r": block.rows + rejected})
                return Step(lambda: False, (again,))
            batch.digests.add(seen_as)
            return Step(lambda: True, (self._keeper.item(block, seen_as, rejected=rejected),), sync=True)

        try:
            result = self._writer.submit(plan)
        except BaseException:
            self._waiting.release(size)
            raise
        result.add_done_callback(lambda _: self._waiting.release(size))
        return result

    def put(self, block: Block, *, digest: bytes | None = None, rejected: int = 0) -> bool:
        """``submit``, waited for."""
        return self.submit(block, digest=digest, rejected=rejected).result()

    # --- out --------------------------------------------------------------------------------------------

    def wait(self, *, rows: int, linger_seconds: float, timeout_seconds: float) -> bool:
        """Whether there is something to lease: ``rows`` rows, or any after ``linger_seconds`` (``Waiting.wait``).

        Returns at ``wake`` too, and after ``timeout_seconds``: False if nothing is waiting then.
        """
        return self._waiting.wait(rows=rows, linger_seconds=linger_seconds, timeout_seconds=timeout_seconds)

    def wake(self) -> None:
        """Let ``wait`` return now."""
        self._waiting.wake()

    def lease(self, *, max_rows: int, max_bytes: int) -> Group | None:
        """The next group: the oldest open one, else a new one of the oldest items of one table. None if empty.

        At least one item, then as many as stay within both limits. The same group comes again until it is
        acknowledged, split, put off or set aside, also after a restart. Raises Busy where the disk refuses, as all of
        these do.
        """

        def plan(_: Batch) -> Step[tuple[str, list[Item], bool]]:
            backlog = self._state.backlog
            if group_id := backlog.oldest_group():
                return Step(lambda: (group_id, [*backlog.groups[group_id]], False))
            if not (chosen := backlog.choose(max_rows, max_bytes)):
                return Step(lambda: ("", [], False))
            new_id = uuid.uuid4().hex
            return Step(
                lambda: (new_id, chosen, True), (record_of_groups((new_id, chosen)),), sync=True, essential=True
            )

        group_id, items, is_new = self._writer.submit(plan).result()
        if not items:
            return None
        if is_new:
            self._waiting.leased()
        try:  # in the caller's thread: it is much to read, and the writer has others waiting
            return Group.read(group_id, items, is_new=is_new)
        except OSError as error:
            msg = f"The queue cannot be read: {error}."
            raise Busy(msg, retry_after_seconds=5) from error

    def ack(self, group: Group, fate: Fate = "stored") -> None:
        """Forget a group: it is stored, or all of it is ``duplicate`` of what is."""
        # Nothing waits for the disk here: where this is lost, the group comes again under its id and is dropped.
        self._writer.submit(lambda _: self._settle(group, fate)).result()

    def split(self, group: Group) -> None:
        """Make two groups of one, first half and second, each with a new id. Raises ValueError for a single item."""
        if group.items < 2:
            msg = "a group of one item cannot be split"
            raise ValueError(msg)

        def plan(_: Batch) -> Step[None]:
            items = self._items(group)
            half = len(items) // 2
            record = record_of_groups((uuid.uuid4().hex, items[:half]), (uuid.uuid4().hex, items[half:]))
            return Step(_nothing, (record,), sync=True, essential=True)

        self._writer.submit(plan).result()

    def take_out(self, group: Group, new_ids: Mapping[int, str]) -> tuple[Group | None, list[Group]]:
        """Take items out of a group, by their place in it, each into a group of its own with the id given here.

        What is left of the group, which keeps its id (None for nothing), and the new groups, already put off.
        """

        def plan(_: Batch) -> Step[tuple[Group | None, list[Group]]]:
            items = self._items(group)
            record = record_of_groups(*((new_id, [items[place]]) for place, new_id in new_ids.items()))

            def result() -> tuple[Group | None, list[Group]]:
                groups = self._state.backlog.groups
                for new_id in new_ids.values():
                    self._state.backlog.put_out(new_id)
                staying = groups.get(group.group_id)
                left = staying and Group.read(group.group_id, staying, is_new=group.is_new)
                return left or None, [Group.read(new_id, groups[new_id], is_new=True) for new_id in new_ids.values()]

            return Step(result, (record,), sync=True, essential=True)

        return self._writer.submit(plan).result()

    def put_off(self, group: Group) -> None:
        """Leave a group in the caller's hands: it is not leased again, but after a restart."""
        self._writer.submit(lambda _: Step(lambda: self._state.backlog.put_out(group.group_id))).result()

    def set_aside(self, group: Group, reason: str) -> None:
        """Put a group where it troubles nobody: kept on disk, counted, not tried again until it is asked back."""
        at_ns = time.time_ns()
        numbers = [item.number for item in self._items(group)]

        def plan(_: Batch) -> Step[None]:
            for item in self._items(group):
                told = item.number, item.block(), item.digest
                set_aside.keep(self._keeper.directory, SetAside(*told, at_ns, reason))
            return self._settle(group, "set_aside", sync=True)

        try:
            self._writer.submit(plan).result()
        except Busy:
            set_aside.forget(self._keeper.directory, numbers)  # they wait, as before
            raise

    def take_back(self) -> int:
        """Take in again what was asked back of what is set aside; how many items."""
        return sum(self._take_back(path) for path in list(set_aside.asked_back(self._keeper.directory)))

    # --- state ------------------------------------------------------------------------------------------

    def ledger(self) -> Future[Tables]:
        """What became of every record, by table: see ``ledger``."""
        return self._writer.submit(lambda _: Step(self._keeper.ledger))

    def notice(self) -> Future[Notice]:
        """The ledger, with what waits and what the files take."""
        return self._writer.submit(lambda _: Step(self._keeper.notice))

    def probe(self) -> Future[str]:
        """Whether the queue can be written and has room: empty, or a sentence.

        The result raises Busy where the disk refuses.
        """
        probe = Record(kinds.PROBE, {})
        return self._writer.submit(lambda _: Step(lambda: self._keeper.lacks(self.max_bytes), (probe,), sync=True))

    @property
    def waiting_rows(self) -> int:
        """Rows on disk that are not stored yet."""
        return self._waiting.rows

    @property
    def leasable_rows(self) -> int:
        """Those of them that are not put off."""
        return self._waiting.leasable_rows

    @property
    def waiting_bytes(self) -> int:
        """Bytes on disk that are not stored yet."""
        return self._waiting.size_bytes

    @property
    def directory(self) -> Path:
        """Its folder."""
        return self._keeper.directory

    @property
    def identity(self) -> str:
        """What this queue is known by wherever it is opened: random, made with it."""
        return self._keeper.identity

    def close(self) -> None:
        """Write what was submitted and let the directory go. Closing twice is closing once."""
        self._writer.close()
        self._keeper.close()

    def _take_back(self, path: Path) -> bool:
        item = self._keeper.readable(path)
        if item is None:
            return False

        def remove() -> bool:
            set_aside.remove(path)
            return True

        def plan(_: Batch) -> Step[bool]:
            if item.number in self._state.returned or item.number in self._state.backlog.items:
                return Step(remove)  # it is in the queue already, and its file could not be removed then
            if item.digest in self._state.backlog.digests:
                return Step(lambda: False)  # the same was sent again and waits: first that one
            return Step(remove, (self._keeper.item(item.block, item.digest, back=item.number),), sync=True)

        return self._writer.submit(plan).result()

    def _settle(self, group: Group, fate: Fate, *, sync: bool = False) -> Step[None]:
        facts = {"group": group.group_id, "fate": fate, "t": group.block.table, "r": group.block.rows}
        return Step(_nothing, (Record(kinds.SETTLE, facts),), sync=sync, essential=True)

    def _items(self, group: Group) -> list[Item]:
        return self._state.backlog.groups[group.group_id]

    def _write(self, records: Sequence[Record], sync: bool, essential: bool) -> None:
        """In the writer's thread, before anybody has a result."""
        self._keeper.write(records, sync, essential)
        self._waiting.look()

    def _after(self) -> None:
        """After each write, in the writer's thread, when everybody has a result."""
        self._waiting.look()
        self._keeper.put_in_order()


def _nothing() -> None:
    pass
