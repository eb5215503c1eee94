"""OTLP over HTTP on a real socket. The database is away in most of these: nothing here needs it."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from collector.serving import PROTOBUF, serving, settings
from collector.wire import body_of, model_call, request_of, wire_span
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

pytestmark = pytest.mark.clickhouse  # for the Store it opens, not for a server
NOWHERE = "http://writer:secret@127.0.0.1:1/spanglass"
KIB = 1024


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    limits = {"max_body_bytes": 64 * KIB, "max_decompressed_bytes": 256 * KIB, "queue_max_bytes": 512 * KIB}
    with serving(settings(tmp_path, NOWHERE, **limits)) as served:
        yield served


def post(client: httpx.Client, body: bytes, path: str = "/v1/traces", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, content=body, headers=PROTOBUF | named)


def sentence(response: httpx.Response) -> str:
    assert response.headers["content-type"] == "application/x-protobuf"
    return Status.FromString(response.content).message


def ledger(client: httpx.Client) -> dict[str, int]:
    found = client.get("/api/v1/ledger").json()
    assert found["received"] == sum(found[n] for n in ("duplicate", "rejected", "queued", "stored", "set_aside"))
    return {name: count for name, count in found.items() if isinstance(count, int) and count}


@pytest.mark.parametrize("path", ["/v1/traces", "/api/public/otel/v1/traces"])
def test_spans_are_accepted_while_the_database_is_away(client: httpx.Client, path: str) -> None:
    answer = post(client, body_of(model_call(), wire_span()), path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert ledger(client) == {"received": 2, "queued": 2}


def test_an_empty_request_is_a_success(client: httpx.Client) -> None:
    assert post(client, b"").status_code == 200
    assert ledger(client) == {}


def test_gzip_is_read(client: httpx.Client) -> None:
    assert post(client, gzip.compress(body_of(model_call())), content_encoding="gzip").status_code == 200
    assert ledger(client) == {"received": 1, "queued": 1}


def test_the_same_body_again_is_a_success_and_counted_as_duplicate(client: httpx.Client) -> None:
    body = body_of(model_call())
    assert [post(client, sent).status_code for sent in (body, body)] == [200, 200]
    assert post(client, gzip.compress(body), content_encoding="gzip").status_code == 200
    assert post(client, body, x_spanglass_project="other").status_code == 200
    assert ledger(client) == {"received": 4, "duplicate": 2, "queued": 2}


def test_what_is_no_otlp_is_400_with_a_sentence_and_disturbs_nobody(client: httpx.Client) -> None:
    answers = [post(client, body) for body in (b"garbage!", b"<html>", body_of(wire_span())[:-3])]
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert "not an OTLP trace export request" in sentence(answers[0])
    assert post(client, body_of(wire_span())).status_code == 200
    assert ledger(client) == {"received": 1, "queued": 1}


def test_single_bad_spans_are_told_as_partial_success(client: httpx.Client) -> None:
    request = request_of([wire_span("good"), *(wire_span(f"bad{n}") for n in range(5))])
    for of_resource in list(request.resource_spans)[1:]:
        of_resource.scope_spans[0].spans[0].trace_id = b"short"
    answer = post(client, request.SerializeToString())
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, 5)
    assert "span 'bad0': trace_id has 5 bytes, not 16" in partial.error_message
    assert "(and 2 more)" in partial.error_message
    assert ledger(client) == {"received": 6, "rejected": 5, "queued": 1}


@pytest.mark.parametrize(
    ("body", "headers", "status", "says"),
    [
        (b"{}", {"content_type": "text/plain"}, 415, "'text/plain' is not supported"),
        (b"x", {"content_encoding": "br"}, 415, "'br' is not supported"),
        (b"hello", {"content_encoding": "gzip"}, 400, "cannot be decompressed"),
        (bytes(64 * KIB + 1), {}, 413, "larger than 65536 bytes"),
        (gzip.compress(bytes(256 * KIB + 1)), {"content_encoding": "gzip"}, 413, "after decompression"),
        (b"", {"x_spanglass_project": "no spaces"}, 400, "1 to 64 letters"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_status(
    client: httpx.Client, body: bytes, headers: dict[str, str], status: int, says: str
) -> None:
    answer = post(client, body, **headers)
    assert (answer.status_code, says in sentence(answer)) == (status, True)


def test_a_large_body_hears_why_before_the_line_is_cut(client: httpx.Client) -> None:
    assert post(client, bytes(400 * KIB)).status_code == 413


def test_a_full_queue_answers_429_and_when_to_come_back(client: httpx.Client) -> None:
    def send(number: int) -> httpx.Response:
        return post(client, gzip.compress(body_of(wire_span(attributes={"x": f"{number}" * 240 * KIB}))),
                    content_encoding="gzip")  # fmt: skip

    answers = [send(number) for number in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert answers[-1].headers["retry-after"] == "2"
    assert "The queue holds its limit" in sentence(answers[-1])
    assert "The queue is full, or nearly." in client.get("/readyz").json()["problems"]


def test_logs_and_metrics_are_accepted_and_counted(client: httpx.Client) -> None:
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1)
    assert post(client, logs.SerializeToString(), "/v1/logs").status_code == 200
    assert post(client, b"", "/v1/metrics").status_code == 200
    assert post(client, b"garbage!", "/v1/logs").status_code == 400
    assert 'spanglass_received_total{signal="logs"} 1.0' in client.get("/metrics").text


def test_it_is_alive_and_says_why_it_is_not_ready(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert "ClickHouse" in answer.json()["problems"][0]
    assert "secret" not in answer.text


def test_reading_while_the_database_is_away_is_503(client: httpx.Client) -> None:
    answer = client.get("/api/v1/traces/" + "a" * 32)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_everything_counted_is_told_to_prometheus(client: httpx.Client) -> None:
    post(client, body_of(model_call(attributes={"gen_ai.request.model": "x", "gen_ai.response.model": "x"})))
    text = client.get("/metrics").text
    assert 'spanglass_requests_total{signal="traces",status="200"} 1.0' in text
    assert "spanglass_unpriced_spans_total 1.0" in text
    assert "spanglass_queue_rows 1.0" in text


def test_what_does_not_exist_is_404_in_json(client: httpx.Client) -> None:
    assert client.get("/nothing").json() == {"error": "Not Found."}


def test_the_api_describes_itself(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/healthz", "/readyz", "/api/v1/ledger", "/api/v1/traces/{trace_id}", "/api/v1/scores"} <= set(paths)


def test_others_are_served_while_a_client_is_slow(client: httpx.Client) -> None:
    address = (client.base_url.host, client.base_url.port)
    with socket.create_connection(address) as slow, socket.create_connection(address):
        slow.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n")
        assert post(client, body_of(wire_span())).status_code == 200


def test_keys_are_needed_where_asked_for(tmp_path: Path) -> None:
    with serving(settings(tmp_path, NOWHERE, require_keys=True)) as client:
        answer = post(client, body_of(wire_span()))
        assert answer.status_code == 401
        assert "An API key is needed" in sentence(answer)
        assert client.get("/api/v1/measures").status_code == 401
        assert post(client, b"", authorization="Bearer sg_x").status_code == 503  # keys cannot be read yet


def test_many_clients_at_once_lose_nothing(client: httpx.Client) -> None:
    answers: list[int] = []

    def send_some() -> None:
        with httpx.Client(base_url=client.base_url, timeout=60) as own:
            answers.extend(post(own, body_of(wire_span())).status_code for _ in range(20))

    threads = [threading.Thread(target=send_some) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 120
    assert ledger(client) == {"received": 120, "queued": 120}
