from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from spanglass_collector.errors import QueueInUse
from spanglass_collector.journal import disk


def test_all_buffers_are_written_whatever_the_system_takes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffers = [bytes([number % 256]) * (number % 7) for number in range(2000)]
    path = tmp_path / "f"
    writev = os.writev
    monkeypatch.setattr(os, "writev", lambda file, left: writev(file, [b"".join(left)[:100]]))
    file = disk.create(path)
    assert disk.write(file, buffers) == path.stat().st_size
    os.close(file)
    assert path.read_bytes() == b"".join(buffers)


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk.write_whole(tmp_path / "f", b"one")

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        disk.write_whole(tmp_path / "f", b"two")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("f", b"one")]


def test_a_folder_is_there_with_those_above_it_and_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(disk, "sync_directory", synced.append)
    folder = tmp_path / "a" / "b"
    for _ in range(2):
        disk.make_folder(folder)
    assert synced == [tmp_path, tmp_path / "a"]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    file = disk.lock(tmp_path / "q")
    with pytest.raises(QueueInUse):
        disk.lock(tmp_path / "q")
    os.close(file)
    os.close(disk.lock(tmp_path / "q"))
