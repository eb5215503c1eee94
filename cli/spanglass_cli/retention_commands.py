"""The commands `retention show` and `retention set`: how many days each project's data stays."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from spanglass_cli.datadir import DEFAULT_DATA_DIR
from spanglass_cli.errors import CommandError
from spanglass_cli.options import ClickHouseUrl, DataDir
from spanglass_cli.progress import confirmed, told

if TYPE_CHECKING:
    from spanglass_store.connection import Store
    from spanglass_store.retention import Retention

retention_app = typer.Typer(name="retention", help="How many days each project's data stays.", no_args_is_help=True)

FOR_EVER = "for ever"


@retention_app.command("show")
def show(clickhouse_url: ClickHouseUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Every project that has data or a retention, how many days it keeps and what it has."""
    from spanglass_cli.database import find_clickhouse_url
    from spanglass_cli.tables import aligned
    from spanglass_store.connection import Store
    from spanglass_store.retention import KEPT_TABLES, Retention, projects

    with Store.open(find_clickhouse_url(clickhouse_url, data_dir)) as store:
        found = store.fetch_rows(projects())
        kept = [Retention(row["project"], row["days"]) for row in found]
        cells = [_line(store, each) for each in kept]
    if not cells:
        print("there is no data yet, and no project has a retention")
        return
    head = ("project", "kept", "oldest", *(table.replace("_", " ") for table in KEPT_TABLES), "to be adjusted")
    print(aligned(head, cells, right=head[3:]))


@retention_app.command("set")
def set_days(
    project: Annotated[str, typer.Argument(help="Whose data.")],
    days: Annotated[int, typer.Argument(min=0, help="How many days it stays; 0: for ever.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Change it without asking first.")] = False,
    clickhouse_url: ClickHouseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Keep a project's spans, scores and notes for so many days, and remove what is older already.

    Says what that removes, then asks. What is removed cannot be brought back, except from a backup.
    """
    from spanglass_cli.database import find_clickhouse_url
    from spanglass_store.connection import Store
    from spanglass_store.retention import Retention, block_from_retention
    from spanglass_store.upkeep import apply_retention

    now_ns = time.time_ns()
    wanted = Retention(project, days)
    try:
        row = block_from_retention(wanted, version=now_ns)
    except ValueError as error:
        raise CommandError(str(error)) from error
    with Store.open(find_clickhouse_url(clickhouse_url, data_dir)) as store:
        print(_would_remove(store, wanted, now_ns))
        if dry_run:
            return
        if not yes:
            confirmed(f"Keep the data of {project} {_kept(days)}?")
        store.insert(row, token=f"retention-{project}-{now_ns}")
        changed = apply_retention(store, wanted, now_ns=now_ns, tell=told("parts of the data adjusted"))
    print(f"{project} is kept {_kept(days)}; {changed:,} stored rows were adjusted. Collectors know within a minute")


def _would_remove(store: Store, wanted: Retention, now_ns: int) -> str:
    from spanglass_store.upkeep import stored_of

    found = stored_of(store, wanted, now_ns=now_ns)
    goes = {table: sum(place["too_old"] for place in places) for table, places in found.items()}
    if not any(goes.values()):
        return "this removes nothing that is stored now"
    oldest = min(place["oldest_ns"] for places in found.values() for place in places)
    rows = ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in goes.items() if count)
    return f"this removes {rows}: everything from {_day(oldest)} to {_day(now_ns - wanted.days * 86_400 * 10**9)}"


def _line(store: Store, kept: Retention) -> tuple[str, ...]:
    from spanglass_store.numbers import format_count
    from spanglass_store.upkeep import stored_of

    found = stored_of(store, kept, now_ns=time.time_ns())
    times = [place["oldest_ns"] for places in found.values() for place in places]
    unlike = sum(place["unlike"] for places in found.values() for place in places)
    return (
        kept.project,
        _kept(kept.days),
        _day(min(times)) if times else "",
        *(format_count(sum(place["rows"] for place in places)) for places in found.values()),
        format_count(unlike) if unlike else "",
    )


def _kept(days: int) -> str:
    return FOR_EVER if not days else "for 1 day" if days == 1 else f"for {days:,} days"


def _day(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns / 1e9, UTC).strftime("%Y-%m-%d")
