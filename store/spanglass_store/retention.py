"""How long a project's data stays: a value, its row, and what keeps the rows of other tables to it. Pure.

Each row says itself how many days it stays (``retention_days``; 0: for ever), and one TTL rule a table has the
database remove what is older. Collectors write the days on new rows; when they change, stored rows are given the new
ones, and the database removes what is then too old while it writes them.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from spanglass_store.limits import BULK
from spanglass_store.native import Block, block_from_columns, head
from spanglass_store.packed import MAX_VARINT_BYTES, numbers, varint
from spanglass_store.queries.mutations import Mutation
from spanglass_store.query import Query, query

COLUMN: Final = "retention_days"
MAX_DAYS: Final = 10_000
"""More would pass the end of ClickHouse's DateTime, in 2106, and come out as a time long ago."""
DAY_NS: Final = 86_400 * 10**9
KEPT_TABLES: Final[Mapping[str, str]] = {
    "spans": "start_time",
    "span_details": "start_time",
    "scores": "timestamp",
    "annotations": "created_at",
}
"""The tables whose rows have a retention, and the time it is counted from."""


@dataclass(frozen=True, slots=True)
class Retention:
    """What a project keeps: ``days`` days; 0: everything, for ever, as without an entry."""

    project: str
    days: int


def block_from_retention(retention: Retention, *, version: int) -> Block:
    """A row of ``retention``. ``version`` is nanoseconds since 1970: of one project the largest wins.

    Raises ValueError for a number of days that cannot be.
    """
    if not 0 <= retention.days <= MAX_DAYS:
        msg = f"data stays from 1 to {MAX_DAYS} days; 0 keeps it for ever"
        raise ValueError(msg)
    columns: list[tuple[str, str, list[Any]]] = [
        ("project", "String", [retention.project]),
        ("days", "UInt16", [retention.days]),
        ("version", "UInt64", [version]),
    ]
    return block_from_columns("retention", columns)


def all_retention() -> Query:
    """Every project that has an entry, for ``retention_from_row``. Reads ``retention``. Grain: one row a project."""
    return query("retention", "SELECT project, days FROM retention FINAL ORDER BY project")


def retention_from_row(row: Mapping[str, Any]) -> Retention:
    """The Retention of a row of ``all_retention``."""
    return Retention(row["project"], row["days"])


def projects() -> Query:
    """Projects that have data or an entry, and their days (0: for ever). Reads ``spans``, ``scores`` and ``retention``.

    Grain: one row a project. Columns: ``project``, ``days``.
    """
    return query(
        "projects and their retention",
        """
        SELECT project, max(days) AS days FROM
        (
            SELECT project, days FROM retention FINAL
            UNION ALL
            SELECT DISTINCT project, 0 FROM spans
            UNION ALL
            SELECT DISTINCT project, 0 FROM scores
        )
        GROUP BY project ORDER BY project
        """,
    ).limited(BULK)


def kept_for(block: Block, days: int) -> Block:
    """The same rows, of one Native block, saying how many days they stay. 0, the column's default, is not written."""
    if not days or not block.rows:
        return block
    body = memoryview(bytes(block.body))
    columns = numbers(body[:MAX_VARINT_BYTES])[0]
    at, more = len(varint(columns)), varint(columns + 1)
    column = head(COLUMN, "UInt16") + struct.pack("<H", days) * block.rows
    cuts = block.cuts and more + block.cuts[at:]
    return Block(block.table, b"".join((more, body[at:], column)), block.rows, cuts)


def stored(table: str, retention: Retention, *, now_ns: int) -> Query:
    """What there is of a project in a table, day by day (by month of scores). Reads that table. Grain: one row a
    partition.

    Columns: ``partition`` (its id), ``rows``, ``unlike`` (rows that say another number of days), ``too_old`` (rows that
    the number of days removes; those already removed are not among them), ``oldest_ns``.
    """
    time = KEPT_TABLES[table]
    return query(
        f"retention of {table}",
        f"""
        SELECT _partition_id AS partition, count() AS rows, countIf({COLUMN} != {{days:UInt16}}) AS unlike,
        countIf({{days:UInt16}} > 0
        AND {time} < fromUnixTimestamp64Nano({{now_ns:Int64}}, 'UTC') - toIntervalDay({{days:UInt16}})) AS too_old,
        toUnixTimestamp64Nano(min(toDateTime64({time}, 9, 'UTC'))) AS oldest_ns
        FROM {table} WHERE project = {{project:String}}
        GROUP BY partition ORDER BY partition
        """,
        project=retention.project,
        days=retention.days,
        now_ns=now_ns,
    ).limited(BULK)


def update(table: str, retention: Retention, partition: str, *, marker: str) -> Mutation:
    """Gives the rows of a project in one partition its number of days. Those that are too old go with it: where the
    column of a TTL rule is written, ClickHouse applies the rule. ``marker`` is a word that nobody else uses.
    """
    statement = query(
        f"new retention of {table}",
        f"""
        ALTER TABLE {table} UPDATE {COLUMN} = {{days:UInt16}} IN PARTITION ID {{partition:String}}
        WHERE project = {{project:String}} AND {COLUMN} != {{days:UInt16}} AND {{marker:String}} != ''
        SETTINGS mutations_sync = 0
        """,
        project=retention.project,
        days=retention.days,
        partition=partition,
        marker=marker,
    )
    return Mutation(table, marker, statement)
