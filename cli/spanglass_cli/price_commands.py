"""Commands for own prices: `prices list`, `check`, `apply`, `remove`, `unknown`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from spanglass_cli.datadir import DEFAULT_DATA_DIR
from spanglass_cli.errors import CommandError
from spanglass_cli.options import ClickHouseUrl, DataDir, OneProject

if TYPE_CHECKING:
    from spanglass_store.connection import Store
    from spanglass_store.prices import OwnPrice

prices_app = typer.Typer(
    name="prices", help="Own prices: US dollars for a million tokens, since when, of which model.", no_args_is_help=True
)

PriceFile = Annotated[Path, typer.Argument(metavar="FILE", help="TOML; `spanglass prices list --toml` writes one.")]
DAY_NS: Final = 86_400 * 10**9
UNTIL_KNOWN: Final = (
    "Collectors price by it within half a minute; what is stored keeps its cost until `spanglass reprice`."
)


@prices_app.command("list")
def list_(
    project: OneProject = None,
    as_toml: Annotated[bool, typer.Option("--toml", help="As a file for `prices apply`.")] = False,
    clickhouse_url: ClickHouseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """The own prices: of every project, or those that one project's calls can have."""
    from spanglass_cli.price_file import toml_from_prices
    from spanglass_cli.tables import aligned
    from spanglass_store.prices import amounts_text, day_or_time, standing

    with _store(clickhouse_url, data_dir) as store:
        prices = _stored(store, project)
    if as_toml:
        print(toml_from_prices(prices), end="")
        return
    now_ns = time.time_ns()
    cells = [
        (
            price.key_id,
            price.model,
            price.provider or "any",
            price.project or "all",
            day_or_time(price.starts_ns) if price.starts_ns else "",
            day_or_time(price.ends_ns) if price.ends_ns else "",
            standing(price, prices, now_ns),
            amounts_text(price),
            price.comment,
        )
        for price in prices
    ]
    head = ("id", "model", "provider", "project", "from", "until", "now", "US dollars", "comment")
    print(aligned(head, cells) if cells else "there are no own prices yet: `spanglass prices apply FILE` sets some")


@prices_app.command("check")
def check(file: PriceFile) -> None:
    """Say whether a file of own prices can be used, and what it says. Needs no database. Exit code 1 if it cannot."""
    from spanglass_cli.price_changes import changes

    print(changes([], _read(file), prune=False))


@prices_app.command("apply")
def apply(
    file: PriceFile,
    prune: Annotated[bool, typer.Option("--prune", help="Take away every own price that is not in the file.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    clickhouse_url: ClickHouseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Set the own prices of a file, and show what that changes. Safe to repeat.

    A price is known by its model, provider, project and start: one that is there gets the amounts of the file.
    """
    from spanglass_cli.price_changes import changes

    wanted = _read(file)
    with _store(clickhouse_url, data_dir) as store:
        differences = changes(_stored(store), wanted, prune=prune)
        print(differences)
        if dry_run or not (differences.saved or differences.removed):
            return
        _save(store, differences.saved, differences.removed)
    print(UNTIL_KNOWN, file=sys.stderr)


@prices_app.command("remove")
def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids as `prices list` shows them.")],
    clickhouse_url: ClickHouseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Take own prices away, as if they had never been set.

    A price that was right until now is better ended: give it `ends` in the file.
    """
    from spanglass_cli.price_changes import named

    with _store(clickhouse_url, data_dir) as store:
        known = {price.key_id: price for price in _stored(store)}
        for key_id in ids:
            if key_id not in known:
                msg = f"there is no own price {key_id!r}: `spanglass prices list` shows all"
                raise CommandError(msg)
        removed = [known[key_id] for key_id in dict.fromkeys(ids)]
        _save(store, (), removed)
    print("\n".join(f"removed {named(price)}" for price in removed))
    print(UNTIL_KNOWN, file=sys.stderr)


@prices_app.command("unknown")
def unknown(
    project: OneProject = None,
    days: Annotated[int, typer.Option(min=1, help="How many days back to look.")] = 30,
    clickhouse_url: ClickHouseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Models that were called and have no price, those with the most tokens first. Failed calls are left out."""
    from spanglass_cli.tables import aligned
    from spanglass_store.numbers import format_count
    from spanglass_store.queries.prices import unpriced
    from spanglass_store.query import Window

    now_ns = time.time_ns()
    with _store(clickhouse_url, data_dir) as store:
        rows = store.fetch_rows(unpriced(project, Window(now_ns - days * DAY_NS, now_ns + DAY_NS)))
    numbers = ("calls", "without usage", "input tokens", "output tokens")
    fields = ("calls", "untold_calls", "input_tokens", "output_tokens")
    cells = [
        (
            row["model"] or "(not told)",
            row["provider"],
            row["project"],
            *(format_count(row[field]) for field in fields),
            *(f"{datetime.fromtimestamp(row[at] / 1e9, UTC):%Y-%m-%d %H:%M}" for at in ("first_ns", "last_ns")),
        )
        for row in rows
    ]
    head = ("model", "provider", "project", *numbers, "first seen (UTC)", "last seen (UTC)")
    print(aligned(head, cells, right=numbers) if cells else f"every call of the last {days} days has a cost")


def _store(clickhouse_url: str | None, data_dir: Path) -> Store:
    from spanglass_cli.database import find_clickhouse_url
    from spanglass_store.connection import Store

    return Store.open(find_clickhouse_url(clickhouse_url, data_dir))


def _stored(store: Store, project: str | None = None) -> list[OwnPrice]:
    from spanglass_store.prices import all_prices, price_from_row

    return [price_from_row(row) for row in store.fetch_rows(all_prices(project))]


def _save(store: Store, saved: Sequence[OwnPrice], removed: Sequence[OwnPrice]) -> None:
    from spanglass_store.prices import block_from_prices

    version = time.time_ns()
    store.insert(block_from_prices(saved, removed=removed, version=version), token=f"prices {version}")


def _read(file: Path) -> list[OwnPrice]:
    from spanglass_cli.price_file import prices_from_toml
    from spanglass_store.read_file import read_file

    return read_file(file, prices_from_toml, "prices")
