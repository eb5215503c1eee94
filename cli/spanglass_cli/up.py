"""`spanglass up`: the whole product on one machine, in one foreground command.

The order is dictated by time: the database and the two slow starters (dashboard, collector) start at once, tables are
brought up to date as soon as the database answers, and what nobody waits for starts last.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from spanglass_cli import health, roles, version
from spanglass_cli.datadir import DataDirLock, Running
from spanglass_cli.errors import CommandError, ServiceFailed, SettingsRefused
from spanglass_cli.ports import Port, require_free
from spanglass_cli.process import Child, ChildSpec
from spanglass_cli.supervisor import Supervisor, Tier

if TYPE_CHECKING:
    from spanglass_store.embedded import EmbeddedClickHouse

READY_SECONDS: Final = 60.0
EMBEDDED_ANSWERS_SECONDS: Final = 45.0
OUTSIDE_ANSWERS_SECONDS: Final = 5.0
"""A database that somebody else runs should be there already."""

WATCH_SECONDS: Final = 0.2

Say = Callable[[str], None]


def up(
    layout: roles.Layout,
    clickhouse_url: str | None,
    *,
    say: Say,
    afterwards: Sequence[Callable[[roles.Layout, str], ChildSpec]] = (),
    ports: Sequence[Port] = (),
    notes: Sequence[str] = (),
) -> None:
    """Run everything until Ctrl-C or SIGTERM, then end it all and return.

    ``clickhouse_url`` replaces the embedded server. ``afterwards`` are further roles, started once all is ready, and
    ``ports`` those they need. ``notes`` are shown below the addresses. A second Ctrl-C kills everything at once.
    Raises PortInUse, DataDirBusy, SettingsRefused or ServiceFailed; nothing is left running then.
    """
    _require_password(layout)
    lock = DataDirLock(layout.data_dir, _running(layout, embedded=clickhouse_url is None))
    supervisor = Supervisor(say)
    try:
        require_free([*_ports(layout, embedded=clickhouse_url is None), *ports])
        with _until_interrupted(on_second=supervisor.kill) as interrupted:
            try:
                _run(layout, clickhouse_url, supervisor, interrupted, say, afterwards, notes)
            finally:
                if interrupted.is_set():
                    say("Ending …")
                supervisor.stop()
    finally:
        lock.release()


def _run(
    layout: roles.Layout,
    clickhouse_url: str | None,
    supervisor: Supervisor,
    interrupted: threading.Event,
    say: Say,
    afterwards: Sequence[Callable[[roles.Layout, str], ChildSpec]],
    notes: Sequence[str],
) -> None:
    began = time.monotonic()

    def start(spec: ChildSpec, tier: Tier = Tier.FRONT) -> Child:
        child = Child(spec, layout.log_dir, say)
        supervisor.start(child, tier)
        return child

    server = None if clickhouse_url else _start_database(layout, supervisor)
    url = server.url() if server else clickhouse_url or ""
    sql_url = server.url("analyst") if server else ""
    wait_seconds = OUTSIDE_ANSWERS_SECONDS if clickhouse_url else EMBEDDED_ANSWERS_SECONDS
    migration = Child(
        roles.migrate(url, wait_seconds, None if server else layout.clickhouse_cluster), layout.log_dir, say
    )
    migration.start()
    try:
        collector = roles.collector(layout, url, is_alone=server is not None, sql_url=sql_url)
        awaited = [start(collector, Tier.COLLECTOR)]
        if layout.with_dashboard:
            awaited.append(start(roles.dashboard(layout, url)))
        ready = _wait_until_ready(supervisor, migration, awaited, interrupted)
    finally:
        migration.kill()
        migration.close()
    if not ready:
        return
    for make in (roles.monitor, *afterwards):
        start(make(layout, url))
    say(_banner(layout, time.monotonic() - began, clickhouse_url, notes))
    while not interrupted.wait(WATCH_SECONDS):
        supervisor.revive()


def _start_database(layout: roles.Layout, supervisor: Supervisor) -> EmbeddedClickHouse:
    from spanglass_cli.database import DatabaseService
    from spanglass_store.embedded import EmbeddedClickHouse
    from spanglass_store.errors import StoreError

    server = EmbeddedClickHouse(layout.data_dir, http_port=layout.clickhouse_port)
    try:
        supervisor.start(DatabaseService(server), Tier.DATABASE)
    except StoreError as error:
        raise CommandError(str(error)) from error
    return server


def _wait_until_ready(
    supervisor: Supervisor, migration: Child, awaited: Sequence[Child], interrupted: threading.Event
) -> bool:
    """True once tables are up to date and every awaited role answers; False if the person gave up waiting."""
    deadline = time.monotonic() + READY_SECONDS
    waiting = [migration, *awaited]
    while waiting and not interrupted.wait(0.05):
        if ended := supervisor.ended():
            msg = f"{ended.name} ended while starting; its last lines:"
            raise ServiceFailed(msg, ended.log_tail)
        if migration.poll() not in {0, None}:
            msg = "the tables could not be brought up to date:"
            raise ServiceFailed(msg, migration.log_tail)
        if time.monotonic() > deadline:
            names = " and ".join(child.name for child in waiting)
            msg = f"{names} not ready after {READY_SECONDS:g} s; last lines:"
            raise ServiceFailed(msg, waiting[0].log_tail)
        waiting = [child for child in waiting if not _is_done(child)]
    return not waiting


def _is_done(child: Child) -> bool:
    return health.is_ready(child.spec.ready_url) if child.spec.ready_url else child.poll() == 0


def _require_password(layout: roles.Layout) -> None:
    if layout.is_public and layout.with_dashboard and not os.environ.get("SPANGLASS_DASHBOARD_PASSWORD"):
        msg = (
            f"--host {layout.host} opens the dashboard to the network: "
            "set SPANGLASS_DASHBOARD_PASSWORD, or start with --no-dashboard"
        )
        raise SettingsRefused(msg)


def _ports(layout: roles.Layout, *, embedded: bool) -> list[Port]:
    ports = [Port(layout.host, layout.port, "collector", "--port")]
    if layout.grpc_port:
        ports.append(Port(layout.host, layout.grpc_port, "collector's gRPC", "--grpc-port"))
    if layout.with_dashboard:
        ports.append(Port(layout.host, layout.dashboard_port, "dashboard", "--dashboard-port"))
    if embedded:
        ports.append(Port("127.0.0.1", layout.clickhouse_port, "ClickHouse", "--clickhouse-port"))
    return ports


def _running(layout: roles.Layout, *, embedded: bool) -> Running:
    return Running(
        pid=os.getpid(),
        collector=layout.collector_url,
        dashboard=layout.dashboard_url,
        clickhouse_port=layout.clickhouse_port if embedded else None,
    )


@contextlib.contextmanager
def _until_interrupted(on_second: Callable[[], None]) -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM or the end of the terminal sets. The next one calls ``on_second``."""
    event = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if event.is_set():
            on_second()
        event.set()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _banner(layout: roles.Layout, seconds: float, outside_url: str | None, notes: Sequence[str]) -> str:
    rows = [
        ("Dashboard", layout.dashboard_url or "not started", ""),
        ("Collector", layout.collector_url, f"OTLP over HTTP{_grpc(layout)}, scores, API"),
        (
            ("ClickHouse", f"http://127.0.0.1:{layout.clickhouse_port}", f"embedded, data in {layout.data_dir}")
            if outside_url is None
            else ("ClickHouse", _without_secrets(outside_url), "as given")
        ),
    ]
    lines = [f"spanglass {version()} is ready ({seconds:.1f} s)", ""]
    lines += [f"  {name:<11} {url:<26} {remark}".rstrip() for name, url, remark in rows]
    lines += ["", "Send your first call:"]
    lines += [f"  {line}" for line in _first_call(layout)]
    if layout.is_public:
        lines += ["", f"Keys are required here: spanglass keys create NAME --data-dir {layout.data_dir}"]
    if notes:
        lines += ["", *notes]
    lines += ["", f"Ctrl-C ends everything. Logs: {layout.log_dir}"]
    return "\n".join(lines)


def _grpc(layout: roles.Layout) -> str:
    return f" (gRPC: port {layout.grpc_port})" if layout.grpc_port else ""


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _first_call(layout: roles.Layout) -> tuple[str, str, str]:
    endpoint = "" if layout.port == 4318 else f'; spanglass.init(endpoint="{layout.collector_url}")'
    return (
        f"import spanglass{endpoint}",
        'hello = spanglass.observe(lambda name: f"Hello, {name}!")',
        'hello("world")',
    )
