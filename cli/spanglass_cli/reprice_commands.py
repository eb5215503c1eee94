"""The command `reprice`: what stored calls would cost today, shown and written."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from spanglass_cli.datadir import DEFAULT_DATA_DIR
from spanglass_cli.errors import CommandError
from spanglass_cli.options import ClickHouseUrl, DataDir, OneProject
from spanglass_cli.progress import confirmed, told

if TYPE_CHECKING:
    from spanglass_collector.repricing import Differences
    from spanglass_store.query import Window

MAX_LINES: Final = 200
"""Lines of the table; the total has them all."""


def reprice(
    project: OneProject = None,
    from_day: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day (UTC).", show_default=False),
    ] = None,
    to_day: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last day (UTC).", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; without --yes only what would change.")] = False,
    clickhouse_url: ClickHouseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Give stored calls the cost they would get today, by own prices and the public ones of this version.

    Shows by day and model what changes, then asks. Costs that clients reported stay. Safe to interrupt and to repeat.
    """
    from spanglass_cli.database import find_clickhouse_url
    from spanglass_cli.reprice import Repricing, present_prices
    from spanglass_store.connection import Store

    with Store.open(find_clickhouse_url(clickhouse_url, data_dir)) as store:
        repricing = Repricing(store, present_prices(store), project, _window(from_day, to_day))
        tell = told("calls looked at")
        asks = not (yes or dry_run or as_json)
        if not yes or dry_run:
            found = repricing.look(tell)
            _show(found, as_json=as_json, written=False)
            if not asks or not found.rows:
                return
            confirmed("Write these costs?")
        _show(repricing.write(tell), as_json=as_json, written=True)


def _window(from_day: datetime | None, to_day: datetime | None) -> Window:
    from spanglass_store.query import Window

    def ns(day: datetime) -> int:
        return int(day.replace(tzinfo=UTC).timestamp()) * 10**9

    window = Window(ns(from_day) if from_day else 0, ns(to_day + timedelta(days=1)) if to_day else 2**63 - 1)
    if window.duration_ns <= 0:
        msg = "--to is before --from"
        raise CommandError(msg)
    return window


def _show(differences: Differences, *, as_json: bool, written: bool) -> None:
    from spanglass_cli.tables import aligned
    from spanglass_store.numbers import format_count, format_usd

    total, lines = differences.total(), differences.lines()
    if as_json:
        told = [asdict(line) | {"difference_usd": line.difference_usd} for line in lines]
        print(json.dumps({"written": written, "rows": differences.rows, "lines": told}))
        return
    if not differences.rows:
        print("every cost is what it would be today")
        return
    numbers = ("calls", "cost before", "cost after", "difference", "becomes known", "becomes unknown")
    cells = [
        (
            line.day,
            line.project,
            line.model,
            line.provider,
            format_count(line.calls),
            format_usd(line.before_usd),
            format_usd(line.after_usd),
            f"{'+' if line.difference_usd >= 0 else '-'}{format_usd(abs(line.difference_usd))}",
            format_count(line.becomes_known) if line.becomes_known else "",
            format_count(line.becomes_unknown) if line.becomes_unknown else "",
        )
        for line in [*lines[:MAX_LINES], total]
    ]
    print(aligned(("day", "project", "model", "provider", *numbers), cells, right=numbers))
    if len(lines) > MAX_LINES:
        print(f"{len(lines) - MAX_LINES:,} more lines are in the total: --json shows all")
    print(f"{differences.rows:,} calls {'have' if written else 'would get'} new costs")
