"""The collector, put together by hand: what is made here is closed here, in the opposite order."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from types import FrameType
from typing import Any, Final, NoReturn

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from spanglass_collector.api.analysis import analysis_routes
from spanglass_collector.api.answers import answer_errors
from spanglass_collector.api.health import health_routes
from spanglass_collector.api.langfuse import langfuse_routes
from spanglass_collector.api.reads import read_routes
from spanglass_collector.api.scores import score_routes
from spanglass_collector.api.search import search_routes
from spanglass_collector.api.sql import sql_routes
from spanglass_collector.api.status import status_routes
from spanglass_collector.api.suggestions import suggestion_routes
from spanglass_collector.api.traceloop import traceloop_routes
from spanglass_collector.caps import Caps
from spanglass_collector.current_prices import CurrentPrices
from spanglass_collector.current_retention import CurrentRetention
from spanglass_collector.drains import Drains
from spanglass_collector.errors import PortTaken, StartRefused
from spanglass_collector.folders import Folders, claimed_root
from spanglass_collector.history import LOOK_SECONDS
from spanglass_collector.metrics import Metrics
from spanglass_collector.names_seen import WRITE_SECONDS, NamesSeen
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.receive.auth import Gate, Keyring
from spanglass_collector.receive.browsers import cors
from spanglass_collector.receive.http import Receiver
from spanglass_collector.receive.intake import Intake, Limits, Shared
from spanglass_collector.receive.keep import CountRecords, Keep, KeepLogs, KeepSpans
from spanglass_collector.receive.memory import Memory
from spanglass_collector.receive.otlp_grpc import grpc_serving
from spanglass_collector.receive.patience import patient_protocol
from spanglass_collector.receive.rates import Rates
from spanglass_collector.redaction import Redaction
from spanglass_collector.services import Services
from spanglass_collector.settings import Settings, is_loopback
from spanglass_collector.workers import supervise
from spanglass_store import text_index
from spanglass_store.analyst import Analyst
from spanglass_store.connection import Store
from spanglass_store.keys import all_keys, key_from_row
from spanglass_store.measures_file import use_measures
from spanglass_store.prices import all_prices, price_from_row
from spanglass_store.retention import all_retention, retention_from_row

log = logging.getLogger(__name__)

LANGFUSE_TRACES_PATH: Final = "/api/public/otel/v1/traces"
"""Where a Langfuse SDK sends its spans: it needs only its host changed."""
BACKLOG: Final = 2048
GARBAGE_OBJECTS: Final = 20_000
PRICES_WAIT_SECONDS: Final = 2.0
"""How long a start waits for the own prices and for the retention; without them it goes on with what it had."""
RETENTION_REFRESH_SECONDS: Final = 60.0


def create_app(settings: Settings, *, is_worker: bool = False) -> Starlette:
    """The collector as an ASGI application. Opening its queue raises QueueInUse, at once and not at the first request.

    ``is_worker``: one of several processes, of which another one has the folder of queues.

    The database need not be there: what is accepted waits on disk until it is, with its tables.
    """
    use_measures(settings.measures_file)
    metrics = Metrics()
    redaction = Redaction(settings.redaction_file, metrics) if settings.redaction_file else None
    max_queue_bytes = settings.queue_max_bytes // settings.workers
    folders = Folders.open(settings.data_dir / "queue", max_bytes=max_queue_bytes, is_worker=is_worker)
    queue = folders.own
    store = Store.open(settings.clickhouse_url, insert_settings=text_index.insert_settings(settings.text_index))
    keyring = Keyring(lambda: map(key_from_row, store.fetch_rows(all_keys())))
    names_checked = is_loopback(settings.host) and not settings.keys_required
    gate = Gate(keyring, keys_required=settings.keys_required, local_names=is_loopback if names_checked else None)
    limits = Limits(settings.max_body_bytes, settings.max_decompressed_bytes, settings.max_spans)
    memory = Memory(settings.max_memory_bytes)
    limited = settings.max_requests_per_second, settings.max_bytes_per_second
    rates = Rates(*limited, metrics, shares=settings.workers)
    retention = CurrentRetention(lambda: map(retention_from_row, store.fetch_rows(all_retention())))
    services = Services(
        store=store,
        queue=queue,
        folders=folders,
        gate=gate,
        metrics=metrics,
        limits=limits,
        memory=memory,
        rates=rates,
        max_queue_bytes=settings.queue_max_bytes,
        redaction=redaction,
        analyst=Analyst(settings.sql_url) if settings.answers_sql else None,
        limited=retention.kept,
    )
    drains = Drains(settings, store, metrics)
    drain = drains.drain_of(queue)

    prices = CurrentPrices(
        GenaiPrices(),
        lambda: map(price_from_row, store.fetch_rows(all_prices())),
        settings.data_dir / "own_prices.json",
        metrics,
    )
    caps = Caps(settings.max_attributes, settings.max_attribute_bytes, settings.max_events, settings.max_events)
    shared = Shared(gate, limits, rates, memory, metrics)
    names = NamesSeen(lambda block: store.insert(block, token=""))
    keeps: Mapping[str, Keep] = {
        "traces": KeepSpans(queue, prices, metrics, caps, redaction, names, limited=retention.kept),
        "logs": KeepLogs(queue, metrics, caps, redaction, names, limited=retention.kept),
        "metrics": CountRecords("metrics"),
    }
    intakes = {signal: Intake(signal, keep, shared) for signal, keep in keeps.items()}

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        drain.start()
        folders.start(drains.drain_of)
        refreshing = [
            asyncio.create_task(_refresh(keyring.refresh, settings.keys_refresh_seconds)),
            asyncio.create_task(_refresh(prices.refresh, settings.prices_refresh_seconds)),
            asyncio.create_task(_refresh(retention.refresh, RETENTION_REFRESH_SECONDS)),
            asyncio.create_task(_refresh(services.look, LOOK_SECONDS)),
            asyncio.create_task(_refresh(lambda: asyncio.to_thread(names.write), WRITE_SECONDS)),
        ]
        for known in (prices, retention):
            await known.wait(timeout_seconds=PRICES_WAIT_SECONDS)
        try:
            async with grpc_serving(settings, intakes):
                yield {"metrics": metrics}
        finally:
            for task in refreshing:
                task.cancel()
            await asyncio.gather(*refreshing, return_exceptions=True)
            await asyncio.to_thread(drain.stop, timeout_seconds=settings.shutdown_seconds / 4)
            await asyncio.to_thread(folders.stop)
            await asyncio.to_thread(folders.close)
            services.readers.close()
            store.close()
            if services.analyst is not None:
                services.analyst.close()

    paths = {signal: f"/v1/{signal}" for signal in intakes}
    received = [*((path, intakes[signal]) for signal, path in paths.items()), (LANGFUSE_TRACES_PATH, intakes["traces"])]
    return Starlette(
        routes=[
            *(Route(path, Receiver(intake), methods=["POST"]) for path, intake in received),
            Mount("/", _api(services)),
        ],
        middleware=cors(settings.cors_origins),
        lifespan=lifespan,
    )


def run(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what is under way and return.

    Raises PortTaken, QueueInUse or another StartRefused, each with a sentence that says what to change.
    """
    # Each worker has rules, measures and a gRPC server of its own; here they are tried, while an error can still be told.
    use_measures(settings.measures_file)
    if settings.redaction_file:
        Redaction(settings.redaction_file, Metrics())
    if settings.grpc_port:
        with _listening(settings.host, settings.grpc_port, "SPANGLASS_GRPC_PORT"):
            pass
    with _listening(settings.host, settings.port) as listener, _until_asked():
        log.info("collector listens on %s:%d", *listener.getsockname()[:2])
        if settings.workers > 1:
            with claimed_root(settings.data_dir / "queue"):
                supervise(settings, listener)
        else:
            serve(settings, listener)


def serve(settings: Settings, listener: socket.socket, *, is_worker: bool = False) -> None:
    """Answer requests in this process until SIGTERM or Ctrl-C; then finish what is under way."""
    config = uvicorn.Config(
        create_app(settings, is_worker=is_worker),
        loop="uvloop",
        http=patient_protocol(settings.header_seconds, settings.body_seconds),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_seconds / 2)),
    )
    with _until_asked():
        _collect_garbage_seldom()
        uvicorn.Server(config).run(sockets=[listener])


def _collect_garbage_seldom() -> None:
    """What is there stays, and spans go without a cycle to be found: looking for some at every seven hundredth object takes
    a twentieth of the time a span takes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, 20, 50)


def _api(services: Services) -> FastAPI:
    api = FastAPI(
        title="spanglass", description="What the collector knows, and how to ask it.", docs_url=None, redoc_url=None
    )
    answer_errors(api)
    for routes in (
        health_routes,
        status_routes,
        score_routes,
        langfuse_routes,
        traceloop_routes,
        read_routes,
        analysis_routes,
        search_routes,
        suggestion_routes,
        sql_routes,
    ):
        api.include_router(routes(services))
    return api


async def _refresh(refresh: Callable[[], Awaitable[None]], every_seconds: float) -> NoReturn:
    while True:
        await refresh()
        await asyncio.sleep(every_seconds)


@contextlib.contextmanager
def _listening(host: str, port: int, variable: str = "SPANGLASS_PORT") -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port, variable) from error
        msg = f"The collector cannot listen on {host}:{port}: {error.strerror or error}."
        raise StartRefused(msg) from error
    with listener:
        yield listener


@contextlib.contextmanager
def _until_asked() -> Iterator[None]:
    """SIGTERM and Ctrl-C end the block. uvicorn catches them itself, and raises them again once it has ended."""
    previous = signal.signal(signal.SIGTERM, _leave)
    try:
        with contextlib.suppress(KeyboardInterrupt, _Asked):
            yield
    finally:
        signal.signal(signal.SIGTERM, previous)


class _Asked(BaseException):
    """SIGTERM, as Ctrl-C is KeyboardInterrupt."""


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise _Asked
