"""A disk that can be full, that can refuse, and that forgets at a power cut what was not synced: the queue's door to
the disk, ``journal.disk``, with faults behind it.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from collector.journal.at_once import AtOnce

from spanglass_collector import queue
from spanglass_collector.journal import disk

write, create, cut = disk.write, disk.create, disk.cut


class ShakyDisk:
    """Folders are on it one after the other; ``directory`` is the one in use.

    ``capacity_bytes`` is its size, None for one that is never full; ``refused_syncs`` is how many of the next syncs fail.
    """

    def __init__(self) -> None:
        self._root = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self._lives = 0
        self.directory = self._root / "0"
        self.directory.mkdir()
        self.capacity_bytes: int | None = None
        self.refused_syncs = 0
        self._synced: dict[int, int] = {}

    @property
    def used_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.directory.rglob("*") if path.is_file())

    def die(self, *, kept: float = 1.0) -> Path:
        """What is left when the process, or (``kept`` below 1) the machine, ends at this moment: in a new folder.

        Of what was written and not synced, this share is there.
        """
        self._lives += 1
        after = self._root / str(self._lives)
        shutil.copytree(self.directory, after)
        for path in self.directory.rglob("*.segment"):
            status = path.stat()
            synced = self._synced.get(status.st_ino, 0)
            if synced < status.st_size:
                os.truncate(after / path.relative_to(self.directory), synced + int(kept * (status.st_size - synced)))
        return after

    def move_to(self, directory: Path) -> None:
        """Go on in a folder that ``die`` has left."""
        shutil.rmtree(self.directory)
        self.directory = directory
        self._synced = {path.stat().st_ino: path.stat().st_size for path in directory.rglob("*.segment")}

    def remove(self) -> None:
        shutil.rmtree(self._root)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Every queue is on this disk during the block, and does everything in the caller's thread."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ("write", "sync", "create", "cut"):
                patch.setattr(disk, name, getattr(self, name))
            patch.setattr(disk, "sync_directory", lambda _: None)
            patch.setattr(queue, "GroupCommit", AtOnce)
            yield

    # --- what ``disk`` does -----------------------------------------------------------------------------

    def write(self, file: int, buffers: Sequence[Any]) -> int:
        content = b"".join(bytes(buffer) for buffer in buffers)
        if self.capacity_bytes is not None and (room := self.capacity_bytes - self.used_bytes) < len(content):
            write(file, [content[: max(0, room)]])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, [content])

    def sync(self, file: int) -> None:
        if self.refused_syncs:
            self.refused_syncs -= 1
            raise OSError(errno.EIO, "Input/output error")
        status = os.fstat(file)
        self._synced[status.st_ino] = status.st_size

    def create(self, path: Path) -> int:
        file = create(path)
        self._synced[os.fstat(file).st_ino] = 0
        return file

    def cut(self, file: int, size: int) -> None:
        os.ftruncate(file, size)
        self.sync(file)
