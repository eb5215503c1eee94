"""Commands for what the database refused for good: `queue list`, `queue show`, `queue replay`, `queue export`.

They work on the collector's folder, whether the collector runs or not.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanglass_cli.datadir import DEFAULT_DATA_DIR
from spanglass_cli.errors import CommandError
from spanglass_cli.options import DataDir
from spanglass_cli.tables import aligned

if TYPE_CHECKING:
    from spanglass_collector.journal.set_aside import Heading

queue_app = typer.Typer(
    name="queue", help="What the database refused: list it, put it back, take it out.", no_args_is_help=True
)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids as `queue list` shows them.", show_default=False)]
Id = Annotated[str, typer.Argument(metavar="ID", help="The id, as `queue list` shows it.")]
REASON_CHARACTERS = 100


@queue_app.command("list")
def list_(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """The requests whose rows the database refused for good, oldest first, each with the reason."""
    found = _aside(data_dir)
    print(_table([(item_id, _heading(path)) for item_id, path in found.items()]) if found else "nothing is set aside")


@queue_app.command("show")
def show(item_id: Id, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """All that is known of one request that was set aside: its table, its file, and the whole reason."""
    (path,) = _chosen(data_dir, [item_id], everything=False).values()
    heading = _heading(path)
    told = {
        "table": heading.table,
        "rows": heading.rows,
        "bytes": heading.size_bytes,
        "when": _time(heading.at_ns),
        "file": path,
        "why": heading.reason,
    }
    print("\n".join(f"{name:<6} {value}" for name, value in told.items()))


@queue_app.command("replay")
def replay(
    ids: Ids = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is set aside.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Put requests back into the queue, when what was in the way is gone: a table brought up to date, for one."""
    from spanglass_collector.journal.set_aside import ask_back

    chosen = _chosen(data_dir, ids, everything=everything)
    for path in chosen.values():
        ask_back(path)
    print(f"{len(chosen)} put back: the collector takes them within seconds, or when it is started")


@queue_app.command("export")
def export(
    item_id: Id,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; default: standard output.", dir_okay=False)
    ] = None,
) -> None:
    """The rows of one request, in ClickHouse's Native format; they stay set aside too.

    `clickhouse local --input-format Native --query "SELECT * FROM table" < FILE` shows them.
    """
    from spanglass_collector.journal.set_aside import read

    (path,) = _chosen(data_dir, [item_id], everything=False).values()
    body = bytes(read(path).block.body)
    if output is None:
        sys.stdout.buffer.write(body)
    else:
        output.write_bytes(body)


def _aside(data_dir: Path) -> dict[str, Path]:
    """Everything that is set aside: id (the queue's folder and the number in it) to file."""
    from spanglass_collector.folders import aside_in

    return aside_in(data_dir / "queue")


def _heading(path: Path) -> Heading:
    from spanglass_collector.journal.set_aside import heading

    found = heading(path)
    if found is None:
        msg = f"{path} holds nothing that can be read"
        raise CommandError(msg)
    return found


def _chosen(data_dir: Path, ids: list[str] | None, *, everything: bool) -> dict[str, Path]:
    if bool(ids) == everything:
        msg = "name the ids that `spanglass queue list` shows, or --all"
        raise CommandError(msg)
    known = _aside(data_dir)
    for item_id in ids or ():
        if item_id not in known:
            msg = f"nothing is set aside under {item_id!r}: `spanglass queue list` shows all"
            raise CommandError(msg)
    return {item_id: known[item_id] for item_id in ids} if ids else known


def _table(rows: list[tuple[str, Heading]]) -> str:
    cells = [
        (
            item_id,
            each.table,
            str(each.rows),
            str(each.size_bytes),
            _time(each.at_ns),
            _short(each.reason),
        )
        for item_id, each in rows
    ]
    return aligned(("id", "table", "rows", "bytes", "when", "why"), cells)


def _time(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _short(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= REASON_CHARACTERS else line[: REASON_CHARACTERS - 1] + "…"
