"""One file of the journal: records behind one another, only ever appended, deleted as a whole.

Its name holds its number, which only grows, and the mark of its records.
"""

from __future__ import annotations

import logging
import mmap
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from spanglass_collector.journal import disk
from spanglass_collector.journal.record import MARK_BYTES, Buffer, Damaged, Found, Record, frame, scan

log = logging.getLogger(__name__)
DAMAGED: Final = "damaged"
"""Folder of bytes that were found between whole records and are none."""


@dataclass(slots=True, eq=False)
class Segment:
    """``size``: bytes of whole records. ``waiting``: items in it that are not settled. ``digests``: of all its items."""

    path: Path
    number: int
    mark: bytes
    file: int
    size: int = 0
    waiting: int = 0
    digests: bytearray = field(default_factory=bytearray)
    latest_ns: int = 0
    is_torn: bool = False

    @classmethod
    def create(cls, directory: Path, number: int, suffix: str, first: Record) -> Self:
        """A new file with one record, both on the disk. Raises OSError and leaves nothing then."""
        mark = os.urandom(MARK_BYTES)
        path = directory / f"{number:012d}-{mark.hex()}.{suffix}"
        segment = cls(path, number, mark, disk.create(path))
        try:
            segment.append([first])
            segment.sync()
        except OSError:
            segment.close()
            path.unlink()
            raise
        return segment

    @classmethod
    def existing(cls, directory: Path, suffix: str) -> list[Self]:
        """The files of this kind in the folder, by number."""
        found = []
        for path in sorted(directory.glob(f"*.{suffix}")):
            number, _, mark = path.stem.partition("-")
            file = os.open(path, os.O_RDWR | os.O_APPEND)
            found.append(cls(path, int(number), bytes.fromhex(mark), file, os.fstat(file).st_size))
        return found

    def records(self, *, may_be_torn: bool = True) -> Iterator[Found]:
        """Every whole record, in order; a body is good until the next one is asked for.

        A torn end, as a crash leaves it in the file that is written to, is cut off. What else is damaged is copied into
        the folder ``damaged`` and passed over.
        """
        if not self.size:
            return
        with mmap.mmap(self.file, self.size, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
            for found in scan(data, self.mark, mapped.find):
                if isinstance(found, Damaged):
                    self._pass_over(found, data[found.start : found.end], may_be_torn=may_be_torn)
                else:
                    yield found
                    found.record.release()

    def _pass_over(self, damaged: Damaged, content: memoryview, *, may_be_torn: bool) -> None:
        with content:
            if damaged.is_tail and may_be_torn:
                log.info("%s: an unfinished record of %d bytes is cut off", self.path.name, len(content))
                self.size, self.is_torn = damaged.start, True
                return
            log.error(
                "%s: %d bytes from byte %d on are damaged and no record; they are kept in %s",
                self.path.name, len(content), damaged.start, DAMAGED,
            )  # fmt: skip
            folder = self.path.parent / DAMAGED
            try:
                disk.make_folder(folder)
                disk.write_whole(folder / f"{self.path.stem}-{damaged.start}", bytes(content))
            except OSError as error:
                log.error("the damaged bytes could not be copied: %s", error)  # noqa: TRY400  (the reason is enough)

    def append(self, records: Sequence[Record]) -> list[int]:
        """Write records behind the last whole one; where the body of each begins.

        Raises OSError: then a part may have been written, ``is_torn`` is set, and ``mend`` comes before the next try.
        """
        buffers: list[Buffer] = []
        places, end = [], self.size
        for record in records:
            before, body, body_at = frame(record, self.mark)
            buffers += (before, body)
            places.append(end + body_at)
            end += len(before) + len(body)
        self.is_torn = True
        disk.write(self.file, buffers)
        self.size, self.is_torn = end, False
        return places

    def sync(self) -> None:
        """Return once everything written is on the disk. Raises OSError."""
        disk.sync(self.file)

    def mend(self) -> None:
        """Cut off what is behind the last whole record. Raises OSError while the disk refuses."""
        if self.is_torn:
            disk.cut(self.file, self.size)
            self.is_torn = False

    def back_to(self, size: int) -> None:
        """Forget what was written from ``size`` on: nobody knows whether it is on the disk. Call ``mend`` next."""
        self.size, self.is_torn = size, True

    def read(self, start: int, size: int) -> bytes:
        """Bytes of the file. Raises OSError, also where there are fewer."""
        content = os.pread(self.file, size, start)
        if len(content) != size:
            msg = f"{self.path} ends too early"
            raise OSError(msg)
        return content

    def close(self) -> None:
        """Let the file go."""
        os.close(self.file)

    def delete(self) -> None:
        """Remove the file, also its name on the disk. Raises OSError, and can be called again then."""
        self.path.unlink(missing_ok=True)  # once more, where the disk refused what follows
        disk.sync_directory(self.path.parent)
        self.close()
