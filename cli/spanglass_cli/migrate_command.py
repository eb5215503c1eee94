"""The command `migrate`: the tables brought up to date, or how far they are."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from spanglass_cli.datadir import DEFAULT_DATA_DIR
from spanglass_cli.options import ClickHouseCluster, ClickHouseUrl, DataDir, TextIndex

if TYPE_CHECKING:
    from spanglass_store.connection import Store


def migrate(
    clickhouse_url: ClickHouseUrl = None,
    clickhouse_cluster: ClickHouseCluster = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    wait_seconds: Annotated[float, typer.Option(min=0, help="How long to wait for a database that starts.")] = 60.0,
    text_index: TextIndex = None,
    show_status: Annotated[bool, typer.Option("--status", help="List what was applied when; change nothing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be applied; change nothing.")] = False,
) -> None:
    """Bring the tables up to date. Safe to repeat, and to run again after it was cut off; prints what was applied."""
    from spanglass_cli.database import find_clickhouse_url
    from spanglass_store.connection import Store
    from spanglass_store.migrate import migrate as apply
    from spanglass_store.migrate import newer, pending

    with Store.open(find_clickhouse_url(clickhouse_url, data_dir)) as store:
        _wait_until_ready(store, wait_seconds)
        if show_status:
            print(_status(store))
            return
        done = (
            [each.name for each in pending(store)]
            if dry_run
            else apply(store, cluster=clickhouse_cluster, text_index=text_index)
        )
        unknown = newer(store)
    said = "would apply" if dry_run else "applied"
    print("\n".join(f"{said} {name}" for name in done) or "the tables are up to date")
    if unknown:
        print(
            f"a newer version has applied {', '.join(unknown)}. This one goes on with the tables as they are; "
            "upgrade it soon. To go back for good, restore a backup of before",
            file=sys.stderr,
        )


def _wait_until_ready(store: Store, seconds: float) -> None:
    """Return once the server answers. Raises StoreUnavailable when it does not by then."""
    from spanglass_store.errors import StoreUnavailable

    deadline = time.monotonic() + seconds
    while True:
        try:
            store.ping()
        except StoreUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _status(store: Store) -> str:
    from spanglass_cli.tables import aligned
    from spanglass_store.migrate import newer, status

    rows = [
        (
            each.name,
            f"{each.applied_at:%Y-%m-%d %H:%M UTC}" if each.applied_at else "to come",
            "has changed since" if each.changed else "",
        )
        for each in status(store)
    ]
    rows += [(name, "applied", "by a newer version") for name in newer(store)]
    return aligned(("migration", "applied", ""), rows)
