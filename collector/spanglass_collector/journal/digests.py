"""The bodies of the last hour, each as 16 bytes of its digest, so that the same one is known again.

Those of items in the journal are in its records. Before a segment is deleted its digests are put into a file here,
one file for each ten minutes, so that they are known after a restart too. In memory a digest takes about 17 bytes:
it lies behind others that begin with the same 12 bits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from spanglass_collector.journal import kinds
from spanglass_collector.journal.record import Record
from spanglass_collector.journal.segment import Segment

DIGEST_BYTES: Final = 16
REMEMBER_NS: Final = 3600 * 10**9
"""How long the same body is known again at least: longer than clients go on retrying."""
SLICE_NS: Final = REMEMBER_NS // 6
SUFFIX: Final = "digests"


def short(digest: bytes) -> bytes:
    """The 16 bytes a body is known by."""
    return digest[:DIGEST_BYTES].ljust(DIGEST_BYTES, b"\0")


class Digests:
    """Digests by the slice of time they came in. ``now`` and ``at`` are nanoseconds that never go back."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._slices: dict[int, dict[bytes, bytearray]] = {}
        self._files: dict[int, Segment] = {}
        for file in Segment.existing(directory, SUFFIX):
            self._files[file.number] = file
            for found in file.records():
                body = bytes(found.record.body)
                for at in range(0, len(body), DIGEST_BYTES):
                    self.add(body[at : at + DIGEST_BYTES], file.number * SLICE_NS)
            file.mend()

    def __contains__(self, digest: bytes) -> bool:
        """Whether this body (``short`` of its digest) came within the hour."""
        first, rest = _parts(digest)
        # Found out of step with the entries, it would still be these 14 bytes of a digest: no more likely than a clash.
        return any(rest in each[first] for each in self._slices.values() if first in each)

    def add(self, digest: bytes, at_ns: int) -> None:
        """Know this body from now on."""
        first, rest = _parts(digest)
        each = self._slices.setdefault(at_ns // SLICE_NS, {})
        each.setdefault(first, bytearray()).extend(rest)

    def forget(self, now_ns: int) -> None:
        """Forget what is older than an hour, at the latest ten minutes after that. Raises OSError."""
        oldest = (now_ns - REMEMBER_NS) // SLICE_NS
        for slice_number in [each for each in self._slices if each < oldest]:
            del self._slices[slice_number]
        for slice_number in [each for each in self._files if each < oldest]:
            self._files.pop(slice_number).delete()

    def keep(self, digests: bytes, at_ns: int) -> None:
        """Put digests on the disk, before the segment that has them is deleted. Raises OSError."""
        if not digests:
            return
        slice_number, record = at_ns // SLICE_NS, Record(kinds.DIGESTS, {}, digests)
        file = self._files.get(slice_number)
        if file is None:
            self._files[slice_number] = Segment.create(self._directory, slice_number, SUFFIX, record)
            return
        file.mend()
        file.append([record])
        file.sync()

    def close(self) -> None:
        """Let the files go."""
        for file in self._files.values():
            file.close()


def _parts(digest: bytes) -> tuple[bytes, bytes]:
    """12 bits that choose the place, and what lies there (the 4 bits left over are in both)."""
    return bytes((digest[0], digest[1] & 0xF0)), digest[1:]
