"""How a queue is emptied into the real engine when tries before may have gone wrong."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from collector.serving import settings
from collector.waiting import until
from collector.wire import body_of, wire_span

from spanglass_collector.delivery import AGAIN
from spanglass_collector.drains import Drains
from spanglass_collector.journal.group import Group
from spanglass_collector.metrics import Metrics
from spanglass_collector.pipeline import batch_from_body
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.queue import Queue
from spanglass_store.cluster import Cluster
from spanglass_store.connection import Store
from spanglass_store.errors import StoreUnavailable
from spanglass_store.query import Query
from spanglass_store.scores import Score, block_from_scores

pytestmark = pytest.mark.clickhouse


def count(store: Store, table: str = "spans") -> int:
    rows: int = store.fetch_rows(Query("rows", f"SELECT count() AS rows FROM {table}"))[0]["rows"]
    return rows


def leased(queue: Queue) -> Group:
    rows = batch_from_body(body_of(wire_span(), wire_span()), project="p", received_ns=1, prices=GenaiPrices()).rows
    queue.put(rows)
    group = queue.lease(max_rows=10, max_bytes=10**6)
    assert group is not None
    return group


def drained(drains: Drains, queue: Queue) -> None:
    drain = drains.drain_of(queue)
    drain.start()
    until(lambda: not queue.waiting_rows)
    drain.stop(timeout_seconds=10)


@pytest.fixture
def drains(tmp_path: Path, store: Store, store_url: str) -> Drains:
    return Drains(settings(tmp_path, store_url), store, Metrics())


def test_a_group_that_was_stored_before_is_not_stored_again(tmp_path: Path, store: Store, drains: Drains) -> None:
    with Queue.open(tmp_path / "q", max_bytes=10**6) as queue:
        group = leased(queue)
        store.insert(group.block, token=group.group_id)
        drained(drains, queue)
        assert queue.ledger().result()["spans"]["stored"] == 2
    assert count(store) == 2


def test_a_token_that_is_known_without_its_rows_does_not_cost_them(
    tmp_path: Path, store: Store, drains: Drains
) -> None:
    """As after ClickHouse was killed between the two."""
    with Queue.open(tmp_path / "q", max_bytes=10**6) as queue:
        group = leased(queue)
        store.insert(group.block, token=group.group_id)
        store.execute("DELETE FROM spans WHERE 1 = 1")
        store.insert(group.block, token=group.group_id)
        assert count(store) == 0  # it takes it for done
        drained(drains, queue)
    assert count(store) == 2
    store.insert(group.block, token=group.group_id + AGAIN)
    assert count(store) == 2


def test_of_a_known_token_only_the_rows_that_are_not_there_are_stored(
    tmp_path: Path, store: Store, drains: Drains
) -> None:
    """As after ClickHouse was killed between the two, at one of several days or shards."""
    with Queue.open(tmp_path / "q", max_bytes=10**6) as queue:
        group = leased(queue)
        store.insert(group.block, token=group.group_id)
        store.execute("DELETE FROM spans WHERE span_id = (SELECT min(span_id) FROM spans)")
        assert count(store) == 1
        drained(drains, queue)
    assert count(store) == 2
    assert store.fetch_rows(Query("different", "SELECT uniqExact(span_id) AS spans FROM spans")) == [{"spans": 2}]


def test_with_keeper_a_known_token_is_taken_at_its_word(
    tmp_path: Path, store: Store, drains: Drains, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the rows may be on another replica, and come."""
    monkeypatch.setattr("spanglass_collector.drains.layout", lambda _: Cluster("main", "d", has_keeper=True))
    with Queue.open(tmp_path / "q", max_bytes=10**6) as queue:
        group = leased(queue)
        store.insert(group.block, token=group.group_id)
        store.execute("DELETE FROM spans WHERE 1 = 1")
        drained(drains, queue)
    assert count(store) == 0


def test_rows_that_replace_one_another_are_written_again_to_be_sure(
    tmp_path: Path, store: Store, drains: Drains
) -> None:
    score = Score(project="p", name="n", score_id="s", timestamp_ns=time.time_ns(), trace_id="a" * 32, value=1.0)
    with Queue.open(tmp_path / "q", max_bytes=10**6) as queue:
        queue.put(block_from_scores([score]))
        group = queue.lease(max_rows=10, max_bytes=10**6)
        assert group is not None
        store.insert(group.block, token=group.group_id)
        store.execute("DELETE FROM scores WHERE 1 = 1")
        drained(drains, queue)
    assert count(store, "scores") == 1


def test_where_nobody_can_say_what_is_stored_it_is_asked_again_later(
    tmp_path: Path, store: Store, drains: Drains, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_rows = store.fetch_rows
    asked: list[str] = []

    def refuse_once(query: Query) -> list[dict[str, object]]:
        if query.name == "presence of rows":
            asked.append(query.name)
            if len(asked) == 1:
                msg = "no answer"
                raise StoreUnavailable(msg)
        return fetch_rows(query)

    monkeypatch.setattr(store, "fetch_rows", refuse_once)
    with Queue.open(tmp_path / "q", max_bytes=10**6) as queue:
        leased(queue)
        drained(drains, queue)
        assert queue.ledger().result()["spans"]["stored"] == 2
    assert (count(store), len(asked)) == (2, 2)
