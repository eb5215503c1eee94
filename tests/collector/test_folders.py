"""Queues beside one another in one folder, and those that are left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from collector.forked import forked, hold
from collector.waiting import until

from spanglass_collector.delivery import Delivery
from spanglass_collector.drain import Drain, Pace
from spanglass_collector.errors import QueueInUse
from spanglass_collector.folders import Folders, claimed_root, queue_folders
from spanglass_collector.journal import set_aside
from spanglass_collector.metrics import Metrics
from spanglass_collector.queue import Queue
from spanglass_store.native import Block

MAX_BYTES = 10**6


class Database:
    def __init__(self) -> None:
        self.stored: list[bytes] = []

    def drain_of(self, queue: Queue) -> Drain:
        pace = Pace(rows=100, size_bytes=10**6, linger_seconds=0.0, retry_max_seconds=0.05)
        return Drain(
            queue,
            Delivery(lambda block, _: self.stored.append(block.body)),
            ready=lambda: True,
            pace=pace,
            metrics=Metrics(),
        )


@contextmanager
def opened(root: Path, *, is_worker: bool = False) -> Iterator[Folders]:
    folders = Folders.open(root, max_bytes=MAX_BYTES, is_worker=is_worker)
    try:
        yield folders
    finally:
        folders.stop()
        folders.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spanglass_collector.folders.LOOK_SECONDS", 0.02)


def left_behind(root: Path, name: str, *bodies: bytes) -> Path:
    with Queue.open(root / name, max_bytes=MAX_BYTES) as queue:
        for body in bodies:
            queue.put(Block("spans", body, 1))
    return root / name


def test_each_worker_has_a_folder_of_its_own_and_the_whole_has_one_owner(tmp_path: Path) -> None:
    with claimed_root(tmp_path):
        with opened(tmp_path, is_worker=True) as one, opened(tmp_path, is_worker=True) as two:
            assert [one.own.directory.name, two.own.directory.name] == ["0", "1"]
            with pytest.raises(QueueInUse):
                Folders.open(tmp_path, max_bytes=MAX_BYTES)
        with opened(tmp_path, is_worker=True) as again:
            assert again.own.directory.name == "0"
    with opened(tmp_path) as alone, pytest.raises(QueueInUse), claimed_root(tmp_path):
        raise AssertionError(alone)


def test_what_a_dead_process_left_is_stored_and_counted_all_the_while(tmp_path: Path) -> None:
    dead = left_behind(tmp_path, "7", b"<a>", b"<b>")
    database = Database()
    with opened(tmp_path) as folders:
        before = folders.with_others(folders.own.notice().result())
        assert (before.ledger["spans"]["queued"], before.rows) == (2, 2)
        folders.start(database.drain_of)
        until(lambda: folders.with_others(folders.own.notice().result()).ledger["spans"]["stored"] == 2)
    assert b"".join(database.stored) == b"<a><b>"
    with Queue.open(dead, max_bytes=MAX_BYTES) as queue:
        assert queue.waiting_rows == 0


def test_a_folder_that_somebody_has_is_left_alone(tmp_path: Path) -> None:
    database = Database()
    with (
        claimed_root(tmp_path),
        opened(tmp_path, is_worker=True) as living,
        opened(tmp_path, is_worker=True) as other,
    ):
        living.own.put(Block("spans", b"<mine>", 1))
        other.start(database.drain_of)
        left_behind(tmp_path, "9", b"<a>")
        until(lambda: database.stored == [b"<a>"])
        assert living.own.waiting_rows == 1


def test_what_is_asked_back_in_a_folder_that_nobody_has_is_stored(tmp_path: Path) -> None:
    with Queue.open(tmp_path / "5", max_bytes=MAX_BYTES) as queue:
        queue.put(Block("spans", b"<poison>", 1))
        queue.set_aside(queue.lease(max_rows=1, max_bytes=1), "why")
    database = Database()
    with opened(tmp_path) as folders:
        folders.start(database.drain_of)
        left_behind(tmp_path, "6", b"<a>")
        until(lambda: database.stored == [b"<a>"])  # so it has looked at both
        (path,) = set_aside.aside(tmp_path / "5")
        set_aside.ask_back(path)
        until(lambda: database.stored == [b"<a>", b"<poison>"])


def test_a_folder_that_cannot_be_opened_is_said_and_the_others_are_looked_after(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = left_behind(tmp_path, "1", b"<lost>")
    for path in broken.glob("*.segment"):
        path.unlink()
        path.mkdir()
    left_behind(tmp_path, "2", b"<a>")
    database = Database()
    with opened(tmp_path) as folders:
        folders.start(database.drain_of)
        until(lambda: database.stored == [b"<a>"])
        until(lambda: f"the queue in {broken} cannot be looked after" in caplog.text)


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with forked(hold, tmp_path) as process:
        until(lambda: list(tmp_path.glob("0/*.segment")))
        with pytest.raises(QueueInUse):
            Folders.open(tmp_path, max_bytes=MAX_BYTES)
        process.kill()
        process.join()
        with opened(tmp_path) as folders:
            assert queue_folders(tmp_path) == [folders.own.directory]
