"""A real collector in this process, on a real socket. As a process of its own: ``forked``."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from collector.waiting import until
from ports import free_port

from spanglass_collector.app import create_app
from spanglass_collector.receive.patience import patient_protocol
from spanglass_collector.settings import Settings

PROTOBUF = {"content-type": "application/x-protobuf"}


def settings(data_dir: Path, url: str, **values: Any) -> Settings:
    """Settings of a collector on a free port, quick to try again."""
    return Settings(
        **{"data_dir": data_dir, "clickhouse_url": url, "port": free_port(), "grpc_port": 0, "shutdown_seconds": 0.3}
        | {"linger_seconds": 0.05, "retry_max_seconds": 0.5} | values
    )  # fmt: skip


@contextmanager
def serving(settings: Settings) -> Iterator[httpx.Client]:
    """A collector in a thread; a client of it. Both end with the block."""
    listener = socket.create_server((settings.host, settings.port))
    config = uvicorn.Config(
        create_app(settings), loop="asyncio", http=patient_protocol(settings.header_seconds, settings.body_seconds),
        ws="none", lifespan="on", log_config=None, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        with httpx.Client(base_url=f"http://{settings.host}:{settings.port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
