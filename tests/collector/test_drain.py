from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from collector.waiting import until

from spanglass_collector.delivery import Delivery
from spanglass_collector.drain import Drain, Pace
from spanglass_collector.metrics import Metrics
from spanglass_collector.queue import Queue
from spanglass_store.errors import StoreRejected, StoreUnavailable
from spanglass_store.native import Block

PACE = Pace(rows=100, size_bytes=10**6, linger_seconds=0.01, retry_max_seconds=0.05)


class Database:
    """Remembers what was inserted; ``refuse`` may raise first."""

    def __init__(self, refuse: Callable[[Block], None] = lambda block: None) -> None:
        self.refuse = refuse
        self.tries: list[tuple[str, bytes]] = []
        self.stored = b""

    def insert(self, block: Block, token: str) -> None:
        self.tries.append((token, block.body))
        self.refuse(block)
        self.stored += block.body


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with Queue.open(tmp_path, max_bytes=10**6) as opened:
        yield opened


@contextmanager
def draining(queue: Queue, database: Database, ready: Callable[[], bool] = lambda: True) -> Iterator[Drain]:
    drain = Drain(queue, Delivery(database.insert), ready=ready, pace=PACE, metrics=Metrics())
    drain.start()
    try:
        yield drain
    finally:
        drain.stop(timeout_seconds=0)


def block(name: str) -> Block:
    return Block("spans", f"<{name}>".encode(), 1)


def test_what_is_queued_is_inserted_and_forgotten(queue: Queue) -> None:
    database = Database()
    with draining(queue, database):
        queue.put(block("a"))
        until(lambda: not queue.waiting_rows)
    assert database.stored == b"<a>"
    assert queue.ledger().result()["spans"]["stored"] == 1


def test_what_fails_for_now_is_tried_again_the_same_under_the_same_token(queue: Queue) -> None:
    database = Database()

    def away(_: Block) -> None:
        if len(database.tries) < 4:
            msg = "away"
            raise StoreUnavailable(msg)
        queue.put(block("later"))

    database.refuse = away
    queue.put(block("a"))
    queue.put(block("b"))
    with draining(queue, database):
        until(lambda: b"<a><b>" in database.stored)
    assert len(set(database.tries[:4])) == 1
    assert database.tries[0][1] == b"<a><b>"


def test_poison_is_set_aside_and_the_rest_is_stored(queue: Queue) -> None:
    def poisoned(block: Block) -> None:
        if b"<c>" in block.body:
            msg = "cannot read <c>"
            raise StoreRejected(msg)

    database = Database(poisoned)
    for name in "abcde":
        queue.put(block(name))
    with draining(queue, database):
        until(lambda: not queue.waiting_rows)
    assert sorted(database.stored) == sorted(b"<a><b><d><e>")
    told = queue.ledger().result()["spans"]
    assert (told["stored"], told["set_aside"], told["queued"]) == (4, 1, 0)


def test_a_database_without_its_tables_refuses_everything_and_costs_nothing(queue: Queue) -> None:
    has_tables = threading.Event()

    def without_tables(_: Block) -> None:
        if not has_tables.is_set():
            msg = "no such table"
            raise StoreRejected(msg)

    database = Database(without_tables)
    queue.put(block("a"))
    looks = iter([True])  # the tables go away after the first look
    with draining(queue, database, ready=lambda: next(looks, False) or has_tables.is_set()):
        until(lambda: database.tries)
        assert queue.ledger().result()["spans"]["set_aside"] == 0
        has_tables.set()
        until(lambda: not queue.waiting_rows)
    assert database.stored == b"<a>"


def test_nothing_is_tried_before_the_database_is_ready(queue: Queue) -> None:
    ready = threading.Event()
    asked = threading.Event()

    def is_ready() -> bool:
        asked.set()
        if not ready.is_set():
            msg = "away"
            raise StoreUnavailable(msg)
        return True

    database = Database()
    queue.put(block("a"))
    with draining(queue, database, ready=is_ready):
        assert asked.wait(10)
        assert not database.tries
        ready.set()
        until(lambda: database.stored)


def test_stopping_empties_the_queue_when_there_is_time(queue: Queue) -> None:
    database = Database()
    drain = Drain(
        queue, Delivery(database.insert), ready=lambda: True, pace=Pace(100, 10**6, 60, 1), metrics=Metrics()
    )  # would linger for a minute
    drain.start()
    queue.put(block("a"))
    drain.stop(timeout_seconds=30)
    assert database.stored == b"<a>"


def test_stopping_leaves_on_disk_what_cannot_be_stored_in_time(queue: Queue) -> None:
    def away(_: Block) -> None:
        msg = "away"
        raise StoreUnavailable(msg)

    database = Database(away)
    queue.put(block("a"))
    with draining(queue, database) as drain:
        until(lambda: database.tries)
        drain.stop(timeout_seconds=0.05)
    assert queue.waiting_rows == 1


def test_trouble_nobody_foresaw_costs_time_and_nothing_else(queue: Queue) -> None:
    database = Database()

    def stumble(_: Block) -> None:
        if len(database.tries) == 1:
            msg = "a bug"
            raise RuntimeError(msg)

    database.refuse = stumble
    queue.put(block("a"))
    with draining(queue, database):
        until(lambda: not queue.waiting_rows)
    assert database.tries[0] == database.tries[1]


def test_an_insert_that_hangs_does_not_hold_up_the_end(queue: Queue) -> None:
    go_on = threading.Event()
    database = Database(lambda _: (go_on.wait(60), None)[1])
    queue.put(block("a"))
    with draining(queue, database) as drain:
        until(lambda: database.tries)
        drain.stop(timeout_seconds=0.01)
        assert queue.waiting_rows == 1
        go_on.set()
