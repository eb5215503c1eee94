"""What became of every record, counted on disk in the transaction that made it so.

For each table: received = duplicate + rejected + queued + stored + set_aside. ``queued`` is not a counter: it is what
lies in the queue, so the equation is a check and not a definition.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

COUNTERS: Final = ("received", "duplicate", "rejected", "queued", "stored", "set_aside")

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS ledger (
    target TEXT NOT NULL,
    name   TEXT NOT NULL,
    rows   INTEGER NOT NULL,
    PRIMARY KEY (target, name)
) WITHOUT ROWID;
"""


def add(db: sqlite3.Connection, target: str, **rows: int) -> None:
    """Count ``rows`` records of table ``target`` under each name."""
    db.executemany(
        "INSERT INTO ledger VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET rows = rows + excluded.rows",
        [(target, name, count) for name, count in rows.items() if count],
    )


def read(db: sqlite3.Connection) -> Mapping[str, Mapping[str, int]]:
    """Table to counter to records; every counter is there, also at 0."""
    found: dict[str, dict[str, int]] = {}
    counted = db.execute(
        "SELECT target, name, rows FROM ledger WHERE target <> '' UNION ALL SELECT target, 'queued', sum(rows) FROM items GROUP BY target"
    )
    for target, name, rows in counted:
        found.setdefault(target, dict.fromkeys(COUNTERS, 0))[name] = rows
    return found
