"""The files of one queue: damaged, torn, deleted, and on a disk that refuses."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from collector.journal.shaky_disk import ShakyDisk
from hypothesis import given, settings
from hypothesis import strategies as st

from spanglass_collector.errors import Busy
from spanglass_collector.journal import disk, journal, set_aside
from spanglass_collector.journal.digests import Digests, short
from spanglass_collector.journal.journal import RESERVE, Journal
from spanglass_collector.journal.record import Found, Record, scan
from spanglass_collector.queue import Queue
from spanglass_store.native import Block

PLACES = ("duplicate", "rejected", "queued", "stored", "set_aside")


def opened(directory: Path, **options: int) -> Queue:
    return Queue.open(directory, max_bytes=10**9, **options)


def block(name: str) -> Block:
    return Block("spans", f"<{name}>".encode(), 1)


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.segment"))


def drained(queue: Queue, max_rows: int = 2) -> list[str]:
    names = ""
    while group := queue.lease(max_rows=max_rows, max_bytes=10**6):
        names += group.block.body.decode()
        queue.ack(group)
    return names.strip("<>").split("><") if names else []


@pytest.fixture
def shaky() -> Iterator[ShakyDisk]:
    made = ShakyDisk()
    with made.in_use():
        yield made
    made.remove()


def test_files_are_deleted_from_the_oldest_as_soon_as_nothing_in_them_waits(tmp_path: Path) -> None:
    with opened(tmp_path, segment_bytes=500) as queue:
        for number in range(20):
            queue.put(block(str(number)), digest=f"d{number}".encode())
        assert len(segments(tmp_path)) > 3
        assert drained(queue) == [str(number) for number in range(20)]
    assert len(segments(tmp_path)) <= 2
    with opened(tmp_path, segment_bytes=500) as queue:  # what was in them is known by the files of digests
        assert [queue.put(block("again"), digest=f"d{number}".encode()) for number in range(20)] == [False] * 20
        assert queue.put(block("new"), digest=b"d20")


@settings(max_examples=60)
@given(st.data())
def test_damage_costs_the_items_it_lies_in_and_the_ledger_still_adds_up(data: st.DataObject) -> None:
    shaky = ShakyDisk()
    with shaky.in_use():
        damaged_somewhere(shaky, data)
    shaky.remove()


def damaged_somewhere(shaky: ShakyDisk, data: st.DataObject) -> None:
    names = [f"n{number}" for number in range(12)]
    gone: set[str] = set()
    with opened(shaky.directory, segment_bytes=400) as queue:
        for name in names:
            queue.put(block(name), digest=name.encode())
        for _ in range(data.draw(st.integers(0, 2))):
            group = queue.lease(max_rows=2, max_bytes=10**6)
            queue.ack(group)
            gone |= set(group.block.body.decode().strip("<>").split("><"))
        after = shaky.die()
    shaky.move_to(after)
    files = segments(shaky.directory)
    path = files[int(data.draw(st.floats(0, 1, exclude_max=True)) * len(files))]
    content = path.read_bytes()
    start = int(data.draw(st.floats(0, 1, exclude_max=True)) * len(content))
    noise = data.draw(st.binary(min_size=1, max_size=300))[: len(content) - start]
    path.write_bytes(content[:start] + noise + content[start + len(noise) :])
    lost = set(bodies(path, content)) - set(bodies(path, path.read_bytes()))
    with opened(shaky.directory) as queue:
        told = queue.ledger().result()["spans"]
        assert told["received"] == sum(told[name] for name in PLACES)
        found = drained(queue)
        told = queue.ledger().result()["spans"]
        assert told["received"] == sum(told[name] for name in PLACES)
    assert len(found) == len(set(found))
    whole = {name for name in names if f"<{name}>".encode() not in lost}
    assert whole - gone <= set(found) <= set(names)


def bodies(path: Path, content: bytes) -> list[bytes]:
    mark = bytes.fromhex(path.stem.partition("-")[2])
    found = scan(memoryview(content), mark, content.find)
    return [bytes(each.record.body) for each in found if isinstance(each, Found) and each.record.body]


def test_damaged_bytes_are_kept_and_a_torn_end_is_cut_off(tmp_path: Path) -> None:
    with opened(tmp_path) as queue:
        for name in "abc":
            queue.put(block(name))
        kept = [path.read_bytes() for path in segments(tmp_path)]
    (path,) = segments(tmp_path)
    path.write_bytes(kept[0].replace(b"<b>", b"<?>") + b"half a rec")
    with opened(tmp_path) as queue:
        assert drained(queue) == ["a", "c"]
        assert queue.ledger().result()["spans"]["received"] == 2
    (damaged,) = (tmp_path / "damaged").iterdir()
    assert b"<?>" in damaged.read_bytes()


def test_the_end_of_a_file_that_was_finished_is_not_torn_but_damaged(tmp_path: Path) -> None:
    with opened(tmp_path, segment_bytes=300) as queue:
        for name in "abcdef":
            queue.put(block(name))
    first = segments(tmp_path)[0]
    first.write_bytes(first.read_bytes()[:-1])
    with opened(tmp_path) as queue:
        told = queue.ledger().result()["spans"]
        assert (told["received"], told["set_aside"], told["queued"]) == (6, 1, 5)
    assert len(list((tmp_path / "damaged").iterdir())) == 1


def test_on_a_full_disk_what_is_in_the_queue_leaves_it_and_makes_room(
    shaky: ShakyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "RESERVE_BYTES", 2000)
    with opened(shaky.directory, segment_bytes=4000) as queue:
        for number in range(100):
            queue.put(block(f"{number}".rjust(50)), digest=f"{number}".encode())
        shaky.capacity_bytes = shaky.used_bytes
        with pytest.raises(Busy, match="No space left"):
            queue.put(block("more"))
        with pytest.raises(Busy):
            queue.probe().result()
        assert len(drained(queue, max_rows=10)) == 100
        assert queue.put(block("more"))
        assert shaky.used_bytes < 10_000
        assert (shaky.directory / RESERVE).exists()
        assert [queue.put(block("again"), digest=f"{number}".encode()) for number in range(100)] == [False] * 100


def test_bytes_that_were_not_synced_are_not_believed(shaky: ShakyDisk) -> None:
    with opened(shaky.directory) as queue:
        queue.put(block("a"), digest=b"a")
        shaky.refused_syncs = 1
        with pytest.raises(Busy, match="Input/output"):
            queue.put(block("b"), digest=b"b")
        assert queue.put(block("b"), digest=b"b")
        shaky.move_to(shaky.die(kept=0.0))
    with opened(shaky.directory) as queue:
        assert drained(queue) == ["a", "b"]


def test_a_file_that_cannot_be_deleted_is_deleted_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sync_directory = disk.sync_directory

    def refuse(directory: Path) -> None:
        if not segments(tmp_path)[0].name.startswith("000000000001"):
            raise OSError(errno.EIO, "Input/output error")
        sync_directory(directory)

    with opened(tmp_path, segment_bytes=300) as queue:
        for name in "abcdef":
            queue.put(block(name))
        monkeypatch.setattr(disk, "sync_directory", refuse)
        assert drained(queue) == list("abcdef")
        queue.notice().result()
        assert caplog.text.count("cannot be put in order") == 1
        monkeypatch.setattr(disk, "sync_directory", sync_directory)
        queue.notice().result()
    assert len(segments(tmp_path)) <= 2


def test_a_number_that_something_aside_has_is_not_given_again(tmp_path: Path) -> None:
    with opened(tmp_path) as queue:
        queue.put(block("poison"))
        queue.set_aside(queue.lease(max_rows=1, max_bytes=1), "why")
    for path in segments(tmp_path):
        path.unlink()
    with opened(tmp_path) as queue:
        queue.put(block("a"))
    with opened(tmp_path) as queue:
        assert queue.waiting_rows == 1
        assert len(set_aside.aside(tmp_path)) == 1


def test_a_journal_begins_with_what_it_is_told(tmp_path: Path) -> None:
    made = Journal(tmp_path)
    made.roll(Record("H", {"n": 1}))
    made.append([Record("P", {}), Record("I", {"n": 2}, b"body")], sync=True)
    made.close()
    again = Journal(tmp_path)
    told = [(found.record.kind, bytes(found.record.body)) for _, found in again.recovered()]
    assert told == [("H", b""), ("P", b""), ("I", b"body")]
    again.close()


def test_digests_are_known_again_after_a_restart_and_forgotten_in_time(tmp_path: Path) -> None:
    hour_ns = 3600 * 10**9
    digests = Digests(tmp_path)
    known = [short(bytes([number]) * 32) for number in range(50)]
    digests.keep(b"".join(known[:20]), 5 * hour_ns)
    digests.keep(b"".join(known[20:]), 5 * hour_ns)
    digests.close()
    again = Digests(tmp_path)
    assert all(each in again for each in known)
    assert short(b"x" * 32) not in again
    again.forget(6 * hour_ns)
    assert all(each in again for each in known)
    again.forget(6 * hour_ns + hour_ns // 3)
    assert not any(each in again for each in known)
    assert list(tmp_path.iterdir()) == []
    again.close()
