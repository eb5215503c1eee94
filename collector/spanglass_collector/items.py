"""The SQL of the queue: items, the groups they are in, and the bodies that were seen."""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import dataclass
from typing import Final

from spanglass_store.native import Block

REMEMBER_BODIES_NS: Final = 3600 * 10**9
"""How long the same body is known again: an hour, longer than clients go on retrying."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS items (
    item_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    target   TEXT NOT NULL,
    rows     INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    group_id TEXT NOT NULL DEFAULT '',
    body     BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS items_by_group ON items (group_id, item_id, target, rows, bytes);
CREATE TABLE IF NOT EXISTS bodies (digest BLOB PRIMARY KEY, at_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bodies_by_time ON bodies (at_ns);
CREATE TABLE IF NOT EXISTS set_aside (
    item_id INTEGER PRIMARY KEY,
    target  TEXT NOT NULL,
    rows    INTEGER NOT NULL,
    at_ns   INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    body    BLOB NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Group:
    """A fixed set of items of one table, to be inserted together with ``group_id`` as the insert's token."""

    group_id: str
    block: Block
    items: int


def is_new(db: sqlite3.Connection, digest: bytes, now_ns: int) -> bool:
    """Remember a body; False where it was seen within the hour."""
    found = db.execute(
        "INSERT INTO bodies VALUES (?, ?) ON CONFLICT (digest) DO UPDATE SET at_ns = excluded.at_ns WHERE at_ns < ?",
        (digest, now_ns, now_ns - REMEMBER_BODIES_NS),
    )
    return found.rowcount > 0


def forget_bodies(db: sqlite3.Connection, now_ns: int) -> None:
    """Forget the bodies that are older than an hour."""
    db.execute("DELETE FROM bodies WHERE at_ns < ?", (now_ns - REMEMBER_BODIES_NS,))


def add(db: sqlite3.Connection, block: Block) -> None:
    """A new item, in no group."""
    values = (block.table, block.rows, len(block.body), block.body)
    db.execute("INSERT INTO items (target, rows, bytes, body) VALUES (?, ?, ?, ?)", values)


def sums(db: sqlite3.Connection) -> tuple[int, int]:
    """(rows, bytes) of all items."""
    rows, size = db.execute("SELECT ifnull(sum(rows), 0), ifnull(sum(bytes), 0) FROM items").fetchone()
    return rows, size


def new_group(db: sqlite3.Connection, max_rows: int, max_bytes: int) -> str:
    """The id of a group made of the oldest items of the table that has waited longest; empty if there are none."""
    waiting = db.execute("SELECT item_id, target, rows, bytes FROM items WHERE group_id = '' ORDER BY item_id")
    chosen: list[int] = []
    target, rows, size = "", 0, 0
    for item_id, item_target, item_rows, item_bytes in waiting:
        target = target or item_target
        if item_target != target:
            continue
        rows, size = rows + item_rows, size + item_bytes
        if chosen and (rows > max_rows or size > max_bytes):
            break
        chosen.append(item_id)
    waiting.close()
    return _make_group(db, chosen) if chosen else ""


def open_group(db: sqlite3.Connection) -> str:
    """The id of the oldest group that was made and is not settled; empty if there is none."""
    found = db.execute("SELECT group_id FROM items WHERE group_id > '' ORDER BY item_id LIMIT 1").fetchone()
    return str(found[0]) if found else ""


def halve_group(db: sqlite3.Connection, group_id: str) -> None:
    """Two groups of one, each with an id of its own, in the old order."""
    found = db.execute("SELECT item_id FROM items WHERE group_id = ? ORDER BY item_id", (group_id,))
    ids = [item_id for (item_id,) in found]
    _make_group(db, ids[: len(ids) // 2])
    _make_group(db, ids[len(ids) // 2 :])


def delete_group(db: sqlite3.Connection, group_id: str) -> None:
    """Forget the items of a group."""
    db.execute("DELETE FROM items WHERE group_id = ?", (group_id,))


def set_aside(db: sqlite3.Connection, group_id: str, now_ns: int, reason: str) -> None:
    """Copy the items of a group to where they are kept and not tried again."""
    db.execute(
        "INSERT INTO set_aside SELECT item_id, target, rows, ?, ?, body FROM items WHERE group_id = ?",
        (now_ns, reason, group_id),
    )


def _make_group(db: sqlite3.Connection, item_ids: list[int]) -> str:
    group_id = uuid.uuid4().hex
    db.executemany("UPDATE items SET group_id = ? WHERE item_id = ?", [(group_id, item_id) for item_id in item_ids])
    return group_id


def read_group(db: sqlite3.Connection, group_id: str) -> Group:
    """The items of a group, joined in their order: the same bytes each time."""
    found = db.execute("SELECT target, body, rows FROM items WHERE group_id = ? ORDER BY item_id", (group_id,))
    blocks = [Block(target, body, rows) for target, body, rows in found]
    return Group(group_id, Block.concat(blocks), len(blocks))
