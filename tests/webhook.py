"""A webhook on this machine: a real HTTP server that keeps what is posted to it and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Webhook:
    """``bodies``: the JSON of every POST, in order; ``paths``: where each went. ``answer`` is the status it gets;
    ``asked`` counts requests, answered or not.
    """

    port: int
    answer: int = 200
    asked: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        """A channel that posts here."""
        return f"http://127.0.0.1:{self.port}/hook/s3cret-token"

    @property
    def titles(self) -> list[str]:
        """The first line of every notice that was posted."""
        return [body["title"] for body in self.bodies]

    def wait_for(self, count: int, timeout_seconds: float = 30) -> list[dict[str, Any]]:
        """The first ``count`` bodies, as soon as they are there; fails the test when they do not come."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.bodies) >= count, timeout_seconds), self.titles
        return self.bodies[:count]


@contextmanager
def webhook(*, hanging: bool = False) -> Iterator[Webhook]:
    """A running webhook; a ``hanging`` one takes requests and does not answer before the test ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    hook = Webhook(server.server_port)
    if not hanging:
        hook.hold.set()
    server.RequestHandlerClass = _handler(hook)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hook
    finally:
        hook.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(hook: Webhook) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with hook.arrived:
                hook.asked += 1
            hook.hold.wait()
            with hook.arrived:
                hook.paths.append(self.path)
                hook.bodies.append(body)
                hook.arrived.notify_all()
            with suppress(ConnectionError):  # a client that gave up
                self.send_response(hook.answer)
                self.send_header("content-length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
