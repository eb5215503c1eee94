"""What the collector says of itself to the dashboard's page."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import httpx
import pytest
from collector.serving import PROTOBUF, serving, settings
from collector.waiting import until
from collector.wire import body_of, wire_span

from spanglass_collector.board import Notice
from spanglass_collector.history import LOOKS, History, Look
from spanglass_collector.queue import Queue
from spanglass_store.connection import Store
from spanglass_store.keys import block_from_key, new_key
from spanglass_store.native import block_from_columns

NOWHERE = "http://writer:secret@127.0.0.1:1/spanglass"
POISON = block_from_columns("spans", [("no_such_column", "UInt8", [1, 2, 3])])


def status(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/status").json()
    return found


def test_history_keeps_an_hour() -> None:
    history = History()
    tables = {"spans": {"received": 5, "stored": 3}, "scores": {"received": 1, "stored": 1}}
    for second in range(LOOKS + 5):
        history.add(Notice(tables, 2, 20, 99), second)
    assert len(history.looks) == LOOKS
    assert history.looks[-1] == Look(LOOKS + 4, 6, 4, 2, 20)


@pytest.mark.clickhouse  # for the Store it opens, not for a server
def test_what_waits_and_what_was_refused_is_told(tmp_path: Path) -> None:
    with serving(settings(tmp_path, NOWHERE, queue_max_bytes=10**6)) as client:
        for _ in range(2):
            assert client.post("/v1/traces", content=body_of(wire_span()), headers=PROTOBUF).is_success
        assert client.post("/v1/traces", content=b"garbage!", headers=PROTOBUF).status_code == 400
        told = status(client)
        assert (told["ready"], told["problems"]) == (False, ["ClickHouse at 127.0.0.1:1 does not answer"])
        assert told["ledger"]["spans"]["queued"] == 2
        queue = told["queue"]
        assert (queue["rows"], queue["max_bytes"], 0 < queue["bytes"] < queue["file_bytes"]) == (2, 10**6, True)
        assert 0 <= queue["oldest_seconds"] < 60
        assert set(until(lambda: status(client)["history"])[0]) == {"at_ns", "received", "stored", "rows", "size_bytes"}
        counters = {(each["name"], each["labels"].get("status")): each["value"] for each in told["counters"]}
        assert counters["spanglass_requests_total", "200"] == 2
        assert counters["spanglass_requests_total", "400"] == 1
        assert "spanglass_queue_oldest_seconds 0." in client.get("/metrics").text


@pytest.mark.clickhouse
def test_what_is_set_aside_is_told_to_admins(tmp_path: Path, store: Store, store_url: str) -> None:
    headers = {}
    for scope in ("read", "admin"):
        text, key = new_key("shop", scope, scope, secret=secrets.token_urlsafe(32), key_id=scope, now_ns=1)
        store.insert(block_from_key(key, version=1), token=scope)
        headers[scope] = {"authorization": f"Bearer {text}"}
    with Queue.open(tmp_path / "queue" / "0", max_bytes=10**6) as queue:
        queue.put(POISON)
    with serving(settings(tmp_path, store_url, require_keys=True)) as client:
        until(lambda: status(client)["ledger"]["spans"]["set_aside"] == 3)
        assert status(client)["queue"]["oldest_seconds"] is None
        assert client.get("/api/v1/set_aside").status_code == 401
        assert client.get("/api/v1/set_aside", headers=headers["read"]).status_code == 403
        told = client.get("/api/v1/set_aside", headers=headers["admin"]).json()
    assert told["count"] == 1
    (item,) = told["items"]
    assert (item["id"], item["table"], item["rows"], item["bytes"]) == ("0/1", "spans", 3, len(POISON.body))
    assert "no_such_column" in item["reason"]
