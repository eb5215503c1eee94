"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from spanglass_cli import version
from spanglass_cli.datadir import DEFAULT_DATA_DIR
from spanglass_cli.errors import CommandError, SettingsRefused
from spanglass_store.errors import StoreError

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

    from spanglass_cli.roles import Layout

S = TypeVar("S", bound="BaseSettings")

app = typer.Typer(
    name="spanglass",
    help="See what your application's language models said, how long they took and what they cost.",
    epilog="Start with `spanglass up`, or look around first with `spanglass demo`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
keys_app = typer.Typer(name="keys", help="Make, list and revoke API keys.", no_args_is_help=True)
ONE_MACHINE = "On one machine"
ROLES = "In production, one role each"
CARE = "Care"

app.add_typer(keys_app, rich_help_panel=CARE)

DataDir = Annotated[
    Path,
    typer.Option(
        envvar="SPANGLASS_DATA_DIR", help="Folder for everything kept; one running `up` each.", file_okay=False
    ),
]
ClickHouseUrl = Annotated[
    str | None,
    typer.Option(
        "--clickhouse-url",
        envvar="SPANGLASS_CLICKHOUSE_URL",
        metavar="URL",
        show_default=False,
        help="http://user:password@host:8123/spanglass. Prefer the variable: arguments are visible to other users.",
    ),
]
Host = Annotated[
    str | None, typer.Option(help="Address to listen on. Other than loopback, keys and a password are required.")
]
TcpPort = Annotated[int, typer.Option(min=1, max=65535)]
OptionalPort = Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on.")]


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
    port: Annotated[int, typer.Option(min=1, max=65535, help="Collector: OTLP over HTTP, scores, API.")] = 4318,
    grpc_port: Annotated[
        int, typer.Option(min=1, max=65535, help="Reserved for OTLP over gRPC, which is not received yet.")
    ] = 4317,
    dashboard_port: Annotated[int, typer.Option(min=1, max=65535, help="Dashboard.")] = 8501,
    clickhouse_port: Annotated[
        int, typer.Option(min=1, max=65535, help="Embedded ClickHouse (HTTP, loopback only).")
    ] = 18123,
    clickhouse_url: ClickHouseUrl = None,
    no_dashboard: Annotated[bool, typer.Option("--no-dashboard", help="Do not start the dashboard.")] = False,
) -> None:
    """Run everything on this machine: database, collector, monitor and dashboard. Ctrl-C ends it all."""
    del grpc_port  # accepted so that scripts written for the next version work with this one
    from spanglass_cli.roles import Layout
    from spanglass_cli.up import up as run_up

    layout = Layout(data_dir, host, port, dashboard_port, clickhouse_port, with_dashboard=not no_dashboard)
    run_up(layout, clickhouse_url, say=_say)


@app.command(rich_help_panel=ONE_MACHINE)
def demo(
    data_dir: Annotated[
        Path, typer.Option(help="Folder for the demo's data, apart from your own.", file_okay=False)
    ] = DEFAULT_DATA_DIR / "demo",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Collector.")] = 4318,
    dashboard_port: Annotated[int, typer.Option(min=1, max=65535, help="Dashboard.")] = 8501,
    clickhouse_port: Annotated[int, typer.Option(min=1, max=65535, help="Embedded ClickHouse.")] = 18123,
    provider_port: Annotated[
        int, typer.Option(min=1, max=65535, help="The demo's own model provider (OpenAI-compatible).")
    ] = 18080,
    no_dashboard: Annotated[bool, typer.Option("--no-dashboard", help="Do not start the dashboard.")] = False,
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


@app.command("demo-traffic", hidden=True)
def demo_traffic(provider_port: Annotated[int, typer.Option(min=1, max=65535)]) -> None:
    """The demo's shop and model provider, against a collector that runs already."""
    from spanglass_cli.demo.traffic import run

    run(
        clickhouse_url=os.environ["SPANGLASS_CLICKHOUSE_URL"],
        collector_url=os.environ["SPANGLASS_ENDPOINT"],
        provider_port=provider_port,
    )


@app.command(rich_help_panel=ROLES)
def collector(
    clickhouse_url: ClickHouseUrl = None,
    host: Host = None,
    port: OptionalPort = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the durable queue.", file_okay=False)] = None,
) -> None:
    """Receive spans and scores, keep them on disk, insert them. Settings also come as SPANGLASS_… variables."""
    from spanglass_collector.app import run
    from spanglass_collector.settings import Settings

    settings = _settings(
        Settings,
        SPANGLASS_CLICKHOUSE_URL=clickhouse_url,
        SPANGLASS_HOST=host,
        SPANGLASS_PORT=port,
        SPANGLASS_DATA_DIR=data_dir,
    )
    run(settings)


@app.command(rich_help_panel=ROLES)
def dashboard(clickhouse_url: ClickHouseUrl = None, host: Host = None, port: OptionalPort = None) -> None:
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


@app.command(rich_help_panel=ROLES)
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


@app.command(rich_help_panel=CARE)
def migrate(
    clickhouse_url: ClickHouseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    wait_seconds: Annotated[float, typer.Option(min=0, help="How long to wait for a database that starts.")] = 60.0,
) -> None:
    """Bring the tables up to date. Safe to repeat; prints what was applied."""
    from spanglass_cli.database import find_clickhouse_url
    from spanglass_store.connection import Store, wait_until_ready
    from spanglass_store.migrate import migrate as apply

    with Store.open(find_clickhouse_url(clickhouse_url, data_dir)) as store:
        wait_until_ready(store, wait_seconds)
        applied = apply(store)
    print("\n".join(f"applied {name}" for name in applied) or "the tables are up to date")


@app.command(rich_help_panel=CARE)
def doctor(
    clickhouse_url: ClickHouseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    collector_url: Annotated[
        str | None, typer.Option(help="Default: that of the running `up`, else http://127.0.0.1:4318.")
    ] = None,
    dashboard_url: Annotated[
        str | None, typer.Option(help="Default: that of the running `up`, else http://127.0.0.1:8501.")
    ] = None,
) -> None:
    """Say what is reachable, in which version, and what to do about the rest. Exit code 1 if something is wrong."""
    from spanglass_cli.doctor import Places, examine, report

    places = Places.of(data_dir, clickhouse_url, collector_url, dashboard_url)
    text, healthy = report(examine(places))
    print(text)
    if not healthy:
        raise typer.Exit(1)


@keys_app.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="Who or what the key is for.")],
    scope: Annotated[str, typer.Option(help="ingest (send), read (query) or admin (both and settings).")] = "ingest",
    project: Annotated[str, typer.Option(help="The project the key belongs to.")] = "default",
    clickhouse_url: ClickHouseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Make a key. Standard output is the key alone, shown this once: only its hash is kept."""
    from spanglass_cli import keys
    from spanglass_cli.database import find_clickhouse_url

    text, key = keys.create(find_clickhouse_url(clickhouse_url, data_dir), project, name, scope)
    print(text)
    print(f"Kept as {key.key_id} ({scope}, project {project}). The key is not shown again.", file=sys.stderr)


@keys_app.command("list")
def keys_list(clickhouse_url: ClickHouseUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """All keys, revoked ones too, without the keys themselves."""
    from spanglass_cli import keys
    from spanglass_cli.database import find_clickhouse_url

    print(keys.table(keys.existing(find_clickhouse_url(clickhouse_url, data_dir))))


@keys_app.command("revoke")
def keys_revoke(
    key_id: Annotated[str, typer.Argument(help="The id, as `keys list` shows it.")],
    clickhouse_url: ClickHouseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Take a key back. Collectors stop accepting it within a minute."""
    from spanglass_cli import keys
    from spanglass_cli.database import find_clickhouse_url

    key = keys.revoke(find_clickhouse_url(clickhouse_url, data_dir), key_id)
    print(f"revoked {key.key_id} ({key.name}, {key.prefix}…)")


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
        raise SettingsRefused(f"{place}: {first['msg']}") from error


def _say(text: str) -> None:
    print(text, flush=True)
