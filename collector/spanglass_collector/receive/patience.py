"""Connections that say nothing, or say it too slowly, are closed; everybody else is served meanwhile.

uvicorn waits for ever for the head of a request and for its body, and keeps as much of a head as is sent. Its protocol
is taken as it is, and watched: what the client owes, since when, and how much of a head has come.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES: Final = 64 * 1024
Waiting = Literal["head", "body"]

_TOO_SLOW: Final = b"The body of the request did not come in time."
_TOO_MUCH: Final = b"The head of the request is too large."


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with two deadlines. One timer a connection looks every so often, none is set for a request."""

    limits_seconds: dict[Waiting, float]
    look_seconds: float

    _owed: Waiting | None = None
    _since = 0.0
    _head_bytes = 0
    _looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there: it owes the head of a request."""
        super().connection_made(transport)
        self._expect("head")
        self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._owed is None:
            self._expect("head")
        if self._owed == "head":
            self._head_bytes += len(data)
        super().data_received(data)
        if self._owed == "head" and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large", _TOO_MUCH)

    def on_message_begin(self) -> None:
        """Another request begins, it may be in the same packet as the end of the one before."""
        super().on_message_begin()
        if self._owed is None:
            self._expect("head")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        super().on_headers_complete()
        self._expect("body")

    def on_body(self, body: bytes) -> None:
        """A piece of the body is there. One that is alone, as pieces of large bodies are, is handed on as it is: uvicorn
        copies it twice.
        """
        cycle: Any = self.cycle
        if type(cycle.body) is bytes:  # a second piece before the first was taken
            cycle.body = bytearray(cycle.body)
        elif not (cycle.body or cycle.response_complete):
            cycle.body, body = body, b""
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is whole: the client owes nothing."""
        super().on_message_complete()
        self._owed = None

    def _expect(self, owed: Waiting) -> None:
        self._owed = owed
        self._since = self.loop.time()
        self._head_bytes = 0

    def _look_again(self) -> None:
        self._looking = self.loop.call_later(self.look_seconds, self._look)

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        if self.flow.read_paused or (self._owed == "head" and self._is_answering()):
            self._since = self.loop.time()  # it is we who let it wait
        elif self._owed is not None and self.loop.time() - self._since >= self.limits_seconds[self._owed]:
            self._too_slow(self._owed)
            return
        self._look_again()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _too_slow(self, owed: Waiting) -> None:
        self.app_state["metrics"].add("spanglass_slow_connections_total", waiting_for=owed)
        if owed == "body" and self._is_answering() and not self.cycle.response_started:
            self._refuse(b"503 Service Unavailable", _TOO_SLOW, b"retry-after: 1\r\n")
        else:
            self.transport.close()

    def _refuse(self, status: bytes, sentence: bytes, headers: bytes = b"") -> None:
        if self.transport.is_closing():
            return
        size = str(len(sentence)).encode()
        kind = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: "
        self.transport.write(b"HTTP/1.1 " + status + b"\r\n" + headers + kind + size + b"\r\n\r\n" + sentence)
        self.transport.close()


def patient_protocol(header_seconds: float, body_seconds: float) -> type[asyncio.Protocol]:
    """The protocol with its deadlines, as uvicorn takes it. The application's lifespan yields its ``metrics``."""
    limits: dict[Waiting, float] = {"head": header_seconds, "body": body_seconds}
    look_seconds = min(1.0, *(seconds / 4 for seconds in limits.values()))
    members: dict[str, Any] = {"limits_seconds": limits, "look_seconds": look_seconds}
    return type("Patient", (PatientProtocol,), members)
