"""A small file in each queue's folder that says at every moment what is in it: for processes that do not own it.

It is written after each commit and never synced: whoever opens the queue writes it anew.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Final, Self
from zlib import crc32

import orjson

from spanglass_collector.ledger import Tables

FILE: Final = "board"
TRIES: Final = 50
_HEAD: Final = Struct("<II")  # length and CRC-32 of what follows


@dataclass(frozen=True, slots=True)
class Notice:
    """What a queue says of itself: its ledger, the rows and bytes that wait, the bytes of its files, and when the oldest
    of what waits came (nanoseconds since 1970; None while nothing waits).
    """

    ledger: Tables
    rows: int
    size: int
    file_bytes: int
    oldest_ns: int | None = None

    def oldest_seconds(self, now_ns: int) -> float | None:
        """How long the oldest of what waits has waited."""
        return None if self.oldest_ns is None else max(0.0, (now_ns - self.oldest_ns) / 1e9)


class Board:
    """The file of the queue that is open here."""

    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def open(cls, directory: Path) -> Self:
        """The file in this folder, made if it is not there. Raises OSError."""
        return cls(os.open(directory / FILE, os.O_RDWR | os.O_CREAT, 0o600))

    def write(self, notice: Notice) -> None:
        """Say this from now on. Raises OSError."""
        content = orjson.dumps(notice)
        os.pwrite(self._file, _HEAD.pack(len(content), crc32(content)) + content, 0)

    def close(self) -> None:
        """Let the file go; what it says stays."""
        os.close(self._file)


def notices(root: Path, *, leave_out: Path | None = None) -> Iterator[Notice]:
    """What the queues in the folders of ``root`` say, but for one of them. A folder without a board says nothing."""
    for path in sorted(root.glob(f"*/{FILE}")):
        if path.parent != leave_out and (notice := _read(path)) is not None:
            yield notice


def _read(path: Path) -> Notice | None:
    """The notice, tried again while it is being written."""
    for _ in range(TRIES):
        data = path.read_bytes()
        if len(data) >= _HEAD.size:
            size, checksum = _HEAD.unpack_from(data)
            content = data[_HEAD.size : _HEAD.size + size]
            if len(content) == size and crc32(content) == checksum:
                return Notice(**orjson.loads(content))
        time.sleep(0.001)
    return None
