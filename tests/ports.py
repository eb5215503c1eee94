"""Ports for servers of tests."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A TCP port nobody listens to on 127.0.0.1 at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
