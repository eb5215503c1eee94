"""The collector, put together by hand: what is made here is closed here, in the opposite order."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from types import FrameType
from typing import Final, NoReturn

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from spanglass import semconv
from spanglass_collector.api.answers import answer_errors
from spanglass_collector.api.health import health_routes
from spanglass_collector.api.reads import read_routes
from spanglass_collector.api.scores import score_routes
from spanglass_collector.drain import Drain, Pace
from spanglass_collector.errors import PortTaken, StartRefused
from spanglass_collector.metrics import Metrics
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.queue import Queue
from spanglass_collector.receive.auth import Gate, Keyring
from spanglass_collector.receive.http import (
    CountRecords,
    Keep,
    KeepSpans,
    Limits,
    Receiver,
    count_log_records,
    count_metrics,
)
from spanglass_collector.services import Services, store_problem
from spanglass_collector.settings import Settings
from spanglass_store.connection import Store
from spanglass_store.keys import all_keys, key_from_row

log = logging.getLogger(__name__)

LANGFUSE_TRACES_PATH: Final = "/api/public/otel/v1/traces"
"""Where a Langfuse SDK sends its spans: it needs only its host changed."""
BACKLOG: Final = 2048


def create_app(settings: Settings) -> Starlette:
    """The collector as an ASGI application. Opening its queue raises QueueInUse, at once and not at the first request.

    The database need not be there: what is accepted waits on disk until it is, with its tables.
    """
    queue = Queue.open(settings.data_dir / "queue", max_bytes=settings.queue_max_bytes)
    store = Store.open(settings.clickhouse_url)
    metrics = Metrics()
    keyring = Keyring(lambda: map(key_from_row, store.fetch_rows(all_keys())))
    gate = Gate(keyring, keys_required=settings.keys_required)
    limits = Limits(settings.max_body_bytes, settings.max_decompressed_bytes)
    services = Services(store=store, queue=queue, gate=gate, metrics=metrics, limits=limits)
    drain = Drain(
        queue,
        lambda block, token: store.insert(block, token=token),
        ready=lambda: not store_problem(store),
        pace=Pace(settings.batch_rows, settings.batch_bytes, settings.linger_seconds, settings.retry_max_seconds),
        metrics=metrics,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        drain.start()
        refreshing = asyncio.create_task(_refresh(keyring, settings.keys_refresh_seconds))
        try:
            yield
        finally:
            refreshing.cancel()
            await asyncio.gather(refreshing, return_exceptions=True)
            await asyncio.to_thread(drain.stop, timeout_seconds=settings.shutdown_seconds / 2)
            await asyncio.to_thread(queue.close)
            store.close()

    def receiver(name: str, keep: Keep) -> Receiver:
        return Receiver(name, keep, gate, limits, metrics)

    traces = receiver("traces", KeepSpans(queue, GenaiPrices(), metrics))
    return Starlette(
        routes=[
            Route(semconv.TRACES_PATH, traces, methods=["POST"]),
            Route(LANGFUSE_TRACES_PATH, traces, methods=["POST"]),
            Route("/v1/logs", receiver("logs", CountRecords(count_log_records)), methods=["POST"]),
            Route("/v1/metrics", receiver("metrics", CountRecords(count_metrics)), methods=["POST"]),
            Mount("/", _api(services)),
        ],
        lifespan=lifespan,
    )


def run(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what is under way and return.

    Raises PortTaken, QueueInUse or another StartRefused, each with a sentence that says what to change.
    """
    with _listening(settings.host, settings.port) as listener:
        config = uvicorn.Config(
            create_app(settings),
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=max(1, round(settings.shutdown_seconds / 2)),
        )
        previous = signal.signal(signal.SIGTERM, _leave)
        try:
            log.info("collector listens on %s:%d", *listener.getsockname()[:2])
            with contextlib.suppress(KeyboardInterrupt, _Asked):
                uvicorn.Server(config).run(sockets=[listener])
        finally:
            signal.signal(signal.SIGTERM, previous)


def _api(services: Services) -> FastAPI:
    api = FastAPI(
        title="spanglass", description="What the collector knows, and how to ask it.", docs_url=None, redoc_url=None
    )
    answer_errors(api)
    for routes in (health_routes(services), score_routes(services), read_routes(services)):
        api.include_router(routes)
    return api


async def _refresh(keyring: Keyring, every_seconds: float) -> NoReturn:
    while True:
        await keyring.refresh()
        await asyncio.sleep(every_seconds)


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from error
        msg = f"The collector cannot listen on {host}:{port}: {error.strerror or error}."
        raise StartRefused(msg) from error
    with listener:
        yield listener


class _Asked(BaseException):
    """SIGTERM: uvicorn raises it again once it has ended, and this is how the process then goes on."""


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise _Asked
