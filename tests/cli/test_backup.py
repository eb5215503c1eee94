"""Backups of a real database, brought back: all of it or nothing, while rows arrive, and never over other data."""

from __future__ import annotations

import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from command import called
from ports import free_port
from store.life import ANN, fill, left, span

from spanglass_cli.backup_files import read_note
from spanglass_cli.datadir import DataDirLock, Running
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.keys import all_keys, block_from_key, new_key
from spanglass_store.migrate import migrate, pending
from spanglass_store.queries import trace
from spanglass_store.query import Query
from spanglass_store.rows import block_from_spans

TABLES = ("spans", "span_details", "scores", "annotations")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    """A database as `spanglass up` runs it, in ``tmp_path / "here"``."""
    port, here = free_port(), tmp_path / "here"
    with EmbeddedClickHouse(here, http_port=port) as server:
        lock = DataDirLock(here, Running(os.getpid(), "", "", port))
        try:
            yield server
        finally:
            lock.release()


def spans_in(store: Store) -> int:
    return int(store.fetch_rows(Query("spans", "SELECT count() AS n FROM spans"))[0]["n"])


def leave_behind(folder: Path) -> None:
    """As a command that was killed long ago."""
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder, (0, 0))


def restored(source: Path, data_dir: Path, *more: str | Path) -> CompletedProcess[str]:
    return called("restore", source, "--data-dir", data_dir, *more)


@pytest.mark.clickhouse
def test_a_backup_comes_back_whole(running: EmbeddedClickHouse, tmp_path: Path) -> None:  # noqa: PLR0915
    here, whole, later = tmp_path / "here", tmp_path / "whole", tmp_path / "far" / "later.zip"
    text, key = new_key("shop", "laptop", "read", secret="A" * 43, key_id="k1", now_ns=10**18)
    with Store(running.url()) as store:
        migrate(store)
        fill(store)
        store.execute("OPTIMIZE TABLE spans FINAL")  # merged parts have roll-ups, whose rows are no spans
        leave_behind(running.home.backups_path / "made0")
        store.insert(block_from_key(key, version=1), token="k")
        ended, arrived = threading.Event(), 0

        def keep_arriving() -> None:
            nonlocal arrived
            while not ended.is_set():
                arrived += 1
                store.insert(block_from_spans([span("9" * 32, 100 + arrived)]), token=f"late {arrived}")

        arriving = threading.Thread(target=keep_arriving)
        arriving.start()
        made = called("backup", whole, "--data-dir", here)
        ended.set()
        arriving.join()
        assert made.returncode == 0, made.stderr
        note = read_note(whole)
        assert made.stdout.startswith(f"{whole} has the data of {note.made_at} (annotations: 3, api keys: 1, ")
        assert 7 <= note.rows["spans"] <= 7 + arrived
        files = [path for path in whole.rglob("*") if path.is_file()]
        for secret in (*running.home.passwords().values(), text):
            assert not any(secret.encode() in path.read_bytes() for path in files)
        assert whole.stat().st_mode & 0o77 == 0
        assert list(running.home.backups_path.iterdir()) == []

        assert called("backup", whole, "--data-dir", here).stderr.endswith("whole is there already: name another\n")
        made = called("backup", later, "--base", whole, "--data-dir", here)
        assert made.returncode == 0, made.stderr
        assert read_note(later).rows["spans"] == spans_in(store) == 7 + arrived
        assert later.stat().st_mode & 0o77 == 0
        with zipfile.ZipFile(later) as packed:
            assert sum(each.file_size for each in packed.infolist()) < sum(path.stat().st_size for path in files)
        known = {table: left(store, table) for table in TABLES}
        shown = store.fetch_rows(trace.spans("shop", ANN))
    running.stop()

    alone = restored(later, tmp_path / "new")
    assert alone.stderr.endswith("later.zip is not whole: name the backup that it is based on with --base\n")
    done = restored(later, tmp_path / "new", "--base", whole)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"Start it: spanglass up --data-dir {tmp_path / 'new'}\n")
    over = restored(whole, tmp_path / "new")
    assert over.stderr.startswith(f"spanglass: {tmp_path / 'new'} has a database already")
    with EmbeddedClickHouse(tmp_path / "new", http_port=free_port()) as server, Store(server.url()) as store:
        assert {table: left(store, table) for table in TABLES} == known
        assert store.fetch_rows(trace.spans("shop", ANN)) == shown
        assert [row["key_hash"] for row in store.fetch_rows(all_keys())] == [key.key_hash]
        assert pending(store) == []
        store.insert(block_from_spans([span("8" * 32, 999)]), token="life goes on")
        assert spans_in(store) == 8 + arrived


@pytest.mark.clickhouse
def test_a_damaged_backup_leaves_nothing_behind(tmp_path: Path) -> None:
    here, sound = tmp_path / "here", tmp_path / "sound"
    with EmbeddedClickHouse(here, http_port=free_port()) as server, Store(server.url()) as store:
        migrate(store)
        store.insert(
            block_from_spans([span("9" * 32, number, input="why?" * 50) for number in range(1, 400)]), token="1"
        )
    made = called("backup", sound, "--data-dir", here)  # while nothing runs there
    assert made.returncode == 0, made.stderr
    (data,) = (sound / "data" / "spanglass" / "spans").rglob("data.bin")
    changed = bytearray(data.read_bytes())
    changed[len(changed) // 2] ^= 255
    data.write_bytes(changed)
    broken = restored(sound, tmp_path / "new")
    assert broken.returncode == 1
    assert "damaged" in broken.stderr or "Checksum" in broken.stderr
    assert not (tmp_path / "new" / "clickhouse").exists()


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no zip")
    for source in ("empty", "text.zip"):
        done = restored(tmp_path / source, tmp_path / "new")
        assert done.returncode == 1
        assert f"{source} is no backup that `spanglass backup` made" in done.stderr
    nowhere = called("backup", tmp_path / "b", "--data-dir", tmp_path / "new")
    assert nowhere.stderr == f"spanglass: there is no database in {tmp_path / 'new'}: choose its --data-dir\n"
    assert not (tmp_path / "new").exists()
