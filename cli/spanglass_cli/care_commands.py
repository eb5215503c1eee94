"""Commands that look after an installation: `doctor` and `keys`."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from spanglass_cli.datadir import DEFAULT_DATA_DIR
from spanglass_cli.options import ClickHouseUrl, DataDir

keys_app = typer.Typer(name="keys", help="Make, list and revoke API keys.", no_args_is_help=True)


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
    scope: Annotated[
        Literal["ingest", "read", "admin"], typer.Option(help="To send, to query, or to do both and change settings.")
    ] = "ingest",
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
