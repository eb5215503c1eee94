"""The whole database into a folder of the embedded server's, and back: ClickHouse's own BACKUP and RESTORE.

The folder is on the disk that the server's configuration sets aside for it (``BACKUP_DISK``). A backup is what was
stored at one moment; the server goes on meanwhile.
"""

from __future__ import annotations

import time
from typing import Final

from spanglass_store.connection import Store
from spanglass_store.embedded_config import BACKUP_DISK
from spanglass_store.errors import StoreError
from spanglass_store.query import Query, query

POLL_SECONDS: Final = 0.1
MAX_REASON: Final = 300
FAILED: Final = frozenset({"BACKUP_FAILED", "RESTORE_FAILED", "BACKUP_CANCELLED", "RESTORE_CANCELLED"})
DONE: Final = frozenset({"BACKUP_CREATED", "RESTORED"})


def back_up(store: Store, name: str, *, base: str = "") -> None:
    """Write the database into the folder ``name``. With ``base``, a folder with an earlier one, only what that lacks.

    Of ``base`` the list of its files is enough. Names are letters and digits. Raises StoreError with the server's reason.
    """
    _run(store, f"BACKUP DATABASE `{store.database}` TO {_place(name)}", name, base)


def restore(store: Store, name: str, *, base: str = "") -> None:
    """Make the database from the folder ``name``, and from ``base`` what that one took from there.

    Its tables must not be there. Raises StoreError with the server's reason.
    """
    store.execute(f"CREATE DATABASE IF NOT EXISTS `{store.database}`", use_database=False)
    _run(store, f"RESTORE DATABASE `{store.database}` FROM {_place(name)}", name, base)


def stored_rows(database: str) -> Query:
    """Rows on disk, those that replace one another each. Reads ``system.parts``. Grain: one row a table that has any.

    Columns: ``name``, ``rows``.
    """
    return query(
        "rows of every table",
        "SELECT table AS name, sum(rows) AS rows FROM system.parts WHERE active AND database = {database:String} "
        "GROUP BY name ORDER BY name",
        database=database,
    )


def damaged(store: Store) -> list[str]:
    """The tables whose files are not what their checksums say. Reads every byte."""
    found = store.fetch_rows(
        query(
            "tables",
            "SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree'",
            database=store.database,
        )
    )
    return [row["name"] for row in found if not _is_sound(store, row["name"])]


def _is_sound(store: Store, table: str) -> bool:
    check = Query(f"check of {table}", f"CHECK TABLE `{table}`")
    return store.raw(check, form="TabSeparated", settings={"check_query_single_value_result": 1}).strip() == b"1"


def _place(name: str) -> str:
    if not name.isalnum():
        msg = f"{name!r} is no name of a backup"
        raise StoreError(msg)
    return f"Disk('{BACKUP_DISK}', '{name}')"


def _run(store: Store, statement: str, name: str, base: str) -> None:
    on_base = f"base_backup = {_place(base)}, " if base else ""
    store.execute(f"{statement} SETTINGS {on_base}id = '{name}' ASYNC", use_database=False)
    state = query("state of a backup", "SELECT status, error FROM system.backups WHERE id = {id:String}", id=name)
    while True:
        for row in store.fetch_rows(state):
            if row["status"] in DONE:
                return
            if row["status"] in FAILED:
                msg = f"ClickHouse could not do it: {row['error'].partition(', Stack trace')[0][:MAX_REASON]}"
                raise StoreError(msg)
        time.sleep(POLL_SECONDS)
