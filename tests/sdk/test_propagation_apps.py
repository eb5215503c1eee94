"""A request from one application to another: FastAPI and Flask behind real servers, called by clients that tell."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import fastapi
import flask
import httpx
import pytest
import requests
import uvicorn
from fastapi.responses import StreamingResponse
from ports import free_port
from starlette.testclient import TestClient
from werkzeug.serving import make_server

import spanglass
from spanglass import semconv
from spanglass.propagation import asgi, wsgi
from spanglass.propagation.httpx import propagate as propagate_httpx
from spanglass.propagation.requests import propagate as propagate_requests
from spanglass.testing import Captured


@spanglass.observe
def work(name: str) -> str:
    return name


def pieces() -> Iterator[str]:
    yield work("a")
    yield work("b")


async def pieces_async() -> AsyncIterator[str]:
    for piece in pieces():
        yield piece


def fast_app() -> fastapi.FastAPI:
    app = fastapi.FastAPI()
    app.add_middleware(asgi.Middleware)

    @app.get("/plain")
    def plain() -> str:
        return work("plain")

    @app.get("/async")
    async def asynchronous(after: fastapi.BackgroundTasks) -> str:
        after.add_task(work, "after")
        return work("async")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(pieces_async())

    @app.get("/stream-sync")
    def stream_sync() -> StreamingResponse:
        return StreamingResponse(pieces())

    @app.websocket("/socket")
    async def socket(socket: fastapi.WebSocket) -> None:
        await socket.accept()
        await socket.send_text(work("socket"))
        await socket.close()

    return app


def flask_app() -> flask.Flask:
    app = flask.Flask("shop")
    app.wsgi_app = wsgi.Middleware(app.wsgi_app)  # type: ignore[method-assign]

    @app.get("/plain")
    def plain() -> str:
        return work("plain")

    @app.get("/stream")
    def stream() -> flask.Response:
        return flask.Response(pieces())

    @app.get("/file")
    def file() -> flask.Response:
        work("file")
        return flask.send_file(__file__)

    return app


@contextmanager
def serving_fast() -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(fast_app(), port=port, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while thread.is_alive() and not server.started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def serving_flask() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, flask_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def checked(seen: Captured, names: list[str]) -> None:
    """Below the caller's span and with its facts, where there was a caller's span; below nothing otherwise."""
    root = seen.span("root").span_id
    spans = sorted((span for span in seen.spans if span.name == "work"), key=lambda span: span.output or "")
    inside = [span for span in spans if span.parent_span_id == root]
    outside = [span for span in spans if span.parent_span_id == ""]
    assert [span.output for span in inside] == [span.output for span in outside] == sorted(names)
    assert {span.attributes.get(semconv.USER_ID) for span in inside} == {"u1"}
    assert {span.attributes.get(semconv.USER_ID) for span in outside} == {None}


@pytest.mark.parametrize(
    ("path", "names"),
    [("plain", ["plain"]), ("async", ["async", "after"]), ("stream", ["a", "b"]), ("stream-sync", ["a", "b"])],
)
def test_fastapi(seen: Captured, path: str, names: list[str]) -> None:
    with serving_fast() as url, httpx.Client() as client:
        propagate_httpx(client)
        with spanglass.context(user_id="u1"), spanglass.span("root"):
            client.get(f"{url}/{path}").raise_for_status()
        client.get(f"{url}/{path}").raise_for_status()
    checked(seen, names)


@pytest.mark.parametrize(("path", "names"), [("plain", ["plain"]), ("stream", ["a", "b"]), ("file", ["file"])])
def test_flask(seen: Captured, path: str, names: list[str]) -> None:
    with serving_flask() as url, requests.Session() as session:
        session.trust_env = False
        propagate_requests(session)
        with spanglass.context(user_id="u1"), spanglass.span("root"):
            session.get(f"{url}/{path}").raise_for_status()
        session.get(f"{url}/{path}").raise_for_status()
    checked(seen, names)


class Body:
    """A response that wants to be closed, as WSGI allows."""

    closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield work("piece").encode()

    def close(self) -> None:
        work("closed")
        self.closed = True


def test_a_response_is_closed_in_its_place_and_nothing_is_left_behind(seen: Captured) -> None:
    body = Body()
    told = {"HTTP_TRACEPARENT": f"00-{'a' * 32}-{'b' * 16}-01"}
    answer: Any = wsgi.Middleware(lambda _environ, _start: body)(told, print)
    assert list(answer) == [b"piece"]
    assert spanglass.current_trace_id() is None
    answer.close()
    assert body.closed
    assert {span.trace_id for span in seen.spans} == {"a" * 32}
    assert wsgi.Middleware(lambda _environ, _start: [b"x"])({}, print) == [b"x"]
    plain: Any = wsgi.Middleware(lambda _environ, _start: iter([b"x"]))({}, print)
    assert list(plain) == [b"x"]
    plain.close()


def test_a_file_reaches_the_server_as_it_is() -> None:
    class File(list): ...

    file = File()
    assert wsgi.Middleware(lambda _environ, _start: file)({"wsgi.file_wrapper": File}, print) is file


def test_other_messages_of_asgi_pass(seen: Captured) -> None:
    got: list[str] = []

    async def app(scope, receive, send) -> None:
        got.append(scope["type"])

    asyncio.run(asgi.Middleware(app)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert got == ["lifespan"]


def test_a_websocket(seen: Captured) -> None:
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    with TestClient(fast_app()).websocket_connect("/socket", headers=headers) as socket:
        assert socket.receive_text() == "socket"
    assert seen.span("work").trace_id == "a" * 32
