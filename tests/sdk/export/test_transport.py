"""One request: what is sent, how it is packed, and what an answer means."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator

import pytest
from sdk.export import spans as made
from sdk.export.collectors import dripping, listening
from sdk.servers import Request, Sink

from spanglass.export import transport
from spanglass.export.parcel import Goods, Parcel
from spanglass.export.transport import Answer, Transport, Verdict, judged
from spanglass.settings import Settings

PARCEL = made.parcel([made.a_span({"key": "value" * 100})])
FAR = "https://collector.example"


@pytest.fixture
def opened(sink: Sink) -> Iterator[list[Transport]]:
    transports: list[Transport] = []
    yield transports
    for each in transports:
        each.close()


@pytest.mark.parametrize(
    ("verdict", "statuses"),
    [
        (Verdict.SENT, (200, 202, 204, 299)),
        (Verdict.TOO_LARGE, (413,)),
        (Verdict.LATER, (401, 408, 425, 429, 500, 501, 502, 503, 504, 507, 599)),
        (Verdict.REFUSED, (301, 302, 307, 400, 403, 404, 405, 409, 410, 411, 415, 422, 431, 451)),
    ],
)
def test_what_a_status_means(verdict: Verdict, statuses: tuple[int, ...]) -> None:
    assert {judged(status).verdict for status in statuses} == {verdict}


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("7", 7.0), (" 0 ", 0.0), (None, None), ("soon", None), ("-1", None), ("", None), ("1.5", None)],
)
def test_how_long_to_wait_is_told_in_whole_seconds(told: str | None, seconds: float | None) -> None:
    for status in (429, 503):
        assert judged(status, "", told).retry_after_seconds == seconds
    assert judged(400, "", told).retry_after_seconds is None


@pytest.mark.parametrize(
    ("compression", "endpoint", "name"),
    [
        ("auto", "http://127.0.0.1:4318", ""),
        ("auto", "http://localhost:4318", ""),
        ("auto", "http://[::1]:4318", ""),
        ("auto", FAR, "zstd"),
        ("none", FAR, ""),
        ("gzip", FAR, "gzip"),
        ("gzip", "http://127.0.0.1", "gzip"),
        ("zstd", "http://127.0.0.1", "zstd"),
    ],
)
def test_which_compression_is_chosen(compression: str, endpoint: str, name: str) -> None:
    found, compress = transport.compressor(Settings(compression=compression, endpoint=endpoint))
    assert found == name
    assert (compress is None) == (name == "")


@pytest.mark.parametrize("compression", ["auto", "zstd"])
def test_where_python_has_no_zstd_it_is_gzip(compression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "zstd", lambda: None)
    assert transport.compressor(Settings(compression=compression, endpoint=FAR)) == ("gzip", transport.gzip)


def test_gzip_is_what_others_read() -> None:
    assert gzip.decompress(transport.gzip(bytearray(b"abc" * 1_000))) == b"abc" * 1_000


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_a_request_arrives_as_it_was_packed(sink: Sink, opened: list[Transport], compression: str) -> None:
    settings = Settings(endpoint=sink.url, compression=compression, api_key="sg_k", headers=("x-team=blue",))
    opened.append(Transport(settings))
    assert opened[0].post(PARCEL, 10) == Answer(Verdict.SENT, 200)
    assert opened[0].post(Parcel(Goods.SCORES, b"[]", 0), 10) == Answer(Verdict.SENT, 200)
    spans, scores = sink.requests
    assert (spans.path, scores.path) == ("/v1/traces", "/api/v1/scores")
    assert (spans.body, scores.body) == (PARCEL.body, b"[]")
    assert (spans.headers["content-type"], scores.headers["content-type"]) == (
        "application/x-protobuf",
        "application/json",
    )
    for request in sink.requests:
        assert request.headers.get("content-encoding", "none") == compression
        assert (request.headers["authorization"], request.headers["x-team"]) == ("Bearer sg_k", "blue")


@pytest.mark.parametrize("status", [415, 400])
def test_a_server_that_does_not_know_zstd_gets_gzip_from_then_on(
    sink: Sink, opened: list[Transport], status: int
) -> None:
    sink.rule = lambda request: status if request.headers.get("content-encoding") == "zstd" else 200
    opened.append(Transport(Settings(endpoint=sink.url, compression="zstd")))
    assert [opened[0].post(PARCEL, 10).verdict for _ in range(3)] == [Verdict.SENT] * 3
    assert [request.headers["content-encoding"] for request in sink.requests] == ["gzip"] * 3
    assert [request.headers["content-encoding"] for request in sink.refused] == ["zstd"]


def test_the_answer_is_told_with_its_words_and_its_pause(sink: Sink, opened: list[Transport]) -> None:
    sink.rule, sink.refusal_headers = lambda _: 429, {"retry-after": "3"}
    opened.append(Transport(Settings(endpoint=sink.url)))
    assert opened[0].post(Parcel(Goods.SCORES, b"[]", 1), 10) == Answer(Verdict.LATER, 429, '{"ids": []}', 3.0)


def test_the_connection_is_kept_open(sink: Sink, opened: list[Transport], monkeypatch: pytest.MonkeyPatch) -> None:
    made_to: list[object] = []
    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda self, to: (made_to.append(to), connect(self, to))[1])
    opened.append(Transport(Settings(endpoint=sink.url)))
    for _ in range(5):
        opened[0].post(PARCEL, 10)
    assert len(made_to) == 1


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://nowhere.invalid", "no address"])
def test_no_answer_means_later(endpoint: str, opened: list[Transport]) -> None:
    opened.append(Transport(Settings(endpoint=endpoint)))
    answer = opened[0].post(PARCEL, 2)
    assert (answer.verdict, answer.status) == (Verdict.LATER, 0)
    assert answer.reason
    assert len(answer.reason) <= 200


def test_it_goes_through_the_proxy_of_the_environment(
    sink: Sink, opened: list[Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", sink.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    seen: list[Request] = []
    sink.rule = lambda request: seen.append(request) or 204  # type: ignore[func-returns-value]
    opened.append(Transport(Settings(endpoint="http://collector.example", compression="none")))
    assert opened[0].post(PARCEL, 10).verdict is Verdict.SENT
    assert seen[0].path == "http://collector.example/v1/traces"
    local = Transport(Settings(endpoint="http://127.0.0.1:9"))
    opened.append(local)
    assert local.post(PARCEL, 2).verdict is Verdict.LATER
    assert len(seen) == 1


def test_an_answer_that_comes_byte_by_byte_is_broken_off(opened: list[Transport]) -> None:
    with listening(dripping) as url:
        opened.append(Transport(Settings(endpoint=url)))
        answer = opened[0].post(PARCEL, 0.2)
    assert (answer.verdict, answer.status) == (Verdict.LATER, 0)
    assert "ReadTimeoutError" in answer.reason


def test_each_request_has_a_time_of_its_own(sink: Sink, opened: list[Transport]) -> None:
    opened.append(Transport(Settings(endpoint=sink.url)))
    for _ in range(4):
        assert opened[0].post(PARCEL, 0.5) == Answer(Verdict.SENT, 200)
        time.sleep(0.2)
