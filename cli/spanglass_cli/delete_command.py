"""The command `delete`: what belongs to users, sessions or traces, for good, and first into a file if that is wanted."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from spanglass_cli.datadir import DEFAULT_DATA_DIR
from spanglass_cli.errors import CommandError
from spanglass_cli.options import ClickHouseUrl, DataDir
from spanglass_cli.progress import confirmed, told

if TYPE_CHECKING:
    from spanglass_store.deletion import Doomed, Subject

FILES_SECONDS: Final = 900.0
"""Longest wait for replaced files: a server keeps them for eight minutes, and looks again now and then."""


def delete(
    project: Annotated[str, typer.Option(help="The project they belong to.")],
    user: Annotated[list[str] | None, typer.Option(help="A user's id; may be given again.", show_default=False)] = None,
    session: Annotated[
        list[str] | None, typer.Option(help="A session's id; may be given again.", show_default=False)
    ] = None,
    trace: Annotated[
        list[str] | None, typer.Option(help="A trace's id; may be given again.", show_default=False)
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(help="First write what goes into this file: JSON, one record a line.", dir_okay=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would go, and delete nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking first.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Also wait until the replaced files have left the disk: up to ten minutes.")
    ] = False,
    clickhouse_url: ClickHouseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Delete for good all that belongs to users, to sessions or to traces: spans, log records, scores and notes.

    Of a user or a session go all traces that name it anywhere, whole. What arrives of it within thirty days goes too.
    """
    from spanglass_cli.database import find_clickhouse_url
    from spanglass_cli.delete_export import write_export
    from spanglass_store import erasure
    from spanglass_store.connection import Store

    subject, values = _meant(user, session, trace)
    with Store.open(find_clickhouse_url(clickhouse_url, data_dir)) as store:
        doomed = erasure.doomed_by(store, project, subject, values)
        counts = erasure.count(store, doomed)
        print(_told_counts(doomed, counts))
        if dry_run:
            return
        if not yes:
            confirmed("Delete this for good?")
        if export is not None:
            written = write_export(store, doomed, export)
            print(f"{written:,} records are in {export}")
        erasure.remember(store, doomed, subject, values, at_ns=time.time_ns())
        removed = erasure.erase(store, doomed, told("parts of the data written anew"))
        print(f"deleted ({_rows(removed)}). What arrives of it within thirty days goes as well")
        if wait:
            print("waiting until the replaced files are gone …", file=sys.stderr, flush=True)
        if erasure.wait_for_files(store, timeout_seconds=FILES_SECONDS if wait else 0.0):
            print("no file on disk holds it any more")
        elif wait:
            msg = f"replaced files are still on disk after {FILES_SECONDS:g} s: see old_parts_lifetime of the server"
            raise CommandError(msg)
        else:
            print("the replaced files are on disk for some minutes more; --wait stays until they are gone")


def _meant(user: list[str] | None, session: list[str] | None, trace: list[str] | None) -> tuple[Subject, list[str]]:
    given: list[tuple[Subject, list[str]]] = [("user", user or []), ("session", session or []), ("trace", trace or [])]
    meant = [(subject, values) for subject, values in given if values]
    if len(meant) != 1:
        msg = "say what to delete by one of --user, --session and --trace"
        raise CommandError(msg)
    ((subject, values),) = meant
    if not all(values):
        msg = f"an empty id names no {subject}"
        raise CommandError(msg)
    if subject == "trace":
        values = [value.lower() for value in values]
        if wrong := next((value for value in values if not _is_trace_id(value)), None):
            msg = f"{wrong!r} is no trace id: 32 hex digits"
            raise CommandError(msg)
    return subject, list(dict.fromkeys(values))


def _is_trace_id(text: str) -> bool:
    return len(text) == 32 and all(digit in "0123456789abcdef" for digit in text) and bool(text.strip("0"))


def _told_counts(doomed: Doomed, counts: dict[str, int]) -> str:
    found = f"traces: {len(doomed.traces):,}; sessions with their own scores and notes: {len(doomed.sessions):,}"
    return f"{found}; {_rows(counts)}"


def _rows(counts: dict[str, int]) -> str:
    return ", ".join(f"{table.replace('_', ' ')}: {count:,}" for table, count in reversed(counts.items()))
