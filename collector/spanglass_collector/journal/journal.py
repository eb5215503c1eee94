"""The segments of one queue: where records are appended, and which files are still needed.

A part of the disk is kept in reserve: what is already in the queue must be able to leave it, and to free its files,
when the disk is full, and that takes a few records too.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from spanglass_collector.journal import disk
from spanglass_collector.journal.record import Found, Record
from spanglass_collector.journal.segment import Segment

log = logging.getLogger(__name__)

SEGMENT_BYTES: Final = 64 * 1024 * 1024
RESERVE_BYTES: Final = 1024 * 1024
SUFFIX: Final = "segment"
RESERVE: Final = "reserve"


class Journal:
    """The files in ``directory``: first ``recovered``, then ``roll``, then ``append``. For one thread."""

    def __init__(self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.segments = Segment.existing(directory, SUFFIX)
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._is_synced = not self.segments  # the last one may have been written to by a process that was killed
        self._is_short = not (directory / RESERVE).exists()
        self.syncs = 0

    def recovered(self) -> Iterator[tuple[Segment, Found]]:
        """Every whole record of every file, in the order they were written. Raises OSError."""
        for segment in self.segments:
            for found in segment.records(may_be_torn=segment is self._active):
                yield segment, found
            segment.mend()

    @property
    def _active(self) -> Segment:
        return self.segments[-1]

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        return sum(segment.size for segment in self.segments)

    def append(self, records: Sequence[Record], *, sync: bool, essential: bool = False) -> list[tuple[Segment, int]]:
        """Write records; for each its segment and where its body begins. All are kept, or none.

        ``sync``: return only once they are on the disk. ``essential``: records that lead to room, which are written
        also while there is no reserve. Raises OSError.
        """
        active = self._active
        active.mend()
        if not essential:
            self._make_reserve()
        before = active.size
        try:
            places = active.append(records)
            self._is_synced = False
            if sync:
                self.sync()
        except OSError:
            active.back_to(before)
            with contextlib.suppress(OSError):  # tried again before the next record
                active.mend()
            raise
        return [(active, place) for place in places]

    def sync(self) -> None:
        """Return once all records are on the disk. Raises OSError."""
        if not self._is_synced:
            self._active.sync()
            self._is_synced = True
            self.syncs += 1

    def is_long(self, *, all_settled: bool) -> bool:
        """Whether it is time for the next file: this one is full, or it holds only what is settled."""
        if all_settled and (self._is_short or self._active.size >= self._segment_bytes // 8):
            return self._active.size > RESERVE_BYTES // 64
        return self._active.size >= self._segment_bytes

    def roll(self, head: Record) -> None:
        """Begin the next file with ``head``. Raises OSError; then the last one goes on."""
        if self.segments:
            self._active.mend()
            self.sync()
        number = self.segments[-1].number + 1 if self.segments else 1
        try:
            self.segments.append(Segment.create(self._directory, number, SUFFIX, head))
        except OSError:
            self.give_up_reserve()
            self.segments.append(Segment.create(self._directory, number + 1, SUFFIX, head))

    def settled(self) -> Iterator[Segment]:
        """The oldest files, as far as nothing in them waits, never the last. Delete each before the next."""
        while len(self.segments) > 1 and not self.segments[0].waiting:
            yield self.segments[0]

    def delete(self, segment: Segment) -> None:
        """Remove a settled file. Raises OSError.

        First comes to the disk what says that it is settled: without that its items would be missing, not stored.
        """
        self.sync()
        segment.delete()
        self.segments.remove(segment)

    def close(self) -> None:
        """Let the files go."""
        with contextlib.suppress(OSError):
            self.sync()
        for segment in self.segments:
            segment.close()

    def give_up_reserve(self) -> None:
        """Make room for the little that leads to more room."""
        if not self._is_short:
            log.warning("the disk of %s is full; its reserve is in use", self._directory)
        self._is_short = True
        with contextlib.suppress(OSError):
            (self._directory / RESERVE).unlink()

    def _make_reserve(self) -> None:
        """Have the reserve before anything else takes room. Raises OSError."""
        if self._is_short:
            disk.write_whole(self._directory / RESERVE, os.urandom(RESERVE_BYTES))  # random: it must not compress
            self._is_short = False
