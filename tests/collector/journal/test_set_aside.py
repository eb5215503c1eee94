from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spanglass_collector.errors import Busy
from spanglass_collector.journal import disk, set_aside
from spanglass_collector.journal.group import Group
from spanglass_collector.queue import Queue
from spanglass_store.native import Block

BLOCK = Block("spans", b"line\nof \x00bytes", 3)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with Queue.open(tmp_path, max_bytes=10**6) as opened:
        yield opened


def leased(queue: Queue) -> Group:
    group = queue.lease(max_rows=100, max_bytes=1000)
    assert group is not None
    return group


def counts(queue: Queue) -> tuple[int, int, int]:
    told = queue.ledger().result()["spans"]
    return told["queued"], told["stored"], told["set_aside"]


def test_an_item_is_read_as_it_was_put(tmp_path: Path) -> None:
    item = set_aside.SetAside(7, BLOCK, b"d" * 16, 123, "why: „this“")
    for _ in range(2):
        set_aside.keep(tmp_path, item)
    (path,) = set_aside.aside(tmp_path)
    assert set_aside.read(path) == item
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_asked_back_is_taken_in_once_under_another_number(queue: Queue) -> None:
    queue.put(BLOCK, digest=b"d")
    queue.set_aside(leased(queue), "why")
    assert counts(queue) == (0, 0, 3)
    (path,) = set_aside.aside(queue.directory)
    assert queue.take_back() == 0
    set_aside.ask_back(path)
    assert queue.take_back() == 1
    assert queue.take_back() == 0
    assert counts(queue) == (3, 0, 0)
    assert not queue.put(BLOCK, digest=b"d")
    group = leased(queue)
    assert group.block == BLOCK
    queue.ack(group)
    assert counts(queue) == (0, 3, 0)


def test_it_is_taken_in_when_the_queue_is_opened_again_and_never_twice(queue: Queue, tmp_path: Path) -> None:
    queue.put(BLOCK)
    queue.set_aside(leased(queue), "why")
    (path,) = set_aside.aside(tmp_path)
    content = path.read_bytes()
    set_aside.ask_back(path)
    queue.take_back()
    path.with_suffix(set_aside.BACK).write_bytes(content)  # as if it could not be removed
    assert queue.take_back() == 1
    assert counts(queue) == (3, 0, 0)
    path.with_suffix(set_aside.BACK).write_bytes(content)
    queue.close()
    with Queue.open(tmp_path, max_bytes=10**6) as again:
        assert again.take_back() == 0
        assert again.waiting_rows == 3


def test_what_cannot_be_counted_as_set_aside_is_not_listed_as_such(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.put(BLOCK)
    group = leased(queue)

    def refuse(*_: object) -> None:
        msg = "Input/output error"
        raise OSError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(disk, "sync", refuse)
        with pytest.raises(Busy):
            queue.set_aside(group, "why")
    assert set_aside.aside(queue.directory) == []
    assert counts(queue) == (3, 0, 0)
    assert leased(queue) == group


def test_a_crash_between_the_file_and_the_record_leaves_it_in_the_queue(queue: Queue, tmp_path: Path) -> None:
    queue.put(BLOCK)
    set_aside.keep(tmp_path, set_aside.SetAside(1, BLOCK, b"", 1, "why"))
    queue.close()
    with Queue.open(tmp_path, max_bytes=10**6) as again:
        assert again.waiting_rows == 3
        assert set_aside.aside(tmp_path) == []


def test_while_the_same_body_waits_it_is_not_put_back(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.put(BLOCK, digest=b"d")
    queue.set_aside(leased(queue), "why")
    monkeypatch.setattr(queue._state.digests, "forget", lambda _: None)
    queue._state.digests._slices.clear()  # an hour later
    assert queue.put(BLOCK, digest=b"d")
    (path,) = set_aside.aside(queue.directory)
    set_aside.ask_back(path)
    assert queue.take_back() == 0
    queue.ack(leased(queue))
    assert queue.take_back() == 1


@pytest.mark.parametrize("content", [b"", b"{}\n", b"no json\nbody", b'{"table":"spans"}\n<a>'])
def test_a_file_that_holds_something_else_is_left_as_unreadable(
    queue: Queue, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    folder = queue.directory / set_aside.FOLDER
    folder.mkdir()
    (folder / "000000000009.back").write_bytes(content)
    assert queue.take_back() == 0
    assert [path.name for path in folder.iterdir()] == ["000000000009.unreadable"]
    assert "cannot be put back" in caplog.text
