"""Claims: which collector means to store which request. Pure: rows and queries; ``docs/adr/011-queue.md`` says why.

A digest is the 16 bytes a request is known by, a collector the id of one queue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from spanglass_store.columns import COLUMNS
from spanglass_store.native import Block, block_from_columns
from spanglass_store.query import Query, Sent, query
from spanglass_store.server_settings import ONE_REPLICA

DIGEST_BYTES: Final = 16
RECENT_SECONDS: Final = 3600
"""How old another collector's claim may be to count: as long as a collector remembers a request itself."""

LEEWAY_SECONDS: Final = 2 * RECENT_SECONDS
"""How far a row's time may be off: a span without a time of its own has that of its arrival, which differs."""

IDENTITY: Final[Mapping[str, Mapping[str, str]]] = {
    "spans": {"project": "String", "trace_id": "FixedString(16)", "span_id": "UInt64"}
}
"""Tables whose rows can be recognised, and by which columns. Others need no claims: their rows replace one another."""

_ONE_REPLICA: Final = "SETTINGS " + ", ".join(f"{name} = {value!r}" for name, value in ONE_REPLICA.items())
_AGREED: Final = f"{_ONE_REPLICA}, max_threads = 1"


def block_from_claims(digests: Sequence[bytes], *, collector: str, group_id: str, yielded: bool) -> Block:
    """Claims of these requests, as rows."""
    count = len(digests)
    return block_from_columns(
        "claims",
        [
            ("digest", f"FixedString({DIGEST_BYTES})", digests),
            ("collector", "String", [collector] * count),
            ("group_id", "String", [group_id] * count),
            ("yielded", "Bool", [yielded] * count),
        ],
    )


def block_from_verdict(digest: bytes, *, collector: str) -> Block:
    """The row that makes this collector the one to store the request, where it is the first to say so."""
    return block_from_columns(
        "claim_verdicts",
        [("digest", f"FixedString({DIGEST_BYTES})", [digest]), ("collector", "String", [collector])],
    )


def claims_of_others(digests: Sequence[bytes], *, collector: str) -> Query:
    """What others claim of these requests. Reads ``claims``. No two rows are merged: this runs once a group of items,
    almost always finds nothing, and is to cost little.

    Columns: ``digest`` (hex), ``collector``, ``yielded``.
    """
    wanted = query(
        "claims of others",
        f"""
        SELECT lower(hex(claims.digest)) AS digest, collector, yielded FROM claims
        PREWHERE claims.digest IN mine
        WHERE collector != {{collector:String}} AND at >= now('UTC') - {{recent:UInt32}}
        {_AGREED}
        """,
        collector=collector,
        recent=RECENT_SECONDS,
    )
    return replace(wanted, sent=(_mine(digests),))


def own_claims(group_id: str, digests: Sequence[bytes], *, collector: str) -> Query:
    """Whether a collector claimed one of these requests for this group before. Reads ``claims``.

    One row: ``claimed``.
    """
    wanted = query(
        "own claims",
        f"""
        SELECT count() > 0 AS claimed FROM claims
        PREWHERE claims.digest IN mine
        WHERE collector = {{collector:String}} AND group_id = {{group_id:String}}
        {_AGREED}
        """,
        collector=collector,
        group_id=group_id,
    )
    return replace(wanted, sent=(_mine(digests),))


def verdicts(digests: Sequence[bytes]) -> Query:
    """Who is to store these requests, where that had to be said. Reads ``claim_verdicts``.

    Grain: one row a digest. Columns: ``digest`` (hex), ``collector``.
    """
    wanted = query(
        "verdicts on claims",
        "SELECT lower(hex(claim_verdicts.digest)) AS digest, min(collector) AS collector FROM claim_verdicts "
        f"WHERE claim_verdicts.digest IN mine GROUP BY claim_verdicts.digest {_AGREED}",
    )
    return replace(wanted, sent=(_mine(digests),))


def presence(block: Block) -> Query:
    """How many different rows the block has, and how many of them its table has. Reads that table.

    One row: ``sent``, ``stored``. Raises KeyError for a table whose rows cannot be recognised.
    """
    columns = IDENTITY[block.table]
    names = ", ".join(columns)
    wanted = query(
        "presence of rows",
        f"""
        SELECT uniqExact({names}) AS sent, uniqExactIf({names}, ({names}) IN
        ({_stored(block.table)})) AS stored
        FROM mine
        {_ONE_REPLICA}
        """,
        leeway=LEEWAY_SECONDS,
    )
    return replace(wanted, sent=(_rows_of(block, {**columns, "start_time": "DateTime64(9, 'UTC')"}),))


def absent(block: Block) -> Query:
    """The statement that stores those rows of a block that its table lacks, for ``Store.insert_from``. Reads that table.

    Raises KeyError for a table whose rows cannot be recognised.
    """
    columns = ", ".join(column.name for column in COLUMNS)
    wanted = query(
        "absent rows",
        f"""
        INSERT INTO {block.table} ({columns}) SELECT {columns} FROM mine
        WHERE ({", ".join(IDENTITY[block.table])}) NOT IN
        ({_stored(block.table)})
        """,
        leeway=LEEWAY_SECONDS,
    )
    return replace(wanted, sent=(_rows_of(block, {column.name: column.type for column in COLUMNS}),))


def _stored(table: str) -> str:
    """A sub-query: what identifies the stored rows of the traces in ``mine``, around its times."""
    return f"""
        SELECT {", ".join(IDENTITY[table])} FROM {table}
        WHERE trace_id IN (SELECT trace_id FROM mine)
        AND start_time BETWEEN (SELECT min(start_time) FROM mine) - toIntervalSecond({{leeway:UInt32}})
        AND (SELECT max(start_time) FROM mine) + toIntervalSecond({{leeway:UInt32}})
        """


def _rows_of(block: Block, columns: Mapping[str, str]) -> Sent:
    """These columns of a block, by name and type, as the table ``mine``."""
    structure = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
    return Sent("mine", structure, "Native", bytes(block.body))


def _mine(digests: Sequence[bytes]) -> Sent:
    return Sent("mine", f"digest FixedString({DIGEST_BYTES})", "RowBinary", b"".join(digests))
