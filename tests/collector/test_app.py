"""The whole collector against the real engine."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from collector.forked import Collector
from collector.payloads import RECORDED, Payload
from collector.serving import PROTOBUF, serving, settings
from collector.waiting import until
from collector.wire import body_of, model_call, wire_span
from ports import free_port

from spanglass_collector.app import run
from spanglass_collector.errors import PortTaken, QueueInUse, StartRefused
from spanglass_collector.pipeline import batch_from_body
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.queue import Queue
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.keys import block_from_key, new_key
from spanglass_store.migrate import migrate
from spanglass_store.native import block_from_columns
from spanglass_store.query import Query

pytestmark = pytest.mark.clickhouse
CHAT = Payload("openinference-openai", "chat")


@pytest.fixture
def client(tmp_path: Path, store: Store, store_url: str) -> Iterator[httpx.Client]:
    with serving(settings(tmp_path, store_url)) as served:
        yield served


def post(client: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/traces", content=body, headers=PROTOBUF | named)


def trace_of(client: httpx.Client, trace_id: str, *, spans: int = 1) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        answer = client.get(f"/api/v1/traces/{trace_id}")
        return answer.json() if answer.is_success and len(answer.json()["spans"]) >= spans else None

    return until(found)


def ledger(client: httpx.Client) -> dict[str, int]:
    found = client.get("/api/v1/ledger").json()
    assert found["received"] == sum(found[n] for n in ("duplicate", "rejected", "queued", "stored", "set_aside"))
    return {name: count for name, count in found.items() if isinstance(count, int) and count}


def test_a_recorded_payload_is_shown_as_it_was(client: httpx.Client) -> None:
    body = (RECORDED / "openinference-openai" / "chat.pb").read_bytes()
    assert post(client, body).status_code == 200
    truth = CHAT.truth["calls"][0]["expect"]
    trace = trace_of(client, CHAT.truth["span_tree"][0]["trace_id"])
    (span,) = trace["spans"]
    assert {name: span[name] for name in ("request_model", "response_model", "response_id", "provider", "kind")} == {
        "request_model": truth["request_model"],
        "response_model": truth["response_model"],
        "response_id": truth["response_id"],
        "provider": truth["provider_as_sent"][0],
        "kind": "llm",
    }
    assert [(m["role"], m["parts"]) for m in span["input_messages"]] == [
        (m["role"], [{"type": "text", "content": m["text"]}]) for m in truth["input_messages"]
    ]
    assert span["output_messages"][0]["parts"] == [{"type": "text", "content": truth["output_text"]}]
    assert (span["usage"]["input_tokens"], span["usage"]["output_tokens"]) == (128, 306)
    assert span["usage"]["cache_write_tokens"] is None
    assert (span["parameters"], span["finish_reasons"]) == (truth["params"], [truth["finish_reason"]])
    assert (span["parent_span_id"], span["status"], span["usage_counted"]) == (None, "ok", True)
    assert int(span["end_ns"]) - int(span["start_ns"]) == 51_499_141
    assert (span["cost_usd"], span["cost_source"]) == (0.0002028, "computed")
    assert trace["totals"] == {
        "cost_usd": 0.0002028, "input_tokens": 128, "output_tokens": 306, "duration_seconds": 0.051499141, "errors": 0,
    }  # fmt: skip


def test_an_unknown_trace_is_404_and_no_id_is_400(client: httpx.Client) -> None:
    missing = client.get("/api/v1/traces/" + "a" * 32)
    assert (missing.status_code, "There is no trace" in missing.json()["error"]) == (404, True)
    assert client.get("/api/v1/traces/xyz").status_code == 400


def test_what_is_unknown_is_null_and_a_failure_has_its_reason(client: httpx.Client) -> None:
    root = wire_span("root", {"spanglass.input": "question", "x": [1, 2]})
    failed = model_call(
        trace_id=root.trace_id, parent_span_id=root.span_id, status_code=2, status_message="overloaded",
        attributes={"gen_ai.request.model": "mine", "gen_ai.response.model": "mine", "error.type": "Overloaded"},
    )  # fmt: skip
    post(client, body_of(root, failed))
    trace = trace_of(client, root.trace_id, spans=2)
    spans = {span["name"]: span for span in trace["spans"]}
    assert spans["root"]["attributes"] == {"x": "[1,2]"}
    assert "input_messages" not in spans["root"]
    call = spans["chat gpt-4o-mini"]
    assert (call["cost_usd"], call["cost_source"]) == (None, "")
    assert (call["status"], call["error_type"], call["error_message"]) == ("error", "Overloaded", "overloaded")
    assert (trace["totals"]["cost_usd"], trace["totals"]["errors"]) == (None, 1)


def test_projects_do_not_see_each_other(client: httpx.Client) -> None:
    span = wire_span()
    post(client, body_of(span), x_spanglass_project="shop")
    until(lambda: client.get(f"/api/v1/traces/{span.trace_id}", headers={"x-spanglass-project": "shop"}).is_success)
    assert client.get(f"/api/v1/traces/{span.trace_id}").status_code == 404


def test_scores_are_on_their_span_and_a_later_one_with_the_same_id_replaces(client: httpx.Client) -> None:
    span = model_call()
    post(client, body_of(span))
    one = {"id": "s1", "name": "helpful", "value": 0.25, "trace_id": span.trace_id, "span_id": span.span_id}
    of_trace = {"name": "right", "value": True, "trace_id": span.trace_id, "source": "human"}
    assert client.post("/api/v1/scores", json=[one, of_trace]).json()["ids"][0] == "s1"
    until(lambda: len(trace_of(client, span.trace_id)["scores"]) == 1)
    assert client.post("/api/v1/scores", json=one | {"value": 1, "comment": "better"}).status_code == 200
    until(lambda: trace_of(client, span.trace_id)["spans"][0]["scores"][0]["comment"] == "better")
    trace = trace_of(client, span.trace_id)
    assert [(s["id"], s["value"]) for s in trace["spans"][0]["scores"]] == [("s1", 1.0)]
    assert [(s["name"], s["value"], s["source"]) for s in trace["scores"]] == [("right", True, "human")]


def test_a_wrong_score_is_400_and_names_the_field(client: httpx.Client) -> None:
    answer = client.post("/api/v1/scores", json={"name": "n", "value": 1, "trace_id": "zz"})
    assert answer.status_code == 400
    assert answer.json() == {"error": "trace_id: 32 hexadecimal digits are needed.", "field": "trace_id"}


def test_traces_and_measures_are_told(client: httpx.Client) -> None:
    span = model_call(resource={"service.name": "shop"})
    post(client, body_of(span))
    trace_of(client, span.trace_id)
    listed = client.get("/api/v1/traces", params={"service": "shop"}).json()["traces"]
    assert [(row["trace_id"], row["status"], row["total_tokens"]) for row in listed] == [(span.trace_id, "ok", 1500)]
    assert client.get("/api/v1/traces", params={"service": "other"}).json()["traces"] == []
    asked = {"measures": ["calls", "cost_usd", "score_mean"][:2], "filters": {"service": ["shop"]}}
    assert client.post("/api/v1/query", json=asked).json()["rows"] == [{"calls": 1.0, "cost_usd": 0.00045}]
    over_time = client.post("/api/v1/query", json=asked | {"interval_seconds": 60, "group_by": "model"}).json()["rows"]
    assert [(row["group"], row["calls"]) for row in over_time] == [("gpt-4o-mini-2024-07-18", 1.0)]
    assert {"calls", "cost_usd"} <= {each["name"] for each in client.get("/api/v1/measures").json()["measures"]}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"measures": []}, "measures"),
        ({"measures": ["nothing"]}, "nothing"),
        ({"measures": ["calls"], "filters": {"colour": ["red"]}}, "colour"),
        ({"measures": ["calls"], "start_ns": 5, "end_ns": 5}, "start_ns must be before end_ns"),
        ({"measures": ["calls"], "interval_seconds": 0}, "interval_seconds"),
    ],
)
def test_a_question_without_sense_is_400_with_a_sentence(
    client: httpx.Client, asked: dict[str, Any], says: str
) -> None:
    answer = client.post("/api/v1/query", json=asked)
    assert (answer.status_code, says in answer.json()["error"]) == (400, True)


def test_a_body_sent_twice_is_stored_once(client: httpx.Client, store: Store) -> None:
    span = wire_span()
    for _ in range(3):
        assert post(client, body_of(span)).status_code == 200
    trace_of(client, span.trace_id)
    until(lambda: "queued" not in ledger(client))
    assert ledger(client) == {"received": 3, "duplicate": 2, "stored": 1}
    assert store.fetch_rows(Query("rows", "SELECT count() AS rows FROM spans")) == [{"rows": 1}]


def test_poison_is_set_aside_and_the_rest_is_stored(tmp_path: Path, store: Store, store_url: str) -> None:
    poison = block_from_columns("spans", [("no_such_column", "UInt8", [1, 2, 3])])
    bodies = [body_of(wire_span()) for _ in range(6)]
    good = [batch_from_body(b, project="p", received_ns=time.time_ns(), prices=GenaiPrices()).rows for b in bodies]
    with Queue.open(tmp_path / "queue" / "0", max_bytes=10**6) as queue:
        for block in (*good[:3], poison, *good[3:]):
            queue.put(block)
    with serving(settings(tmp_path, store_url)) as client:
        until(lambda: "queued" not in ledger(client))
        assert ledger(client) == {"received": 9, "stored": 6, "set_aside": 3}
        assert 'spanglass_set_aside_rows_total{table="spans"} 3.0' in client.get("/metrics").text
    assert store.fetch_rows(Query("rows", "SELECT count() AS rows FROM spans")) == [{"rows": 6}]


def test_keys_decide_the_project_and_what_may_be_done(tmp_path: Path, store: Store, store_url: str) -> None:
    texts = {}
    for scope in ("ingest", "read"):
        text, key = new_key("shop", scope, scope, secret=secrets.token_urlsafe(32), key_id=scope, now_ns=1)
        store.insert(block_from_key(key, version=1), token=scope)
        texts[scope] = {"authorization": f"Bearer {text}"}
    span = wire_span()
    with serving(settings(tmp_path, store_url, require_keys=True)) as client:
        assert post(client, body_of(span)).status_code == 401
        assert post(client, body_of(span), **texts["read"]).status_code == 403
        assert post(client, body_of(span), **texts["ingest"]).status_code == 200
        url = f"/api/v1/traces/{span.trace_id}"
        found = until(lambda: (answer := client.get(url, headers=texts["read"])).is_success and answer)
        assert found.json()["spans"][0]["project"] == "shop"
        assert client.get(url, headers=texts["ingest"]).status_code == 403
        assert client.get(url).status_code == 401


def test_spans_wait_for_the_database_and_for_its_tables(
    tmp_path: Path, clickhouse: EmbeddedClickHouse, store_url: str
) -> None:
    span = wire_span()
    with serving(settings(tmp_path, store_url)) as client:
        assert post(client, body_of(span)).status_code == 200
        assert "Run: spanglass migrate" in until(lambda: client.get("/readyz").json()["problems"])[0]
        assert ledger(client) == {"received": 1, "queued": 1}
        with Store.open(store_url) as store:
            migrate(store)
        trace_of(client, span.trace_id)
        assert client.get("/readyz").json() == {"ready": True, "problems": []}


def test_spans_wait_while_the_database_is_down(tmp_path: Path) -> None:
    port = free_port()
    server = EmbeddedClickHouse(tmp_path / "clickhouse", http_port=port)
    with server, Store.open(server.url()) as store:
        migrate(store)
        url = server.url()
    spans = [wire_span() for _ in range(5)]
    with serving(settings(tmp_path, url)) as client:
        for span in spans:
            assert post(client, body_of(span)).status_code == 200
        assert client.get("/readyz").status_code == 503
        with EmbeddedClickHouse(tmp_path / "clickhouse", http_port=port):
            for span in spans:
                trace_of(client, span.trace_id)
            until(lambda: ledger(client) == {"received": 5, "stored": 5})


def test_sigterm_finishes_what_is_under_way_and_exits_cleanly(tmp_path: Path, store: Store, store_url: str) -> None:
    *sent, last = (body_of(wire_span()) for _ in range(4))
    with Collector(settings(tmp_path, store_url, linger_seconds=30.0, shutdown_seconds=20.0)) as collector:
        for body in sent:
            httpx.post(collector.url + "/v1/traces", content=body, headers=PROTOBUF)
        address = (collector.settings.host, collector.settings.port)
        with socket.create_connection(address) as slow:
            slow.settimeout(60)
            head = f"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: {len(last)}"
            slow.sendall(head.encode() + b"\r\n\r\n" + last[:20])
            assert collector.process is not None
            collector.process.terminate()
            until(lambda: not is_open(address))
            slow.sendall(last[20:])
            assert slow.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert collector.stop() == 0
    assert store.fetch_rows(Query("rows", "SELECT count() AS rows FROM spans")) == [{"rows": 4}]


def is_open(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_taken_port_and_a_queue_in_use_are_refused_with_a_sentence(tmp_path: Path) -> None:
    nowhere = "http://writer@127.0.0.1:1/spanglass"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} on 127.0.0.1 is taken.*SPANGLASS_PORT"):
            run(settings(tmp_path, nowhere, port=port))
    with pytest.raises(StartRefused, match=r"cannot listen on no\.such\.host\.invalid"):
        run(settings(tmp_path, nowhere, host="no.such.host.invalid"))
    with serving(settings(tmp_path, nowhere)), pytest.raises(QueueInUse, match="in use by another collector"):
        run(settings(tmp_path, nowhere))
