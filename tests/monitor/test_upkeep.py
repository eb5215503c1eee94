"""The monitor looks after stored rows: it begins as soon as it can, and goes on after trouble."""

from __future__ import annotations

import logging
import threading

import pytest
from collector.waiting import until
from store.life import NOW_NS, left, span

from spanglass_monitor.settings import Settings
from spanglass_monitor.upkeep import attend
from spanglass_store.connection import Store
from spanglass_store.deletion import Doomed
from spanglass_store.erasure import remember
from spanglass_store.migrate import migrate
from spanglass_store.query import Query
from spanglass_store.retention import Retention, block_from_retention
from spanglass_store.rows import block_from_spans

pytestmark = pytest.mark.clickhouse


def test_what_was_on_its_way_is_put_right(store_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "spanglass_monitor.upkeep")
    stop = threading.Event()
    settings = Settings(clickhouse_url=store_url)
    thread = threading.Thread(target=attend, args=(settings, stop), kwargs={"every_seconds": 0.2})
    thread.start()
    try:
        until(lambda: "could not be looked after" in caplog.text)  # there is no table yet
        with Store(store_url) as store:
            migrate(store)
            store.insert(block_from_retention(Retention("shop", 7), version=1), token="1")
            remember(store, Doomed("shop", ("a" * 32,)), "trace", ["a" * 32], at_ns=NOW_NS)
            store.insert(block_from_spans([span("a" * 32, 1), span("b" * 32, 3)]), token="late")
            until(lambda: left(store, "spans") == {"3"} and "went" in caplog.text)
    finally:
        stop.set()
        thread.join()


def test_scores_of_two_hours_ago_get_a_copy_of_what_answered(store: Store, store_url: str) -> None:
    store.insert(block_from_spans([span("a" * 32, 1, kind="llm", response_model="m-1")]), token="span")
    store.execute(
        "INSERT INTO scores (project, name, score_id, timestamp, trace_id, value, stored_at) "
        f"SELECT 'shop', 'quality', id, fromUnixTimestamp64Nano({NOW_NS}), unhex('{'a' * 32}'), 1, now() - hours * 3600 "
        "FROM VALUES('id String, hours UInt32', ('old', 2), ('new', 0))"
    )
    stop = threading.Event()
    thread = threading.Thread(target=attend, args=(Settings(clickhouse_url=store_url), stop))
    thread.start()
    told = Query("", "SELECT score_id, answer_model FROM scores FINAL WHERE has_answer")
    try:
        until(lambda: [tuple(row.values()) for row in store.fetch_rows(told)] == [("old", "m-1")])
    finally:
        stop.set()
        thread.join()
