"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from spanglass_cli import (
    backup_commands,
    care_commands,
    delete_command,
    dialects_command,
    export_command,
    measure_commands,
    migrate_command,
    price_commands,
    queue_commands,
    redaction_commands,
    reprice_commands,
    retention_commands,
    role_commands,
    sql_command,
    version,
)
from spanglass_cli.datadir import DEFAULT_DATA_DIR
from spanglass_cli.errors import CommandError
from spanglass_cli.options import ClickHouseCluster, ClickHouseUrl, DataDir, GrpcPort, NoDashboard
from spanglass_cli.options import port as port_option
from spanglass_store.errors import StoreError

ONE_MACHINE = "On one machine"
ROLES = "In production, one role each"
CARE = "Care"

app = typer.Typer(
    name="spanglass",
    help="See what your application's language models said, how long they took and what they cost.",
    epilog="Start with `spanglass up`, or look around first with `spanglass demo`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Entry point of the console script: one line and exit code 1 for everything a person can put right."""
    try:
        app()
    except (CommandError, StoreError) as error:
        print(f"spanglass: {error}", file=sys.stderr)
        sys.exit(1)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"spanglass {version()}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""


@app.command(rich_help_panel=ONE_MACHINE)
def up(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    host: Annotated[
        str,
        typer.Option(
            help="Address of collector and dashboard. On any other than loopback the collector requires keys "
            "(`spanglass keys create`) and the dashboard a password (SPANGLASS_DASHBOARD_PASSWORD)."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, port_option("Collector: OTLP over HTTP, scores, API.")] = 4318,
    grpc_port: GrpcPort = 4317,
    dashboard_port: Annotated[int, port_option("Dashboard.")] = 8501,
    clickhouse_port: Annotated[int, port_option("Embedded ClickHouse (HTTP, loopback only).")] = 18123,
    clickhouse_url: ClickHouseUrl = None,
    clickhouse_cluster: ClickHouseCluster = None,
    no_dashboard: NoDashboard = False,
) -> None:
    """Run everything on this machine: database, collector, monitor and dashboard. Ctrl-C ends it all."""
    from spanglass_cli.roles import Layout
    from spanglass_cli.up import up as run_up

    layout = Layout(
        data_dir,
        host,
        port,
        dashboard_port,
        clickhouse_port,
        not no_dashboard,
        grpc_port=grpc_port,
        clickhouse_cluster=clickhouse_cluster,
    )
    run_up(layout, clickhouse_url, say=_say)


@app.command(rich_help_panel=ONE_MACHINE)
def demo(
    data_dir: Annotated[
        Path, typer.Option(help="Folder for the demo's data, apart from your own.", file_okay=False)
    ] = DEFAULT_DATA_DIR / "demo",
    port: Annotated[int, port_option("Collector.")] = 4318,
    dashboard_port: Annotated[int, port_option("Dashboard.")] = 8501,
    clickhouse_port: Annotated[int, port_option("Embedded ClickHouse.")] = 18123,
    provider_port: Annotated[int, port_option("The demo's own model provider (OpenAI-compatible).")] = 18080,
    no_dashboard: NoDashboard = False,
) -> None:
    """`up`, with a shop assistant in it: a week of history, live traffic, a model that changed, an alert that fires.

    Nothing leaves this machine: the models are played by a small server of the demo's own.
    """
    from spanglass_cli.demo.start import run_demo
    from spanglass_cli.roles import Layout

    layout = Layout(
        data_dir, "127.0.0.1", port, dashboard_port, clickhouse_port, not no_dashboard, monitor_interval_seconds=10
    )
    run_demo(layout, provider_port, say=_say)


for _command in (role_commands.collector, role_commands.dashboard, role_commands.monitor):
    app.command(rich_help_panel=ROLES)(_command)
app.command("demo-traffic", hidden=True)(role_commands.demo_traffic)
app.command(rich_help_panel=CARE)(migrate_command.migrate)
app.command(rich_help_panel=CARE)(care_commands.doctor)
app.command(rich_help_panel=CARE)(dialects_command.dialects)
app.add_typer(care_commands.keys_app, rich_help_panel=CARE)
app.add_typer(redaction_commands.redaction_app, rich_help_panel=CARE)
app.add_typer(queue_commands.queue_app, rich_help_panel=CARE)
app.add_typer(price_commands.prices_app, rich_help_panel=CARE)
app.add_typer(measure_commands.measures_app, rich_help_panel=CARE)
app.command(rich_help_panel=CARE)(reprice_commands.reprice)
app.command(rich_help_panel=CARE)(export_command.export)
app.command(rich_help_panel=CARE)(sql_command.sql)
app.add_typer(retention_commands.retention_app, rich_help_panel=CARE)
app.command(rich_help_panel=CARE)(delete_command.delete)
app.command(rich_help_panel=CARE)(backup_commands.backup)
app.command(rich_help_panel=CARE)(backup_commands.restore)


def _say(text: str) -> None:
    print(text, flush=True)
