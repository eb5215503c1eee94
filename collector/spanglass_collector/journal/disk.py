"""The queue's door to the disk: the few calls that may fail, each once, so that a failure can be made to happen."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from spanglass_collector.errors import QueueInUse

MOST_BUFFERS: Final = 512
"""Buffers in one call; the systems allow 1024."""


def write(file: int, buffers: Sequence[bytes | memoryview]) -> int:
    """Append all of ``buffers``; the bytes written. Raises OSError, with a part of them written perhaps."""
    left = [buffer for buffer in buffers if len(buffer)]
    total = 0
    while left:
        done = os.writev(file, left[:MOST_BUFFERS])
        total += done
        while left and done >= len(left[0]):
            done -= len(left.pop(0))
        if done:
            left[0] = memoryview(left[0])[done:]
    return total


def sync(file: int) -> None:
    """Return once the file's bytes are on the disk itself. Raises OSError: then nobody knows which of them are."""
    if full := getattr(fcntl, "F_FULLFSYNC", None):
        fcntl.fcntl(file, full)  # macOS: fsync alone does not reach the disk there
    else:
        os.fdatasync(file)


def sync_directory(directory: Path) -> None:
    """Return once the names in ``directory`` are on the disk."""
    file = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def create(path: Path) -> int:
    """A new file, open to append to, its name on the disk. Raises OSError and leaves none then; also where there is one
    already.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    try:
        sync_directory(path.parent)
    except OSError:
        os.close(file)
        path.unlink()
        raise
    return file


def cut(file: int, size: int) -> None:
    """Make the file end at ``size``, on the disk too. Raises OSError."""
    os.ftruncate(file, size)
    os.fsync(file)


def write_whole(path: Path, content: bytes) -> None:
    """A file with this content, or none: it appears under its name only when it is on the disk. Raises OSError."""
    draft = path.with_name(path.name + ".draft")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write(file, [content])
        os.fsync(file)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()  # a draft on a full disk takes room that others need
        raise
    finally:
        os.close(file)
    draft.replace(path)
    sync_directory(path.parent)


def make_folder(directory: Path) -> None:
    """The folder, and those above it, on the disk under their names. Raises OSError."""
    if not directory.is_dir():
        make_folder(directory.parent)
        directory.mkdir(exist_ok=True, mode=0o700)  # it holds what users wrote
        sync_directory(directory.parent)


def free_bytes(directory: Path) -> int:
    """What this process may still write on the disk of ``directory``. Raises OSError."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def lock(directory: Path) -> int:
    """Make the directory and lock it for this process: an open file. Raises QueueInUse where another has it."""
    make_folder(directory)
    file = os.open(directory / "queue.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        raise QueueInUse(directory) from error
    return file


@contextlib.contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """The file, open within the block. Raises OSError."""
    file = os.open(path, flags)
    try:
        yield file
    finally:
        os.close(file)
