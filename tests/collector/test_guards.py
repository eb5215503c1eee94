"""What tries to take memory, time or places from others is refused, and others are served meanwhile."""

from __future__ import annotations

import gzip
import socket
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from collector.forked import Collector
from collector.serving import PROTOBUF, serving, settings
from collector.waiting import until
from collector.wire import body_of, wire_span

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.clickhouse  # for the Store it opens, not for a server
NOWHERE = "http://writer:secret@127.0.0.1:1/spanglass"
MIB = 1024 * 1024
HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"


def post(client: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/traces", content=body, headers=PROTOBUF | named)


def received(client: httpx.Client) -> int:
    count: int = client.get("/api/v1/ledger").json()["received"]
    return count


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(settings(tmp_path, NOWHERE, header_seconds=1.0, body_seconds=1.0)) as served:
        yield served


def ended(connection: socket.socket) -> bytes:
    """What was said until the other side closed."""
    connection.settimeout(60)
    said = b""
    try:
        while more := connection.recv(4096):
            said += more
    except ConnectionResetError:
        pass
    return said


def test_500_silent_connections_are_closed_and_others_served(client: httpx.Client) -> None:
    address = (client.base_url.host, client.base_url.port)
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(address)) for _ in range(500)]
        for connection in silent[200:400]:
            connection.sendall(HEAD)  # without its end
        for connection in silent[400:]:
            connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n" + bytes(500))
        assert post(client, body_of(wire_span())).status_code == 200
        assert [ended(connection) for connection in silent[:400]] == [b""] * 400
        assert {ended(connection)[:12] for connection in silent[400:]} == {b"HTTP/1.1 503"}
        text = client.get("/metrics").text
    assert 'spanglass_slow_connections_total{waiting_for="head"} 400.0' in text
    assert 'spanglass_slow_connections_total{waiting_for="body"} 100.0' in text
    assert received(client) == 1


def test_a_body_that_drips_is_ended_with_a_sentence(client: httpx.Client) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port)) as slow:
        slow.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        said = b""
        slow.settimeout(0.1)
        while not said:  # a byte every tenth of a second would last 100 seconds
            slow.sendall(b"x")
            try:
                said = slow.recv(4096)
            except TimeoutError:
                continue
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in said
        assert b"did not come in time" in said + ended(slow)
    assert 'waiting_for="body"} 1.0' in client.get("/metrics").text


def test_a_connection_in_use_is_kept(client: httpx.Client) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port)) as used:
        used.settimeout(60)
        for _ in range(2):
            used.sendall(HEAD + b"Content-Length: 0\r\n\r\n")
            assert used.recv(4096).startswith(b"HTTP/1.1 200 ")
        # longer than a head may take: between requests another, longer patience holds
        with socket.create_connection((client.base_url.host, client.base_url.port)) as silent:
            assert ended(silent) == b""
        used.sendall(HEAD + b"Content-Length: 0\r\n\r\n")
        assert used.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_a_head_without_end_is_refused(client: httpx.Client) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port)) as endless:
        endless.sendall(HEAD)
        with pytest.raises(OSError, match=r"reset|pipe"):
            endless.sendall((b"X-More: " + b"a" * 1000 + b"\r\n") * 100_000)
    assert post(client, body_of(wire_span())).status_code == 200


def bombs() -> dict[str, bytes]:
    """Ten gigabytes of nothing, as each encoding has it; several members among them."""
    block = bytes(64 * MIB)
    deflate = zlib.compressobj(9)
    head = deflate.compress(b"") + deflate.flush(zlib.Z_FULL_FLUSH)
    part = deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH)  # after which it begins anew: it may be repeated
    return {
        "gzip": gzip.compress(block) * 160,
        "x-gzip": gzip.compress(b"") * 800_000,
        "deflate": head + part * 160,
        "zstd": zstd.compress(block) * 160,
    }


def test_bombs_and_huge_bodies_are_refused_in_bounded_memory_and_others_served(tmp_path: Path) -> None:
    with Collector(settings(tmp_path, NOWHERE)) as process, httpx.Client(base_url=process.url, timeout=60) as client:
        assert post(client, body_of(wire_span())).status_code == 200
        resident = psutil.Process(process.process.pid).memory_info
        before_bytes = resident().rss
        answers = {name: post(client, bomb, content_encoding=name).status_code for name, bomb in bombs().items()}
        assert answers == {"gzip": 413, "x-gzip": 400, "deflate": 413, "zstd": 413}
        assert post(client, bytes(100 * MIB)).status_code == 413
        empty_spans = nested(b"\x12\x00" * (7 * MIB))  # two bytes each; parsed they would take more than a gigabyte
        assert post(client, empty_spans).status_code == 413
        empty_objects = b"[" + b"{}," * (5 * MIB) + b"{}]"
        assert post(client, empty_objects, content_type="application/json").status_code == 413
        assert resident().rss - before_bytes < 300 * MIB
        assert post(client, body_of(wire_span())).status_code == 200
        assert received(client) == 2


def nested(spans: bytes) -> bytes:
    """An export request of one resource and one scope."""
    for tag in (b"\x12", b"\x0a"):
        size, length = len(spans), bytearray()
        while size > 0x7F:
            length.append(size & 0x7F | 0x80)
            size >>= 7
        spans = tag + bytes([*length, size]) + spans
    return spans


def test_bytes_worked_on_at_once_are_limited(tmp_path: Path) -> None:
    limits = {"max_memory_bytes": 3 * MIB, "max_body_bytes": 2 * MIB}
    with serving(settings(tmp_path, NOWHERE, **limits)) as client, ExitStack() as stack:
        for _ in range(2):
            slow = stack.enter_context(socket.create_connection((client.base_url.host, client.base_url.port)))
            slow.sendall(HEAD + b"Content-Length: 1500001\r\n\r\n" + bytes(1_500_000))
        until(lambda: "spanglass_body_bytes 3e+06" in client.get("/metrics").text)
        answer = post(client, body_of(wire_span(attributes={"x": "y" * 200_000})))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        stack.close()
        until(lambda: "spanglass_body_bytes 0.0" in client.get("/metrics").text)
        assert post(client, body_of(wire_span(attributes={"x": "y" * 200_000}))).status_code == 200
        alone = zlib.compress(bytes(4 * MIB))
        assert post(client, alone, content_encoding="deflate").status_code == 413  # more than all there is


@pytest.mark.parametrize("limit", ["requests", "bytes"])
def test_who_sends_too_much_is_told_to_wait_and_others_are_not(tmp_path: Path, limit: str) -> None:
    limits: dict[str, Any] = {f"max_{limit}_per_second": 0.001 if limit == "requests" else 1.0}
    with serving(settings(tmp_path, NOWHERE, **limits)) as client:
        assert post(client, body_of(wire_span())).status_code == 200
        answer = post(client, body_of(wire_span()))
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 1
        assert post(client, body_of(wire_span()), x_spanglass_project="other").status_code == 200
        assert f'spanglass_rate_limited_total{{limit="{limit}"}} 1.0' in client.get("/metrics").text


def test_pages_of_other_origins_may_send_only_where_asked_for(tmp_path: Path, client: httpx.Client) -> None:
    asked = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    asked |= {"access-control-request-headers": "authorization,content-type"}
    assert "access-control-allow-origin" not in client.options("/v1/traces", headers=asked).headers
    with serving(settings(tmp_path / "open", NOWHERE, cors_origins="https://shop.example, https://b.example")) as open_:
        for path in ("/v1/traces", "/v1/logs", "/api/public/otel/v1/traces", "/api/v1/scores"):
            answer = open_.options(path, headers=asked)
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, asked["origin"])
            assert "authorization" in answer.headers["access-control-allow-headers"]
        sent = post(open_, body_of(wire_span()), origin=asked["origin"])
        assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (200, asked["origin"])
        assert (
            post(open_, b"garbage!", origin=asked["origin"]).headers["access-control-allow-origin"] == asked["origin"]
        )
        assert open_.options("/v1/traces", headers=asked | {"origin": "https://evil.example"}).status_code == 400


def test_more_spans_than_a_request_may_hold_are_refused(tmp_path: Path) -> None:
    with serving(settings(tmp_path, NOWHERE, max_spans=9)) as client:
        three = [wire_span("x" * 99) for _ in range(3)]  # each with a resource and a scope of its own
        assert post(client, body_of(*three)).status_code == 200
        answer = post(client, body_of(*three, wire_span()))
        assert (answer.status_code, b"more than 9 records" in answer.content) == (413, True)
