"""OTLP over gRPC with the released exporter and with bare calls, on a real socket. The database is away."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from collector.forked import Collector
from collector.serving import serving, settings
from collector.waiting import until
from collector.wire import body_of, model_call, request_of, wire_span
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from ports import free_port

from spanglass_collector.app import run
from spanglass_collector.errors import PortTaken
from spanglass_collector.receive.otlp_grpc import METHODS

pytestmark = pytest.mark.clickhouse  # for the Store it opens, not for a server
NOWHERE = "http://writer:secret@127.0.0.1:1/spanglass"
MIB = 1024 * 1024


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def client(tmp_path: Path, port: int) -> Iterator[httpx.Client]:
    limits = {"max_body_bytes": MIB, "header_seconds": 1.0, "body_seconds": 1.0, "queue_max_bytes": 512 * 1024}
    with serving(settings(tmp_path, NOWHERE, grpc_port=port, **limits)) as served:
        yield served


@pytest.fixture
def channel(client: httpx.Client, port: int) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.max_send_message_length", -1)]) as opened:
        yield opened


def export(channel: grpc.Channel, body: bytes, *, signal: str = "traces", **options: Any) -> bytes:
    answer: bytes = channel.unary_unary(f"/{METHODS[signal]}/Export")(body, timeout=30, **options)
    return answer


def refused(channel: grpc.Channel, body: bytes, **options: Any) -> tuple[grpc.StatusCode, str, float | None]:
    """Code, sentence, and after how many seconds to come back."""
    with pytest.raises(grpc.RpcError) as caught:
        export(channel, body, **options)
    error: Any = caught.value
    retry = RetryInfo()
    for name, value in error.trailing_metadata():
        if name == "grpc-status-details-bin" and (details := Status.FromString(value).details):
            details[0].Unpack(retry)
            return error.code(), error.details(), retry.retry_delay.ToTimedelta().total_seconds()
    return error.code(), error.details(), None


def ledger(client: httpx.Client) -> dict[str, int]:
    found = client.get("/api/v1/ledger").json()
    return {name: count for name, count in found.items() if isinstance(count, int) and count}


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_the_released_exporter_is_understood(
    client: httpx.Client, port: int, compression: grpc.Compression, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-spanglass-project=shop")
    exporter = OTLPSpanExporter(f"http://127.0.0.1:{port}", insecure=True, compression=compression, timeout=30)
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("t").start_as_current_span("work") as span:
        span.set_attribute("gen_ai.request.model", "gpt-4o-mini")
    provider.shutdown()
    assert ledger(client) == {"received": 1, "queued": 1}
    assert 'spanglass_requests_total{signal="traces",status="200"} 1.0' in client.get("/metrics").text


def test_the_same_request_over_both_protocols_is_one(client: httpx.Client, channel: grpc.Channel) -> None:
    body = body_of(model_call(), wire_span())
    assert export(channel, body) == b""
    assert export(channel, body, compression=grpc.Compression.Deflate) == b""
    client.post("/v1/traces", content=body, headers={"content-type": "application/x-protobuf"}).raise_for_status()
    assert ledger(client) == {"received": 6, "duplicate": 4, "queued": 2}


def test_bad_spans_are_told_as_partial_success(channel: grpc.Channel) -> None:
    request = request_of([wire_span("good"), wire_span("bad")])
    request.resource_spans[1].scope_spans[0].spans[0].trace_id = b"short"
    answer = ExportTraceServiceResponse.FromString(export(channel, request.SerializeToString()))
    assert answer.partial_success.rejected_spans == 1
    assert "trace_id has 5 bytes" in answer.partial_success.error_message


def test_logs_and_metrics_are_taken(client: httpx.Client, channel: grpc.Channel) -> None:
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1)
    export(channel, logs.SerializeToString(), signal="logs")
    export(channel, b"", signal="metrics")
    assert 'spanglass_received_total{signal="logs"} 1.0' in client.get("/metrics").text


def test_what_cannot_be_read_says_never_again(channel: grpc.Channel) -> None:
    code, sentence, retry_seconds = refused(channel, b"garbage!")
    assert (code, retry_seconds) == (grpc.StatusCode.INVALID_ARGUMENT, None)
    assert "not an OTLP trace export request" in sentence
    assert refused(channel, b"", metadata=[("x-spanglass-project", "no spaces")])[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert export(channel, body_of(wire_span())) == b""


def test_what_is_too_large_is_refused_before_and_after_decompression(channel: grpc.Channel) -> None:
    for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate):
        code, _, retry_seconds = refused(channel, bytes(64 * MIB), compression=compression)
        assert (code, retry_seconds) == (grpc.StatusCode.RESOURCE_EXHAUSTED, None)
    assert export(channel, body_of(wire_span())) == b""


def test_a_full_queue_says_when_to_come_back(channel: grpc.Channel) -> None:
    def send(number: int) -> None:
        export(channel, body_of(wire_span(attributes={"x": f"{number}" * 240 * 1024})))

    send(1)
    send(2)
    code, sentence, retry_seconds = refused(channel, body_of(wire_span(attributes={"x": "3" * 240 * 1024})))
    assert (code, retry_seconds) == (grpc.StatusCode.UNAVAILABLE, 2)
    assert "The queue holds its limit" in sentence


def test_keys_are_asked_for_before_the_message_is_read(tmp_path: Path, port: int) -> None:
    needing = settings(tmp_path, NOWHERE, grpc_port=port, require_keys=True)
    with serving(needing), grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        code, sentence, _ = refused(channel, body_of(wire_span()))
        assert (code, "An API key is needed" in sentence) == (grpc.StatusCode.UNAUTHENTICATED, True)
        endless = channel.stream_unary(f"/{METHODS['traces']}/Export")
        stop = threading.Event()
        with pytest.raises(grpc.RpcError) as caught:
            endless(iter(lambda: stop.wait(30) and b"", b"never"), timeout=25)  # sends nothing
        stop.set()
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        key = [("authorization", "Bearer sg_x")]
        assert refused(channel, b"", metadata=key)[::2] == (grpc.StatusCode.UNAVAILABLE, 2)  # keys cannot be read yet


def test_a_call_without_its_message_is_ended(client: httpx.Client, channel: grpc.Channel) -> None:
    stop = threading.Event()
    with pytest.raises(grpc.RpcError) as caught:
        channel.stream_unary(f"/{METHODS['traces']}/Export")(iter(lambda: stop.wait(30) and b"", b"never"), timeout=25)
    stop.set()
    assert (caught.value.code(), "did not come in time" in caught.value.details()) == (
        grpc.StatusCode.UNAVAILABLE,
        True,
    )
    assert 'spanglass_slow_connections_total{waiting_for="body"} 1.0' in client.get("/metrics").text


def test_silent_connections_are_closed_and_others_served(channel: grpc.Channel, port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
    try:
        assert export(channel, body_of(wire_span())) == b""
        for connection in silent:
            connection.settimeout(30)
            while connection.recv(4096):  # the server's own SETTINGS, then the end
                pass
    finally:
        for connection in silent:
            connection.close()


def test_garbage_on_the_port_disturbs_nobody(channel: grpc.Channel, port: int) -> None:
    for rubbish in (b"GET / HTTP/1.1\r\n\r\n", bytes(1000), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(rubbish)
    assert export(channel, gzip.compress(b"")[:0]) == b""


def test_several_workers_share_the_port(tmp_path: Path, port: int) -> None:
    with Collector(settings(tmp_path, NOWHERE, grpc_port=port, workers=2)) as process:
        for _ in range(6):  # connections of their own, so that they fall to either
            with grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1)]) as channel:
                until(lambda channel=channel: export(channel, body_of(wire_span()), wait_for_ready=True) == b"")
        until(lambda: httpx.get(f"{process.url}/api/v1/ledger").json()["received"] == 6)
        assert process.stop() == 0


def test_a_taken_port_is_refused_and_sigterm_ends_it_cleanly(tmp_path: Path, port: int) -> None:
    with Collector(settings(tmp_path, NOWHERE, grpc_port=port)) as process:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            until(lambda: export(channel, body_of(wire_span())) == b"")
        with pytest.raises(PortTaken, match=f"Port {port} on 127.0.0.1 is taken.*SPANGLASS_GRPC_PORT"):
            run(settings(tmp_path / "other", NOWHERE, grpc_port=port))
        assert process.stop() == 0
