"""What version 0.1 left: one SQLite file, brought into a queue of today, once, with everything that was in it.

The new folder is written beside and then renamed, so it is there as a whole or not at all; when it is there, the file
is only removed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from spanglass_collector.journal import disk, kinds, set_aside
from spanglass_collector.journal.digests import short
from spanglass_collector.journal.journal import SUFFIX
from spanglass_collector.journal.record import Record
from spanglass_collector.journal.segment import Segment
from spanglass_collector.journal.set_aside import SetAside
from spanglass_collector.ledger import COUNTED
from spanglass_store.native import Block

log = logging.getLogger(__name__)
OLD_FILE: Final = "queue.sqlite3"
FOLDER: Final = "imported"


def import_old_queue(root: Path) -> None:
    """Bring an old queue in ``root`` into the folder ``imported``, if there is one. Raises OSError, sqlite3.Error.

    The caller has the lock of ``root``.
    """
    old = root / OLD_FILE
    if not old.exists():
        return
    folder = root / FOLDER
    if not folder.exists():
        draft = root / f".{FOLDER}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        with contextlib.closing(sqlite3.connect(old)) as database:
            _bring(database, draft)
        draft.rename(folder)
        disk.sync_directory(root)
    for path in root.glob(OLD_FILE + "*"):
        path.unlink()


def _bring(database: sqlite3.Connection, folder: Path) -> None:
    (newest_ns,) = database.execute("SELECT ifnull(max(at_ns), 0) FROM bodies").fetchone()
    head = Record(kinds.HEAD, {"ledger": _ledger(database), "next": _next_number(database), "at": newest_ns})
    segment = Segment.create(folder, 1, SUFFIX, head)
    count = 0
    for record in _records(database, newest_ns):
        segment.append([record])
        count += 1
    segment.sync()
    segment.close()
    for item_id, table, rows, at_ns, reason, body in database.execute(
        "SELECT item_id, target, rows, at_ns, reason, body FROM set_aside"
    ):
        set_aside.keep(folder, SetAside(item_id, Block(table, body, rows), b"", at_ns, reason))
    os.close(disk.lock(folder))  # the lock's file makes it a queue's folder
    log.info("the queue of an earlier version is taken over: %d records", count)


def _records(database: sqlite3.Connection, newest_ns: int) -> Iterator[Record]:
    """Its items, groups with the ids they had, and the bodies it had seen, as requests of which nothing is left."""
    groups: dict[str, list[tuple[int, int]]] = {}
    for number, table, rows, group_id, body in database.execute(
        "SELECT item_id, target, rows, group_id, body FROM items ORDER BY item_id"
    ):
        yield _item({"n": number, "t": table, "r": rows, "d": "", "at": newest_ns}, body)
        if group_id:
            groups.setdefault(group_id, []).append((number, number))
    if groups:
        yield Record(kinds.GROUPS, {"groups": list(groups.items())})
    for digest, at_ns in database.execute("SELECT digest, at_ns FROM bodies"):
        yield _item({"n": 0, "t": "", "r": 0, "d": short(digest).hex(), "at": at_ns}, b"")


def _item(facts: dict[str, Any], body: bytes) -> Record:
    return Record(kinds.ITEM, {**facts, "x": 0}, body)


def _ledger(database: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """The counters, without the items that wait: they are counted when they are read."""
    counters: dict[str, dict[str, int]] = {}
    for table, name, rows in database.execute("SELECT target, name, rows FROM ledger WHERE target <> ''"):
        counters.setdefault(table, dict.fromkeys(COUNTED, 0))[name] = rows
    for table, rows in database.execute("SELECT target, sum(rows) FROM items GROUP BY target"):
        counters.setdefault(table, dict.fromkeys(COUNTED, 0))["received"] -= rows
    return counters


def _next_number(database: sqlite3.Connection) -> int:
    largest = "SELECT max(n) FROM (SELECT max(item_id) AS n FROM items UNION ALL SELECT max(item_id) FROM set_aside)"
    return int(database.execute(largest).fetchone()[0] or 0) + 1
