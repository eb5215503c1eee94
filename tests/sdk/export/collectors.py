"""Collectors that do not behave: real sockets on loopback, below HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Serve = Callable[[socket.socket, threading.Event], None]


@contextmanager
def listening(serve: Serve) -> Iterator[str]:
    """``serve`` gets each connection in a thread, and an event that is set when the test is over."""
    over = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def run(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            serve(connection, over)

    def accept() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                threads.append(threading.Thread(target=run, args=(server.accept()[0],)))
                threads[-1].start()

    server.settimeout(0.05)
    threads.append(threading.Thread(target=accept))
    threads[0].start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        over.set()
        for thread in threads:
            thread.join()
        server.close()


def silent(connection: socket.socket, over: threading.Event) -> None:
    """A black hole: takes everything and never answers."""
    connection.settimeout(0.05)
    while not over.is_set():
        with suppress(TimeoutError):
            if not connection.recv(65_536):
                return


def dripping(connection: socket.socket, over: threading.Event) -> None:
    """An answer that comes byte by byte, and never comes to its end."""
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nx-padding: ")
    while not over.wait(0.05):
        connection.sendall(b"x")


def slamming(connection: socket.socket, over: threading.Event) -> None:
    """Hangs up in the middle of a request."""
    connection.recv(10)


def babbling(connection: socket.socket, over: threading.Event) -> None:
    """Speaks another protocol."""
    connection.recv(65_536)
    connection.sendall(b"220 mail.example ESMTP\r\n")


@contextmanager
def nobody(serve: Serve = silent) -> Iterator[str]:
    """An address that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


TROUBLES: dict[str, Callable[[], object]] = {
    "refuses": nobody,
    "never answers": lambda: listening(silent),
    "drips": lambda: listening(dripping),
    "hangs up": lambda: listening(slamming),
    "speaks otherwise": lambda: listening(babbling),
}
