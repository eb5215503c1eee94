"""Log records from the wire to what is read: over HTTP and gRPC, before and after their spans, each once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from collector.log_records import logs_body, logs_request, record
from collector.serving import PROTOBUF, serving, settings
from collector.waiting import until
from collector.wire import as_otlp_json, body_of, wire_span
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from ports import free_port

from spanglass_collector.receive.otlp_grpc import METHODS
from spanglass_store.connection import Store

pytestmark = pytest.mark.clickhouse
WHOLE = "gen_ai.client.inference.operation.details"
BARE = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 7}


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def client(tmp_path: Path, store: Store, store_url: str, port: int) -> Iterator[httpx.Client]:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rules]]\nname = "r"\npatterns = ["email"]\n')
    with serving(settings(tmp_path, store_url, grpc_port=port, redaction_file=rules)) as served:
        yield served


def post(client: httpx.Client, path: str, body: bytes) -> None:
    answer = client.post(path, content=body, headers=PROTOBUF)
    assert (answer.status_code, answer.content) == (200, b"")


def call_of(client: httpx.Client, trace_id: str, *, said: str) -> dict[str, Any]:
    """The only span of a trace, once it says this."""

    def found() -> dict[str, Any] | None:
        answer = client.get(f"/api/v1/traces/{trace_id}")
        spans = answer.json()["spans"] if answer.is_success else []
        return spans[0] if spans and said in spans[0]["input"] + spans[0]["output"] else None

    return until(found)


def told_of(span: Any, name: str, **told: Any) -> Any:
    return record(name, trace_id=span.trace_id, span_id=span.span_id, **told)


def tables(client: httpx.Client) -> dict[str, dict[str, int]]:
    ledger = client.get("/api/v1/ledger").json()
    assert ledger["received"] == sum(ledger[n] for n in ("duplicate", "rejected", "queued", "stored", "set_aside"))
    return ledger["tables"]


def test_records_complete_their_span_whatever_comes_first(client: httpx.Client, port: int) -> None:
    early, late = wire_span("early", BARE), wire_span("late", BARE | {"gen_ai.output.messages": "as the span says"})
    records = [
        told_of(early, "gen_ai.system.message", body={"content": "Be terse."}),
        told_of(early, "gen_ai.user.message", body={"content": "I am ada@example.org"}),
        told_of(early, "gen_ai.choice", body={"index": 0, "finish_reason": "stop", "message": {"content": "There."}}),
        record(body="GET /health"),
    ]  # fmt: skip
    post(client, "/v1/logs", logs_body(*records))
    post(client, "/v1/logs", logs_body(*records))  # a client that did not hear the answer
    until(lambda: tables(client)["span_details"]["stored"] == 3)
    post(client, "/v1/traces", body_of(early, late))
    details = {
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Where?"}]}],
        "gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "not this"}]}],
        "gen_ai.usage.input_tokens": 99, "gen_ai.response.id": "r1", "gen_ai.tool.definitions": [{"name": "find"}],
    }  # fmt: skip
    document = json.dumps(as_otlp_json(logs_request(told_of(late, WHOLE, attributes=details)))).encode()
    answer = client.post("/v1/logs", content=document, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {})

    call = call_of(client, early.trace_id, said="There.")
    assert [(m["role"], m["parts"][0]["content"]) for m in call["input_messages"]] == [
        ("system", "Be terse."), ("user", "I am [masked:email]"),
    ]  # fmt: skip
    assert (call["output_messages"][0]["parts"][0]["content"], call["finish_reasons"]) == ("There.", ["stop"])
    assert call["usage"]["input_tokens"] == 7
    whole = call_of(client, late.trace_id, said="Where?")
    assert (whole["output"], whole["response_id"], whole["usage"]["input_tokens"]) == (
        '[{"role":"assistant","parts":[{"type":"text","content":"as the span says"}]}]', "r1", 7,
    )  # fmt: skip
    assert json.loads(whole["attributes"]["gen_ai.tool.definitions"]) == [{"name": "find"}]
    listed = client.get("/api/v1/traces").json()["traces"]
    previews = {trace["trace_id"]: (trace["input_preview"], trace["output_preview"]) for trace in listed}
    assert previews == {
        early.trace_id: ("I am [masked:email]", "There."), late.trace_id: ("Where?", "as the span says"),
    }  # fmt: skip
    assert {name: count for name, count in tables(client)["span_details"].items() if count} == {
        "received": 7, "duplicate": 3, "stored": 4,
    }  # fmt: skip
    counted = client.get("/metrics").text
    for line in ('log_records_total{outcome="kept"} 7.0', 'log_records_total{outcome="unread"} 2.0',
                 'duplicate_total{signal="logs"} 4.0', 'received_total{signal="logs"} 9.0'):  # fmt: skip
        assert f"spanglass_{line}" in counted

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        judged = told_of(late, "gen_ai.evaluation.result", attributes={
            "gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 0.5,
            "gen_ai.evaluation.explanation": "for ada@example.org"})  # fmt: skip
        export = channel.unary_unary(f"/{METHODS['logs']}/Export")
        answers = [export(logs_body(judged), timeout=30) for _ in range(2)]
    assert [ExportLogsServiceResponse.FromString(each) for each in answers] == [ExportLogsServiceResponse()] * 2
    until(lambda: tables(client)["scores"]["stored"] == 1)
    (score,) = client.get(f"/api/v1/traces/{late.trace_id}").json()["spans"][0]["scores"]
    assert (score["name"], score["value"], score["comment"]) == ("relevance", 0.5, "for [masked:email]")


def test_a_body_that_is_no_request_is_refused(client: httpx.Client) -> None:
    answer = client.post("/v1/logs", content=b"\xff\xff", headers=PROTOBUF)
    assert answer.status_code == 400
    assert tables(client) == {}
