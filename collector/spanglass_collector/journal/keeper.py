"""The files of one queue and what they add up to, kept in step. For the writer's thread."""

from __future__ import annotations

import contextlib
import logging
import os
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

from spanglass_collector.board import Board, Notice
from spanglass_collector.errors import Busy
from spanglass_collector.journal import disk, kinds, set_aside
from spanglass_collector.journal.clock import Ahead
from spanglass_collector.journal.digests import Digests
from spanglass_collector.journal.journal import RESERVE_BYTES, Journal
from spanglass_collector.journal.record import Record
from spanglass_collector.journal.segment import Segment
from spanglass_collector.journal.set_aside import SetAside
from spanglass_collector.journal.state import State
from spanglass_collector.ledger import Tables
from spanglass_store.native import Block

log = logging.getLogger(__name__)
IDENTITY: Final = "identity"
NEARLY_FULL: Final = 0.9


class Keeper:
    """Everything in one directory: journal, digests, what is set aside, the board."""

    def __init__(self, directory: Path, lock_file: int, *, clock: Callable[[], int], segment_bytes: int) -> None:
        self.directory = directory
        self._lock_file = lock_file
        self.identity = _identity(directory)
        self.state = State(Digests(directory))
        self._journal = Journal(directory, segment_bytes=segment_bytes)
        self.state.recover(self._journal)
        self.state.next_number = max(self.state.next_number, set_aside.largest_number(directory) + 1)
        self._clock = Ahead(clock, self.state.now_ns)
        set_aside.forget(directory, [*self.state.backlog.items, *self.state.returned])
        self._journal.roll(self.state.head())
        self._board = Board.open(directory)
        self._is_open = True
        self._tell()
        self.put_in_order()

    @classmethod
    def open(cls, directory: Path, *, clock: Callable[[], int], segment_bytes: int) -> Self:
        """Raises QueueInUse, and Busy where the disk does not even take the beginning of a file."""
        lock_file = disk.lock(directory)
        try:
            return cls(directory, lock_file, clock=clock, segment_bytes=segment_bytes)
        except OSError as error:
            os.close(lock_file)
            msg = f"The queue in {directory} cannot be opened: {error}."
            raise Busy(msg) from error
        except BaseException:
            os.close(lock_file)
            raise

    def item(self, block: Block, digest: bytes, *, rejected: int = 0, back: int | None = None) -> Record:
        """The record of a new item. Its number is used up, whether it is written or not."""
        number = self.state.next_number
        self.state.next_number += 1
        facts = {"n": number, "t": block.table, "r": block.rows, "x": rejected, "d": digest.hex(), "at": self._clock()}
        if block.cuts:
            facts["c"] = block.cuts.hex()
        return Record(kinds.ITEM, facts if back is None else {**facts, "back": back}, bytes(block.body))

    def write(self, records: Sequence[Record], sync: bool, essential: bool) -> None:
        """Write records and take them in. Raises OSError, and nothing was written then."""
        try:
            places = self._journal.append(records, sync=sync, essential=essential)
        except OSError:
            if not essential:
                raise
            self._journal.give_up_reserve()
            places = self._journal.append(records, sync=sync, essential=True)
        for record, (segment, body_at) in zip(records, places, strict=True):
            self.state.apply(record, segment, body_at)
        self._tell()

    def put_in_order(self) -> None:
        """Begin a new file when it is time, delete those that are settled, forget old digests.

        Raises OSError; then the rest is done the next time.
        """
        if self._journal.is_long(all_settled=not self.state.backlog.items):
            self._journal.roll(self.state.head())
        for segment in self._journal.settled():
            self._keep_digests(segment)
            self._journal.delete(segment)
        self.state.digests.forget(self.state.now_ns)

    def ledger(self) -> Tables:
        """What became of every record."""
        return self.state.ledger.read(self.state.backlog.queued)

    def notice(self) -> Notice:
        """What others are told."""
        backlog = self.state.backlog
        return Notice(self.ledger(), backlog.rows, backlog.size, self._journal.size_bytes, backlog.oldest_ns())

    def lacks(self, max_bytes: int) -> str:
        """What is full, or nearly, as a sentence; empty where nothing is. Raises OSError."""
        if self.state.backlog.size >= NEARLY_FULL * max_bytes:
            return "The queue is full, or nearly."
        return "" if disk.free_bytes(self.directory) >= RESERVE_BYTES else "The queue's disk is full, or nearly."

    def readable(self, path: Path) -> SetAside | None:
        """The item in a file that was set aside; None for a file that holds none, which is named so."""
        try:
            return set_aside.read(path)
        except (OSError, ValueError, KeyError) as error:
            log.error("%s cannot be put back and is left as .unreadable: %s", path, error)  # noqa: TRY400
            path.rename(path.with_suffix(".unreadable"))
            return None

    def _keep_digests(self, segment: Segment) -> None:
        try:
            self.state.digests.keep(bytes(segment.digests), segment.latest_ns)
        except OSError:
            self._journal.give_up_reserve()  # deleting a segment makes more room than this takes
            self.state.digests.keep(bytes(segment.digests), segment.latest_ns)

    def _tell(self) -> None:
        with contextlib.suppress(OSError):  # a full disk must not undo what was just written
            self._board.write(self.notice())

    def close(self) -> None:
        """Let the directory go. Closing twice is closing once."""
        if self._is_open:
            self._is_open = False
            self._journal.close()
            self.state.digests.close()
            self._board.close()
            os.close(self._lock_file)


def _identity(directory: Path) -> str:
    """What the queue is known by: 32 hexadecimal digits, made once. Raises OSError."""
    path = directory / IDENTITY
    if not path.exists():
        disk.write_whole(path, uuid.uuid4().hex.encode())
    return path.read_text()
