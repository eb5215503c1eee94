"""The command `export`: spans, and on request scores and log records, as Parquet, JSON lines or CSV."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from spanglass_cli.datadir import DEFAULT_DATA_DIR
from spanglass_cli.errors import CommandError
from spanglass_cli.options import ClickHouseUrl, DataDir

if TYPE_CHECKING:
    from spanglass_cli.export_files import Advance, Form, Written
    from spanglass_store.queries.export import Table
    from spanglass_store.query import Filters, Window

FORMS: Final[dict[str, Form]] = {".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}
When = Annotated[str, typer.Option(metavar="WHEN", help="24h, 7d, now, 2026-11-30 or 2026-11-30T12:00 (UTC).")]


def export(
    file: Annotated[Path, typer.Argument(help="Where to: NAME.parquet, .jsonl or .csv.", dir_okay=False)],
    start: When = "7d",
    end: When = "now",
    project: Annotated[str, typer.Option(help="The project.")] = "default",
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=VALUE",
            help="Only what has this. Several times: any value of one field, all of the fields. "
            "Also not.FIELD=VALUE, attributes.KEY=VALUE, metadata.KEY=VALUE.",
        ),
    ] = None,
    search: Annotated[str, typer.Option(help="Only spans with these words.")] = "",
    columns: Annotated[str, typer.Option(metavar="A,B", help="These columns of spans; default: all.")] = "",
    scores: Annotated[bool, typer.Option("--scores", help="Scores too, into NAME.scores.parquet.")] = False,
    details: Annotated[
        bool, typer.Option("--details", help="What log records tell of spans too, into NAME.details.parquet.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    clickhouse_url: ClickHouseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Write what is stored to files, of whatever size. A file has its name once it is complete.

    The columns are those of the table `spans` with ids in hex; prompts and answers are in them as they are stored.
    """
    from spanglass_cli.database import find_clickhouse_url
    from spanglass_cli.export_files import Wanted, write
    from spanglass_store.connection import Store

    form = FORMS.get(file.suffix.lower())
    if form is None:
        msg = f"the name {file.name} does not say in which format: end it with .parquet, .jsonl or .csv"
        raise CommandError(msg)
    files: list[tuple[Table, Path]] = [("spans", file)]
    files += [("scores", _beside(file, "scores"))] if scores else []
    files += [("span_details", _beside(file, "details"))] if details else []
    for _, path in files:
        if path.exists() and not overwrite:
            msg = f"{path} is there already: choose another name, or add --overwrite"
            raise CommandError(msg)
    window, filters = _window(start, end), _filters(where or (), search)
    with Store.open(find_clickhouse_url(clickhouse_url, data_dir)) as store:
        for table, path in files:
            wanted = Wanted(table, project, window, filters, _names(columns) if table == "spans" else ())
            try:
                with _progress(path.name) as advance:
                    written = write(store, wanted, path, form, advance)
            except (ValueError, OSError) as error:
                raise CommandError(str(error)) from error
            print(_told(written))


def _beside(file: Path, what: str) -> Path:
    return file.with_name(f"{file.stem}.{what}{file.suffix}")


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(","))))


def _window(start: str, end: str) -> Window:
    from spanglass.query.times import moment_ns
    from spanglass_store.query import Window

    now_ns = time.time_ns()
    try:
        window = Window(max(0, moment_ns(start, now_ns)), moment_ns(end, now_ns))
    except ValueError as error:
        raise CommandError(str(error)) from error
    if window.duration_ns <= 0:
        msg = "--end is not after --start"
        raise CommandError(msg)
    return window


def _filters(where: Sequence[str], search: str) -> Filters:
    from spanglass_collector.api.query_body import filters_from_parameters
    from spanglass_collector.errors import Rejected

    given: dict[str, list[str]] = {}
    for each in where:
        name, sign, value = each.partition("=")
        if not sign:
            msg = f"--where takes FIELD=VALUE, and not {each!r}"
            raise CommandError(msg)
        given.setdefault(name.strip(), []).append(value)
    try:
        return filters_from_parameters(given, search)
    except Rejected as error:
        raise CommandError(str(error)) from error


@contextmanager
def _progress(name: str) -> Iterator[Advance]:
    """A bar on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _rows, _of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    told = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rows"),
        TimeRemainingColumn(),
    )
    with Progress(*told, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=None)
        yield lambda rows, of: progress.update(task, completed=rows, total=of)


def _told(written: Written) -> str:
    from spanglass_store.numbers import format_bytes, format_seconds

    size, took = format_bytes(written.size_bytes), format_seconds(written.seconds)
    return f"{written.path}: {written.rows:,} rows, {size}, {took}"
