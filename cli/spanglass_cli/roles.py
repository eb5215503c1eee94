"""The roles `spanglass up` composes, as data: what each is started with and how it says that it is ready."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from spanglass_cli.ports import is_loopback, reachable_host
from spanglass_cli.process import ChildSpec


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything of one machine listens and lives. ``clickhouse_port`` is that of the embedded server.

    ``grpc_port`` 0 means that no gRPC is received. ``clickhouse_cluster`` is what a new database on a server that is not the
    embedded one is spread over.
    """

    data_dir: Path
    host: str
    port: int
    dashboard_port: int
    clickhouse_port: int
    with_dashboard: bool = True
    monitor_interval_seconds: float | None = None
    grpc_port: int = 0
    clickhouse_cluster: str | None = None

    @property
    def collector_url(self) -> str:
        """Address of the collector for a program on this machine."""
        return f"http://{reachable_host(self.host)}:{self.port}"

    @property
    def dashboard_url(self) -> str:
        """Address of the dashboard for a browser on this machine; empty without one."""
        return f"http://{reachable_host(self.host)}:{self.dashboard_port}" if self.with_dashboard else ""

    @property
    def log_dir(self) -> Path:
        """Folder of the roles' logs."""
        return self.data_dir / "logs"

    @property
    def is_public(self) -> bool:
        """True where other machines can connect: then keys and a password are required."""
        return not is_loopback(self.host)


def collector(layout: Layout, clickhouse_url: str, *, is_alone: bool, sql_url: str = "") -> ChildSpec:
    """Receives, keeps on disk, inserts. Ready means: can accept and store.

    ``is_alone``: no other collector uses this database. A single one then claims nothing, unless it is told to.
    ``sql_url``: the user for SQL of others, where there is one.
    """
    unless_set = {"SPANGLASS_LOG_FORMAT": "text"}  # people read the log files of one machine
    if sql_url:
        unless_set["SPANGLASS_SQL_URL"] = sql_url
    if is_alone and os.environ.get("SPANGLASS_WORKERS", "1") in {"", "1"}:
        unless_set["SPANGLASS_CLAIMS"] = "false"
    return ChildSpec(
        name="collector",
        arguments=("collector",),
        environment={
            "SPANGLASS_CLICKHOUSE_URL": clickhouse_url,
            "SPANGLASS_HOST": layout.host,
            "SPANGLASS_PORT": str(layout.port),
            "SPANGLASS_GRPC_PORT": str(layout.grpc_port),
            **{name: os.environ.get(name) or value for name, value in unless_set.items()},
            "SPANGLASS_DATA_DIR": str(layout.data_dir),
        },
        ready_url=f"{layout.collector_url}/readyz",
    )


def monitor(layout: Layout, clickhouse_url: str) -> ChildSpec:
    """Evaluates alert rules. Nobody waits for it: its first round is due in a minute anyway."""
    environment = {
        "SPANGLASS_CLICKHOUSE_URL": clickhouse_url,
        "SPANGLASS_DATA_DIR": str(layout.data_dir),
        "SPANGLASS_DASHBOARD_URL": layout.dashboard_url,
    }
    if layout.monitor_interval_seconds is not None:
        environment["SPANGLASS_MONITOR_INTERVAL_SECONDS"] = f"{layout.monitor_interval_seconds:g}"
    return ChildSpec(name="monitor", arguments=("monitor",), environment=environment)


def dashboard(layout: Layout, clickhouse_url: str) -> ChildSpec:
    """The pages. Its password, where one is needed, is already in the environment."""
    return ChildSpec(
        name="dashboard",
        arguments=("dashboard",),
        environment={
            "SPANGLASS_CLICKHOUSE_URL": clickhouse_url,
            "SPANGLASS_DASHBOARD_HOST": layout.host,
            "SPANGLASS_DASHBOARD_PORT": str(layout.dashboard_port),
            "SPANGLASS_COLLECTOR_URL": layout.collector_url,
        },
        ready_url=f"{layout.dashboard_url}/_stcore/health",
    )


def migrate(clickhouse_url: str, wait_seconds: float, clickhouse_cluster: str | None = None) -> ChildSpec:
    """Brings the tables up to date, then ends. A process of its own: what it imports is gone afterwards."""
    return ChildSpec(
        name="migrate",
        arguments=("migrate", "--wait-seconds", f"{wait_seconds:g}"),
        environment={
            "SPANGLASS_CLICKHOUSE_URL": clickhouse_url,
            "SPANGLASS_CLICKHOUSE_CLUSTER": clickhouse_cluster or "",
        },
    )


def demo(layout: Layout, clickhouse_url: str, provider_port: int) -> ChildSpec:
    """The demonstration's shop with its model provider: a week of history first, then slow live traffic."""
    return ChildSpec(
        name="demo",
        arguments=("demo-traffic", "--provider-port", str(provider_port)),
        environment={
            "SPANGLASS_CLICKHOUSE_URL": clickhouse_url,
            "SPANGLASS_ENDPOINT": layout.collector_url,
        },
        speaks=True,
    )
