"""The commands `backup` and `restore`: the embedded database into a folder or a file, and back."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from spanglass_cli import version
from spanglass_cli.datadir import DEFAULT_DATA_DIR, running_in
from spanglass_cli.errors import CommandError
from spanglass_cli.options import DataDir

if TYPE_CHECKING:
    from spanglass_cli.backup_files import Note
    from spanglass_store.connection import Store
    from spanglass_store.embedded_home import Home

QUIET: Final = {"max_bytes_to_merge_at_max_space_in_pool": 1}
"""Nothing is merged, so that rows can be counted."""

LEFT_SECONDS: Final = 7 * 86_400.0

Base = Annotated[
    Path | None,
    typer.Option(
        "--base", help="An earlier whole backup: what it has is not written (read) again.", show_default=False
    ),
]


def backup(
    target: Annotated[Path, typer.Argument(help="A folder that is not there yet, or a file that ends in .zip.")],
    base: Base = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Write the embedded database to a folder or a zip file, while `up` runs or not.

    It holds everything that is stored: texts, scores, rules, hashes of keys; no password. What waits in the queue is
    not in it. For a server of your own use BACKUP of ClickHouse: see docs/operations.md.
    """
    from spanglass_cli import backup_files as files
    from spanglass_store.backup import back_up

    if target.exists():
        msg = f"{target} is there already: name another"
        raise CommandError(msg)
    earlier = files.read_note(base) if base else None
    if earlier and earlier.base_id:
        msg = f"{base} is itself based on another backup: name a whole one"
        raise CommandError(msg)
    with _database(data_dir) as (store, home), _staging(home) as stage:
        made, below = stage("made"), stage("base")
        if base:
            files.copy_list(base, below)
        back_up(store, made.name, base=below.name if base else "")
        rows, counts = files.rows_in(made, earlier)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        note = files.Note(made.name, version(), now, rows, counts, earlier.backup_id if earlier else "")
        files.write_note(made, note)
        files.hand_over(made, target)
    print(f"{target} has {_told(note)}")


def restore(
    source: Annotated[Path, typer.Argument(help="What `spanglass backup` made.", exists=True)],
    base: Base = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Make a new data directory from a backup, check it, and leave it ready for `spanglass up`.

    Refuses a data directory that has a database. Keys, rules and prices come with it.
    """
    from spanglass_cli import backup_files as files
    from spanglass_store import backup as backups
    from spanglass_store.embedded_home import Home

    note = files.read_note(source)
    _require_base(source, note, base)
    home = Home(data_dir.absolute())
    if home.data_path.exists() or running_in(data_dir):
        msg = f"{data_dir} has a database already: choose another --data-dir, or move it away"
        raise CommandError(msg)
    began = False
    try:
        with _started(data_dir) as store, _staging(home) as stage:
            began = True
            whole, below = stage("whole"), stage("base")
            files.bring(source, whole)
            if base:
                files.bring(base, below)
            backups.restore(store, whole.name, base=below.name if base else "")
            _require_whole(store, source, note)
        os.sync()
    except BaseException:
        if began:
            shutil.rmtree(home.path, ignore_errors=True)  # else the next try would find a database
        raise
    print(f"{data_dir} has {_told(note)}. Start it: spanglass up --data-dir {data_dir}")


def _require_base(source: Path, note: Note, base: Path | None) -> None:
    from spanglass_cli.backup_files import read_note

    if note.base_id and (base is None or read_note(base).backup_id != note.base_id):
        msg = f"{source} is not whole: name the backup that it is based on with --base"
        raise CommandError(msg)
    if base is not None and not note.base_id:
        msg = f"{source} is whole: it needs no --base"
        raise CommandError(msg)


def _require_whole(store: Store, source: Path, note: Note) -> None:
    from spanglass_store import backup as backups

    rows = {row["name"]: row["rows"] for row in store.fetch_rows(backups.stored_rows(store.database))}
    if rows != {table: count for table, count in note.rows.items() if count}:
        msg = f"{source} did not come back whole: it has {dict(note.rows)}, restored were {rows}"
        raise CommandError(msg)
    if wrong := backups.damaged(store):
        msg = f"{source} is damaged: {', '.join(wrong)}"
        raise CommandError(msg)


@contextlib.contextmanager
def _database(data_dir: Path) -> Iterator[tuple[Store, Home]]:
    """The database in a data directory: that of the `up` which runs there, else started for as long as needed."""
    from spanglass_cli.database import find_clickhouse_url
    from spanglass_store.connection import Store
    from spanglass_store.embedded_home import Home

    home = Home(data_dir.absolute())
    if running_in(data_dir):
        with Store.open(find_clickhouse_url(None, data_dir)) as store:
            yield store, home
        return
    if not home.data_path.exists():
        msg = f"there is no database in {data_dir}: choose its --data-dir"
        raise CommandError(msg)
    with _started(data_dir) as store:
        yield store, home


@contextlib.contextmanager
def _started(data_dir: Path) -> Iterator[Store]:
    from spanglass_store.connection import Store
    from spanglass_store.embedded import EmbeddedClickHouse
    from spanglass_store.embedded_config import MERGE_TREE

    merge_tree = "".join(f"<{name}>{value}</{name}>" for name, value in {**MERGE_TREE, **QUIET}.items())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with (
        EmbeddedClickHouse(data_dir, http_port=port, sections={"merge_tree": merge_tree}) as server,
        Store.open(server.url()) as store,
    ):
        yield store


class _Stage:
    """Folders where the server finds backups, by what they are for."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._id = secrets.token_hex(8)
        self.made: list[Path] = []

    def __call__(self, purpose: str) -> Path:
        """A folder that is not there yet."""
        self.made.append(self._home.backups_path / f"{purpose}{self._id}")
        return self.made[-1]


@contextlib.contextmanager
def _staging(home: Home) -> Iterator[_Stage]:
    stage = _Stage(home)
    _clear(home.backups_path)
    try:
        yield stage
    finally:
        for folder in stage.made:
            shutil.rmtree(folder, ignore_errors=True)


def _clear(folder: Path) -> None:
    """Remove what commands that were killed left there long ago."""
    left = folder.iterdir() if folder.exists() else ()
    for path in left:
        if time.time() - path.stat().st_mtime > LEFT_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _told(note: Note) -> str:
    rows = ", ".join(f"{table.replace('_', ' ')}: {count:,}" for table, count in sorted(note.rows.items()) if count)
    return f"the data of {note.made_at} ({rows})"
