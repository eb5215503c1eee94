"""Commands that run one role, and the settings they hand it. `up` starts its children with these very commands."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from spanglass_cli.errors import CommandError, SettingsRefused
from spanglass_cli.options import ClickHouseUrl, port

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

S = TypeVar("S", bound="BaseSettings")

Host = Annotated[
    str | None, typer.Option(help="Address to listen on. Other than loopback, keys and a password are required.")
]
Port = Annotated[int | None, port("Port to listen on.")]


def collector(
    clickhouse_url: ClickHouseUrl = None,
    host: Host = None,
    port: Port = None,
    grpc_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port for OTLP over gRPC; 0: none. [default: 4317]")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the durable queue.", file_okay=False)] = None,
) -> None:
    """Receive spans and scores, keep them on disk, insert them. Settings also come as SPANGLASS_… variables."""
    from spanglass_collector.app import run
    from spanglass_collector.errors import StartRefused
    from spanglass_collector.logs import start_logging
    from spanglass_collector.settings import Settings

    settings = _settings(
        Settings,
        SPANGLASS_CLICKHOUSE_URL=clickhouse_url,
        SPANGLASS_HOST=host,
        SPANGLASS_PORT=port,
        SPANGLASS_GRPC_PORT=grpc_port,
        SPANGLASS_DATA_DIR=data_dir,
    )
    start_logging(settings.log_format)
    try:
        run(settings)
    except StartRefused as error:
        raise CommandError(str(error)) from error


def dashboard(clickhouse_url: ClickHouseUrl = None, host: Host = None, port: Port = None) -> None:
    """Serve the pages. Other than on loopback, SPANGLASS_DASHBOARD_PASSWORD must be set."""
    from spanglass_dashboard.server import DashboardError, run
    from spanglass_dashboard.settings import Settings

    settings = _settings(
        Settings,
        SPANGLASS_CLICKHOUSE_URL=clickhouse_url,
        SPANGLASS_DASHBOARD_HOST=host,
        SPANGLASS_DASHBOARD_PORT=port,
    )
    try:
        run(settings)
    except DashboardError as error:
        raise CommandError(str(error)) from error


def monitor(
    clickhouse_url: ClickHouseUrl = None,
    interval_seconds: Annotated[
        float | None, typer.Option(min=1, help="Pause between two evaluations of all rules.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the heartbeat file.", file_okay=False)] = None,
) -> None:
    """Evaluate alert rules and send notifications."""
    from spanglass_monitor.loop import run
    from spanglass_monitor.settings import Settings

    settings = _settings(
        Settings,
        SPANGLASS_CLICKHOUSE_URL=clickhouse_url,
        SPANGLASS_MONITOR_INTERVAL_SECONDS=interval_seconds,
        SPANGLASS_DATA_DIR=data_dir,
    )
    run(settings)


def demo_traffic(provider_port: Annotated[int, port("Where the model provider listens.")]) -> None:
    """The demo's shop and model provider, against a collector that runs already."""
    from spanglass_cli.demo.traffic import run

    run(
        clickhouse_url=os.environ["SPANGLASS_CLICKHOUSE_URL"],
        collector_url=os.environ["SPANGLASS_ENDPOINT"],
        provider_port=provider_port,
    )


def _settings(kind: type[S], **overrides: Any) -> S:
    """A room's settings, with options given on the command line in place of their variables; logging is on from here.

    Raises SettingsRefused with the first complaint, in one line.
    """
    from pydantic import ValidationError

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    os.environ.update({name: str(value) for name, value in overrides.items() if value is not None})
    try:
        return kind()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = "_".join(str(part) for part in first["loc"]) or "settings"
        msg = f"{place}: {first['msg']}"
        raise SettingsRefused(msg) from error
