"""Requests that two collectors hold: two queues and their drains, one real engine."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from collector.waiting import until
from collector.wire import body_of, model_call, wire_span

from spanglass_collector.claims import Claims, Patience
from spanglass_collector.delivery import Delivery
from spanglass_collector.drain import Drain, Pace
from spanglass_collector.metrics import Metrics
from spanglass_collector.pipeline import batch_from_body
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.queue import Queue
from spanglass_store.connection import Store
from spanglass_store.errors import StoreRejected, StoreUnavailable
from spanglass_store.native import Block, block_from_columns
from spanglass_store.query import Query

pytestmark = pytest.mark.clickhouse
PATIENCE_SECONDS = 0.6
Told = dict[str, int]


@dataclass
class Collector:
    """A queue and what empties it. ``away``: inserts find no database. ``dies``: they do, and their answer is lost."""

    store: Store
    directory: Path
    patience_seconds: float = PATIENCE_SECONDS
    away: threading.Event = field(default_factory=threading.Event)
    dies: threading.Event = field(default_factory=threading.Event)
    is_ready: bool = True

    def put(self, body: bytes) -> None:
        rows = batch_from_body(body, project="p", received_ns=time.time_ns(), prices=GenaiPrices()).rows
        with self.opened() as queue:
            queue.put(rows, digest=hashlib.sha256(body).digest())

    @contextmanager
    def opened(self) -> Iterator[Queue]:
        with Queue.open(self.directory, max_bytes=10**8) as queue:
            yield queue

    @contextmanager
    def draining(self) -> Iterator[Queue]:
        def insert(block: Block, token: str) -> None:
            if not self.away.is_set():
                self.store.insert(block, token=token)
            if self.away.is_set() or self.dies.is_set():
                msg = "no answer"
                raise StoreUnavailable(msg)

        with self.opened() as queue:
            claims = Claims(self.store, queue.identity, Patience(self.patience_seconds))
            pace = Pace(rows=1000, size_bytes=10**7, linger_seconds=0.0, retry_max_seconds=0.05)
            drain = Drain(
                queue, Delivery(insert), ready=lambda: self.is_ready, pace=pace, metrics=Metrics(), claims=claims
            )
            drain.start()
            try:
                yield queue
            finally:
                drain.stop(timeout_seconds=0)

    def ledger(self) -> Told:
        with self.opened() as queue:
            return told(queue)


def told(queue: Queue) -> Told:
    return {name: count for name, count in queue.ledger().result().get("spans", {}).items() if count}


@pytest.fixture
def two(tmp_path: Path, store: Store) -> tuple[Collector, Collector]:
    return Collector(store, tmp_path / "a"), Collector(store, tmp_path / "b")


def stored(store: Store) -> tuple[int, int]:
    """(rows, different spans)."""
    found = store.fetch_rows(Query("spans", "SELECT count() AS rows, uniqExact(trace_id, span_id) AS spans FROM spans"))
    return found[0]["rows"], found[0]["spans"]


def emptied(*collectors: Collector) -> None:
    with ExitStack() as stack:
        queues = [stack.enter_context(collector.draining()) for collector in collectors]
        until(lambda: not any(queue.waiting_rows for queue in queues))


def test_what_two_get_at_once_is_stored_once_and_both_ledgers_say_so(
    two: tuple[Collector, Collector], store: Store
) -> None:
    bodies = [body_of(model_call(), model_call()) for _ in range(30)]
    for collector in two:
        for body in bodies:
            collector.put(body)
    two[0].put(body_of(wire_span()))
    emptied(*two)
    assert stored(store) == (61, 61)
    ledgers = [collector.ledger() for collector in two]
    assert sum(each.get("stored", 0) for each in ledgers) == 61
    assert sum(each.get("duplicate", 0) for each in ledgers) == 60


def test_what_another_has_stored_is_a_duplicate(two: tuple[Collector, Collector], store: Store) -> None:
    a, b = two
    body = body_of(wire_span(), wire_span(start_ns=0, end_ns=0))  # one has the time of its arrival
    for collector in (a, b):
        collector.put(body)
        emptied(collector)
    assert stored(store) == (2, 2)
    assert (a.ledger(), b.ledger()) == ({"received": 2, "stored": 2}, {"received": 2, "duplicate": 2})


def test_who_claimed_and_died_is_waited_for_and_then_replaced(two: tuple[Collector, Collector], store: Store) -> None:
    a, b = two
    body = body_of(wire_span())
    a.put(body)
    a.away.set()
    with a.draining():
        until(lambda: claims_of(store))
    b.put(body)
    emptied(b)
    assert b.ledger() == {"received": 1, "stored": 1}
    a.away.clear()
    emptied(a)  # it comes back, and finds that another was named
    assert stored(store) == (1, 1)
    assert a.ledger()["received"] == 1


def test_who_stored_and_died_before_knowing_it_is_the_one_who_stored(
    two: tuple[Collector, Collector], store: Store
) -> None:
    a, b = two
    body = body_of(wire_span())
    a.put(body)
    a.dies.set()
    with a.draining():
        until(lambda: stored(store) == (1, 1))
    b.put(body)
    emptied(b)
    a.dies.clear()
    emptied(a)
    assert stored(store) == (1, 1)
    assert (a.ledger(), b.ledger()) == ({"received": 1, "stored": 1}, {"received": 1, "duplicate": 1})


def test_two_who_both_may_have_stored_it_store_it_once(two: tuple[Collector, Collector], store: Store) -> None:
    body = body_of(wire_span())
    for collector in two:
        collector.put(body)
        collector.away.set()
        with collector.opened() as queue, pytest.MonkeyPatch.context() as patch:
            claims = Claims(store, queue.identity, Patience(PATIENCE_SECONDS))
            patch.setattr(claims, "_others", lambda digests: {digest: {} for digest in digests})
            group = queue.lease(max_rows=10, max_bytes=10**6)
            assert group is not None
            assert not claims.contest(group, is_tried=False).lost  # each looked before the other was there
        collector.away.clear()
    emptied(*two)
    assert stored(store) == (1, 1)


def test_what_is_contested_waits_on_disk_for_the_database_and_its_tables(
    two: tuple[Collector, Collector], store: Store
) -> None:
    a, b = two
    body = body_of(wire_span())
    for collector in two:
        collector.put(body)
        collector.patience_seconds = 0.1
        collector.away.set()
    with a.draining() as queue, b.draining() as other:
        until(lambda: not queue.leasable_rows and not other.leasable_rows)
    for collector in two:
        collector.away.clear()
    emptied(*two)
    assert stored(store) == (1, 1)


def test_a_contested_request_that_is_poison_is_set_aside_but_not_for_want_of_tables(
    two: tuple[Collector, Collector], store: Store
) -> None:
    a, b = two
    poison = block_from_columns("spans", [("no_such_column", "UInt8", [1])])
    for collector in two:
        with collector.opened() as queue:
            queue.put(poison, digest=b"d" * 16)
            claims = Claims(store, queue.identity, Patience(PATIENCE_SECONDS))
            claims._claim([b"d" * 16], "g", yielded=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Claims, "is_stored", lambda *_: False)
        a.is_ready = b.is_ready = True
        with a.draining() as queue:
            until(lambda: not queue.leasable_rows)
            a.is_ready = False
            time.sleep(2 * PATIENCE_SECONDS)
            assert told(queue) == {"received": 1, "queued": 1}
            a.is_ready = True
            until(lambda: told(queue) == {"received": 1, "set_aside": 1})
    with pytest.raises(StoreRejected):
        store.insert(poison, token="t")


@pytest.mark.parametrize("was_stored", [True, False])
def test_a_group_that_may_be_stored_stays_whole(
    two: tuple[Collector, Collector], store: Store, was_stored: bool
) -> None:
    """ClickHouse knows a token only with the rows it came with: less of the group would be stored beside it."""
    a, b = two
    bodies = [body_of(wire_span()) for _ in range(3)]
    for body in bodies:
        a.put(body)
    (a.dies if was_stored else a.away).set()
    with a.draining():
        until(lambda: claims_of(store) == 3 and stored(store)[0] == 3 * was_stored)
    with b.opened() as queue:  # it claims one of them, and dies
        digest = hashlib.sha256(bodies[1]).digest()[:16]
        Claims(store, queue.identity, Patience(PATIENCE_SECONDS))._claim([digest], "g", yielded=False)
    a.dies.clear()
    a.away.clear()
    emptied(a)
    assert stored(store) == (3, 3)
    assert a.ledger() == {"received": 3, "stored": 3}


def claims_of(store: Store) -> int:
    rows: int = store.fetch_rows(Query("claims", "SELECT uniqExact(digest) AS n FROM claims"))[0]["n"]
    return rows
