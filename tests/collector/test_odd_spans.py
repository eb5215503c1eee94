"""Odd, huge and secret content, sent over sockets, as it is stored in the real engine."""

from __future__ import annotations

import base64
import gzip
import json
import secrets
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from collector.payloads import CORPUS
from collector.serving import PROTOBUF, serving, settings
from collector.waiting import until
from collector.wire import body_of, model_call, request_of, wire_span
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from spanglass_collector.decode import WireEvent, WireSpan
from spanglass_store.connection import Store
from spanglass_store.keys import block_from_key, new_key

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.clickhouse
JSON = {"content-type": "application/json; charset=utf-8"}
NOWHERE = "http://writer:secret@127.0.0.1:1/spanglass"
VERCEL = CORPUS / "vercel-ai-sdk-5" / "tool_call.json"

RULES = """
[[rules]]
name = "people"
projects = ["default"]
patterns = ["email", "credit_card"]
paths = ["*.password"]
"""


@pytest.fixture
def client(tmp_path: Path, store: Store, store_url: str) -> Iterator[httpx.Client]:
    with serving(settings(tmp_path, store_url)) as served:
        yield served


def post(client: httpx.Client, body: bytes, path: str = "/v1/traces", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, content=body, headers=PROTOBUF | named)


def stored(client: httpx.Client, span: WireSpan) -> dict[str, Any]:
    """The span as the API tells it, once it can be asked for."""

    def found() -> dict[str, Any] | None:
        answer = client.get(f"/api/v1/traces/{span.trace_id}")
        spans = answer.json()["spans"] if answer.is_success else []
        return next((each for each in spans if each["span_id"] == span.span_id), None)

    return until(found)


def sent(client: httpx.Client, span: WireSpan) -> dict[str, Any]:
    assert post(client, body_of(span)).status_code == 200
    return stored(client, span)


def test_10_000_attributes_are_cut_and_told(client: httpx.Client) -> None:
    span = model_call(attributes={f"x{number}": number for number in range(10_000)})
    told = sent(client, span)
    assert told["attributes"]["spanglass.cut.attributes"] == "5912"  # of 10,008, 4,096 are kept
    assert told["request_model"] == "gpt-4o-mini"


def test_a_megabyte_is_kept_and_more_than_the_cap_is_cut_with_a_mark(client: httpx.Client) -> None:
    whole = sent(client, wire_span(attributes={"spanglass.input": "y" * 10**6, "other": "z" * 10**6}))
    assert (len(whole["input"]), len(whole["attributes"]["other"])) == (10**6, 10**6)
    cut = sent(client, wire_span(attributes={"other": "é" * 3 * 10**6}))
    kept = 4 * 2**20 // 2
    assert cut["attributes"]["other"] == "é" * kept + f"…[{3 * 10**6 - kept} more characters]"


def test_wrong_ids_are_refused_one_by_one_in_protobuf_and_in_json(client: httpx.Client) -> None:
    request = request_of([wire_span(f"s{number}") for number in range(5)])
    protos = [each.scope_spans[0].spans[0] for each in request.resource_spans]
    protos[1].trace_id = b"x" * 15
    protos[2].span_id = bytes(8)
    protos[3].parent_span_id = b"x" * 9
    protos[4].trace_id = b""
    partial = ExportTraceServiceResponse.FromString(post(client, request.SerializeToString()).content).partial_success
    assert partial.rejected_spans == 4
    span = {"name": "j", "traceId": "zz", "spanId": "00f067aa0ba902b7"}
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    answer = client.post("/v1/traces", json=document)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json()["partialSuccess"] == {
        "rejectedSpans": "1", "errorMessage": "span 'j': trace_id has 0 bytes, not 16",
    }  # fmt: skip
    assert stored(client, WireSpan(protos[0].trace_id.hex(), protos[0].span_id.hex(), "", "", 0, 0))["name"] == "s0"
    ledger = client.get("/api/v1/ledger").json()
    assert (ledger["received"], ledger["rejected"]) == (6, 5)


@pytest.mark.parametrize(("start_ns", "end_ns"), [(0, 0), (2**64 - 1, 1), (10**18, 2**64 - 1), (1, 2**63)])
def test_absurd_times_are_stored(client: httpx.Client, start_ns: int, end_ns: int) -> None:
    told = sent(client, wire_span(start_ns=start_ns, end_ns=end_ns))
    assert int(told["end_ns"]) >= int(told["start_ns"]) > 0


def test_text_that_is_no_utf8_is_the_trouble_of_its_letters_alone(client: httpx.Client) -> None:
    span = wire_span("name", {"x": "caf\xe9 au lait", "y": "fine"})
    body = body_of(span).replace("caf\xe9".encode(), b"caf\xff\xfe")
    assert post(client, body).status_code == 200
    assert stored(client, span)["attributes"] == {"x": "caf\ufffd\ufffd au lait", "y": "fine"}


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:50]) + gzip.compress(body[50:])),
        ("deflate", zlib.compress),
        ("zstd", zstd.compress),
        ("identity", bytes),
    ],
)
def test_every_encoding_is_read(client: httpx.Client, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    span = wire_span("packed")
    assert post(client, compress(body_of(span)), content_encoding=encoding).status_code == 200
    assert stored(client, span)["name"] == "packed"


def test_json_is_stored_as_its_protobuf_would_be(client: httpx.Client) -> None:
    if not VERCEL.exists():
        pytest.skip("the recorded payloads do not lie beside the repository")
    first = json.loads(VERCEL.read_bytes())["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    told: list[dict[str, Any]] = []
    for project, body, kind in (
        ("json", VERCEL.read_bytes(), JSON),
        ("packed", gzip.compress(VERCEL.read_bytes()), JSON | {"content-encoding": "gzip"}),
        ("proto", VERCEL.with_suffix(".pb").read_bytes(), PROTOBUF),
    ):
        headers = kind | {"x-spanglass-project": project}
        answer = client.post("/v1/traces", content=body, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"{}" if kind != PROTOBUF else b"")
        url = f"/api/v1/traces/{first['traceId']}"
        found = until(lambda h=headers, u=url: (a := client.get(u, headers=h)).is_success and a)
        told.append({span["span_id"]: span | {"project": ""} for span in found.json()["spans"]})
    assert told[0] == told[1] == told[2]
    assert first["spanId"] in told[0]


def test_an_error_is_answered_in_the_form_of_the_question(client: httpx.Client) -> None:
    answer = client.post("/v1/traces", content=b'{"resourceSpans": 1}', headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert answer.json() == {
        "code": 3,
        "message": "The body is not an OTLP/JSON traces export request: field resourceSpans must be a list",
    }
    assert Status.FromString(post(client, b"garbage!").content).code == 3


def test_logs_and_metrics_come_in_json_too(client: httpx.Client) -> None:
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "1", "body": {"stringValue": "x"}}]}]}]}
    assert client.post("/v1/logs", json=logs).json() == {}
    metrics = ExportMetricsServiceRequest()
    metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="m").gauge.data_points.add(as_int=1)
    assert post(client, metrics.SerializeToString(), "/v1/metrics").status_code == 200
    assert post(client, b"garbage!", "/v1/metrics").status_code == 400
    text = client.get("/metrics").text
    assert 'spanglass_received_total{signal="logs"} 1.0' in text
    assert 'spanglass_received_total{signal="metrics"} 1.0' in text


def test_langfuse_s_path_and_keys_work(tmp_path: Path, store: Store, store_url: str) -> None:
    text, key = new_key("shop", "k", "admin", secret=secrets.token_urlsafe(32), key_id="k", now_ns=time.time_ns())
    store.insert(block_from_key(key, version=1), token="k")
    basic = {"authorization": "Basic " + base64.b64encode(f"pk-lf-anything:{text}".encode()).decode()}
    span = wire_span("from langfuse")
    with serving(settings(tmp_path, store_url, require_keys=True)) as client:
        assert post(client, body_of(span), "/api/public/otel/v1/traces", **basic).status_code == 200
        wrong = {"authorization": "Basic " + base64.b64encode(b"pk-lf-anything:sk-lf-wrong").decode()}
        assert post(client, body_of(span), "/api/public/otel/v1/traces", **wrong).status_code == 401
        client.headers.update(basic)
        assert stored(client, span)["project"] == "shop"


SECRETS = (b"ada@example.org", b"4111111111111111", b"hunter2")


def test_what_is_redacted_reaches_neither_disk_nor_database(tmp_path: Path, store: Store, store_url: str) -> None:
    rules = tmp_path / "redaction.toml"
    rules.write_text(RULES)
    content = "write to ada@example.org, card 4111111111111111"
    span = model_call(
        attributes={
            "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": content}]}]),
            "login": '{"user": {"password": "hunter2", "n": 1}}',
        },
        resource={"service.name": "shop", "owner": "ada@example.org"},
        events=(WireEvent(1, "exception", {"exception.message": "no user ada@example.org"}),),
        status_code=2, status_message="no user ada@example.org",
    )  # fmt: skip
    score = {"name": "n", "value": 1, "trace_id": span.trace_id, "comment": "ada@example.org likes it"}

    def on_disk() -> bytes:
        return b"".join(path.read_bytes() for path in (tmp_path / "queue").rglob("*") if path.is_file())

    waiting = settings(tmp_path, NOWHERE, redaction_file=rules)
    with serving(waiting) as client:
        assert post(client, body_of(span)).status_code == 200
        assert post(client, body_of(wire_span("o", {"x": "bob@example.org"})), x_spanglass_project="open").is_success
        assert client.post("/api/v1/scores", json=score).is_success
        kept = on_disk()
    assert b"bob@example.org" in kept  # so it would be seen
    assert [each for each in SECRETS if each in kept] == []
    with serving(settings(tmp_path, store_url, redaction_file=rules)) as client:
        told = stored(client, span)
        until(lambda: stored(client, span)["scores"] or client.get(f"/api/v1/traces/{span.trace_id}").json()["scores"])
        everything = client.get(f"/api/v1/traces/{span.trace_id}").text
    part = told["input_messages"][0]["parts"][0]
    assert part["content"] == "write to [masked:email], card [masked:credit_card]"
    assert json.loads(told["attributes"]["login"]) == {"user": {"password": "[masked]", "n": 1}}
    assert told["error_message"] == "no user [masked:email]"
    assert [each for each in SECRETS if each.decode() in everything] == []
