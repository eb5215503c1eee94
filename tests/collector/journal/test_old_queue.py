from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from collector.waiting import until

from spanglass_collector.delivery import Delivery
from spanglass_collector.drain import Drain, Pace
from spanglass_collector.folders import Folders
from spanglass_collector.journal import old_queue, set_aside
from spanglass_collector.journal.old_queue import FOLDER, OLD_FILE, import_old_queue
from spanglass_collector.metrics import Metrics
from spanglass_collector.queue import Queue
from spanglass_store.native import Block

SCHEMA_OF_0_1 = """
CREATE TABLE items (
    item_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    target   TEXT NOT NULL,
    rows     INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    group_id TEXT NOT NULL DEFAULT '',
    body     BLOB NOT NULL
);
CREATE TABLE bodies (digest BLOB PRIMARY KEY, at_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE set_aside (
    item_id INTEGER PRIMARY KEY, target TEXT NOT NULL, rows INTEGER NOT NULL, at_ns INTEGER NOT NULL,
    reason  TEXT NOT NULL, body BLOB NOT NULL
);
CREATE TABLE ledger (target TEXT NOT NULL, name TEXT NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (target, name)) WITHOUT ROWID;
INSERT INTO items VALUES (3, 'spans', 2, 3, 'g1', x'3c613e'), (4, 'spans', 1, 3, '', x'3c623e'),
                         (5, 'scores', 1, 3, '', x'3c733e');
INSERT INTO set_aside VALUES (2, 'spans', 4, 99, 'not readable', CAST('<poison>' AS BLOB));
INSERT INTO ledger VALUES ('spans', 'received', 20), ('spans', 'duplicate', 1), ('spans', 'stored', 12),
                          ('spans', 'set_aside', 4), ('scores', 'received', 1);
"""
DIGEST = bytes(range(32))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / OLD_FILE) as database:
        database.executescript(SCHEMA_OF_0_1)
        database.execute("INSERT INTO bodies VALUES (?, ?)", (DIGEST, 10**18))
    database.close()
    return tmp_path


def test_everything_that_was_in_it_is_there(root: Path) -> None:
    import_old_queue(root)
    assert [path.name for path in root.iterdir()] == [FOLDER]
    with Queue.open(root / FOLDER, max_bytes=10**6, clock=lambda: 10**18) as queue:
        assert queue.ledger().result() == {
            "spans": {"received": 20, "duplicate": 1, "rejected": 0, "queued": 3, "stored": 12, "set_aside": 4},
            "scores": {"received": 1, "duplicate": 0, "rejected": 0, "queued": 1, "stored": 0, "set_aside": 0},
        }
        first = queue.lease(max_rows=100, max_bytes=100)
        assert (first.group_id, first.block) == ("g1", Block("spans", b"<a>", 2))  # under the id it was tried with
        queue.ack(first)
        assert not queue.put(Block("spans", b"<c>", 1), digest=DIGEST)
    (path,) = set_aside.aside(root / FOLDER)
    assert set_aside.read(path) == set_aside.SetAside(2, Block("spans", b"<poison>", 4), b"", 99, "not readable")


def test_an_import_that_was_cut_off_is_done_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_: object) -> None:
        msg = "No space left on device"
        raise OSError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(old_queue.set_aside, "keep", cut_off)
        with pytest.raises(OSError, match="No space"):
            import_old_queue(root)
    assert (root / OLD_FILE).exists()
    import_old_queue(root)
    with Queue.open(root / FOLDER, max_bytes=10**6) as queue:
        assert queue.waiting_rows == 4


def test_once_it_is_there_the_old_file_is_only_removed(root: Path) -> None:
    old = (root / OLD_FILE).read_bytes()
    import_old_queue(root)
    (root / OLD_FILE).write_bytes(old)
    import_old_queue(root)
    assert [path.name for path in root.iterdir()] == [FOLDER]
    import_old_queue(root)


def test_a_collector_that_starts_brings_it_in_and_stores_it(root: Path) -> None:
    stored: list[tuple[str, bytes]] = []

    def drain_of(queue: Queue) -> Drain:
        pace = Pace(rows=100, size_bytes=10**6, linger_seconds=0.0, retry_max_seconds=0.05)
        insert = lambda block, token: stored.append((token, block.body))  # noqa: E731
        return Drain(queue, Delivery(insert), ready=lambda: True, pace=pace, metrics=Metrics())

    folders = Folders.open(root, max_bytes=10**6)
    try:
        assert not (root / OLD_FILE).exists()
        folders.start(drain_of)
        until(lambda: len(stored) == 3)
        assert stored[0] == ("g1", b"<a>")
        assert sorted(body for _, body in stored[1:]) == [b"<b>", b"<s>"]
    finally:
        folders.stop()
        folders.close()
