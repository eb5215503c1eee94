from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from spanglass_collector.errors import Busy, QueueFull, QueueInUse
from spanglass_collector.journal import set_aside
from spanglass_collector.journal.digests import REMEMBER_NS, SLICE_NS
from spanglass_collector.queue import Queue
from spanglass_store.native import Block

MAX_BYTES = 10_000
LEASE = {"max_rows": 10, "max_bytes": 1000}


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with Queue.open(tmp_path, max_bytes=MAX_BYTES) as opened:
        yield opened


def block(name: str, rows: int = 1, table: str = "spans") -> Block:
    return Block(table, f"<{name}>".encode(), rows)


def spans_ledger(queue: Queue) -> dict[str, int]:
    return dict(queue.ledger().result().get("spans", {}))


def test_what_was_put_is_leased_in_order_and_forgotten_when_acknowledged(queue: Queue) -> None:
    for name in "abc":
        assert queue.put(block(name))
    group = queue.lease(**LEASE)
    assert group.block == Block("spans", b"<a><b><c>", 3)
    queue.ack(group)
    assert queue.lease(**LEASE) is None
    assert (queue.waiting_rows, queue.waiting_bytes) == (0, 0)


def test_the_same_group_comes_until_it_is_acknowledged_also_after_a_restart(tmp_path: Path) -> None:
    with Queue.open(tmp_path, max_bytes=MAX_BYTES) as queue:
        queue.put(block("a"))
        first = queue.lease(**LEASE)
        queue.put(block("b"))
        assert queue.lease(**LEASE) == first
    with Queue.open(tmp_path, max_bytes=MAX_BYTES) as queue:
        assert queue.waiting_rows == 2
        assert queue.lease(**LEASE) == first
        queue.ack(first)
        assert queue.lease(**LEASE).block.body == b"<b>"


def test_groups_keep_to_the_limits_and_to_one_table(queue: Queue) -> None:
    queue.put(block("a", rows=6))
    queue.put(block("score", table="scores"))
    queue.put(block("b", rows=4))
    queue.put(block("c", rows=1))
    queue.put(block("huge", rows=50))
    bodies = []
    while group := queue.lease(**LEASE):
        bodies.append(group.block.body)
        queue.ack(group)
    assert bodies == [b"<a><b>", b"<score>", b"<c>", b"<huge>"]


def test_the_same_body_is_kept_once_within_the_hour(tmp_path: Path) -> None:
    now_ns = 10**18
    with Queue.open(tmp_path, max_bytes=MAX_BYTES, clock=lambda: now_ns) as queue:
        assert queue.put(block("a", rows=3), digest=b"A", rejected=1)
        assert not queue.put(block("a", rows=3), digest=b"A", rejected=1)
        assert queue.put(block("a", rows=3), digest=b"B")
        now_ns += REMEMBER_NS + SLICE_NS
        assert not queue.put(block("a", rows=3), digest=b"B")  # as long as the first one waits
        queue.ack(queue.lease(**LEASE))
        assert queue.put(block("c", rows=1), digest=b"C")  # what is old is forgotten when the queue next writes
        assert queue.put(block("a", rows=3), digest=b"A")
        assert spans_ledger(queue) == {
            "received": 18, "duplicate": 7, "rejected": 1, "queued": 4, "stored": 6, "set_aside": 0,
        }  # fmt: skip


def test_a_full_queue_refuses_until_there_is_room(queue: Queue) -> None:
    queue.put(Block("spans", bytes(MAX_BYTES), 1))
    with pytest.raises(QueueFull) as refused:
        queue.put(block("a"))
    assert refused.value.retry_after_seconds == 2
    assert queue.probe().result() == "The queue is full, or nearly."
    queue.ack(queue.lease(**LEASE))
    assert queue.put(block("a"))
    assert queue.probe().result() == ""


def test_a_group_is_halved_until_the_poison_is_alone_and_set_aside(queue: Queue) -> None:
    for name in "abcd":
        queue.put(block(name))
    stored = b""
    while group := queue.lease(**LEASE):
        if b"<c>" not in group.block.body:
            stored += group.block.body
            queue.ack(group)
        elif group.items > 1:
            queue.split(group)
        else:
            queue.set_aside(group, "not readable")
    assert stored == b"<a><b><d>"
    assert spans_ledger(queue) == {
        "received": 4, "duplicate": 0, "rejected": 0, "queued": 0, "stored": 3, "set_aside": 1,
    }  # fmt: skip
    (path,) = set_aside.aside(queue.directory)
    item = set_aside.read(path)
    assert (item.block, item.reason) == (Block("spans", b"<c>", 1), "not readable")


def test_one_item_cannot_be_split(queue: Queue) -> None:
    queue.put(block("a"))
    with pytest.raises(ValueError, match="cannot be split"):
        queue.split(queue.lease(**LEASE))


def test_a_second_collector_is_refused_with_a_sentence(queue: Queue, tmp_path: Path) -> None:
    with pytest.raises(QueueInUse, match=r"in use by another collector.*SPANGLASS_DATA_DIR"):
        Queue.open(tmp_path, max_bytes=MAX_BYTES)


def test_waiting_ends_when_enough_is_there_or_has_lingered(queue: Queue) -> None:
    assert not queue.wait(rows=1, linger_seconds=0, timeout_seconds=0.01)
    queue.put(block("a", rows=5))
    assert queue.wait(rows=5, linger_seconds=60, timeout_seconds=60)
    assert queue.wait(rows=6, linger_seconds=0.01, timeout_seconds=60)
    threading.Timer(0.05, queue.wake).start()
    assert queue.wait(rows=6, linger_seconds=60, timeout_seconds=60)


def test_many_threads_put_at_once_and_all_is_there(queue: Queue) -> None:
    def put_some(thread: int) -> None:
        for number in range(20):
            queue.put(block(f"{thread}.{number}"))

    threads = [threading.Thread(target=put_some, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = b""
    while group := queue.lease(max_rows=50, max_bytes=MAX_BYTES):
        found += group.block.body
        queue.ack(group)
    assert sorted(found.decode().strip("<>").split("><")) == sorted(f"{t}.{n}" for t in range(8) for n in range(20))


def test_a_failing_operation_fails_alone_and_leaves_nothing(queue: Queue) -> None:
    with queue._writer._changed:  # so that all three are in one transaction
        good = queue.submit(block("good"))
        bad = queue.submit(block("bad"), digest=object())  # type: ignore[arg-type]
        other = queue.submit(block("other"))
    assert good.result()
    assert other.result()
    with pytest.raises(Busy, match="cannot be written"):
        bad.result()
    assert queue.lease(**LEASE).block.body == b"<good><other>"
    assert spans_ledger(queue)["received"] == 2


def test_a_closed_queue_says_it_is_stopping(tmp_path: Path) -> None:
    queue = Queue.open(tmp_path, max_bytes=MAX_BYTES)
    queue.close()
    queue.close()
    with pytest.raises(Busy, match="stopping"):
        queue.put(block("a"))


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from spanglass_collector.queue import Queue;"
        "from spanglass_store.native import Block\n"
        "queue = Queue.open(Path(sys.argv[1]), max_bytes=10**9)\n"
        "for n in range(10**9):\n"
        "    queue.put(Block('spans', b'<%d>' % n, 1)); print(n, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if int(line) == 50:
                process.kill()
                break
        acknowledged = 50 + len(process.stdout.read().split())
    with Queue.open(tmp_path, max_bytes=10**9) as queue:
        numbers = queue.lease(max_rows=10**9, max_bytes=10**9).block.body.decode().strip("<>").split("><")
    assert [int(n) for n in numbers[: acknowledged + 1]] == list(range(acknowledged + 1))
    assert len(numbers) <= acknowledged + 2  # the last may have been on disk before it could be said
