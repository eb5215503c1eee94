"""Costs written anew: which calls there are, how each is found again, and the statement that changes them. Pure:
queries and statements as values; ``docs/adr/014-costs.md`` says why it is done so.

A call is found again by the hash of everything its cost follows from, so whatever has the same hash has the same cost.
The new costs lie in a lookup table, one for each statement, until the statement has been carried out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from spanglass_store.columns import COLUMNS
from spanglass_store.native import Block, block_from_columns
from spanglass_store.query import Query, Window, between, query

LOOKUP_PREFIX: Final = "repriced_"
ABANDONED_SECONDS: Final = 3600
"""How old the lookup table of a run may be before it counts as left behind."""

_CALLS: Final = "kind IN ('llm', 'embedding', 'rerank') AND cost_source != 'reported'"
_TEXTS: Final = ("project", "kind", "provider", "response_model", "request_model", "service_tier", "status")
_TOKENS: Final = tuple(column.name for column in COLUMNS if column.codec == "tokens")
_AMOUNTS: Final = tuple(column.name for column in COLUMNS if column.codec == "usd")
_COSTS: Final = {c.name: c.type for c in COLUMNS if c.name in {*_AMOUNTS, "cost_source", "price_id"}}
_KEY: Final = f"sipHash128({', '.join((*_TEXTS, 'start_time', *(f'ifNull(toInt64({t}), -1)' for t in _TOKENS)))})"


def partitions(project: str | None, window: Window) -> Query:
    """Where there are calls whose cost is ours to say. Grain: one row a partition, the newest first.

    Columns: ``partition`` (its id), ``calls`` (rows).
    """
    return query(
        "partitions with calls",
        f"SELECT _partition_id AS partition, count() AS calls FROM spans WHERE {_of(project)} AND {_CALLS} "
        f"AND {(time := between('start_time', window)).sql} GROUP BY partition ORDER BY partition DESC",
        time,
        **_bound(project),
    )


def calls(partition: str, project: str | None, window: Window) -> Query:
    """The calls of one partition whose cost is ours to say, for ``Store.sheets``. Grain: one row a call.

    Columns: ``key`` (16 bytes), those that decide what a call costs (``start_time`` in nanoseconds since 1970), its
    cost now (amounts in nano-dollars), ``usage_counted``, ``sampling_weight``.
    """
    time = between("spans.start_time", window)
    amounts = ", ".join(f"toInt64(spans.{name} * toDecimal128(1000000000, 0)) AS {name}" for name in _AMOUNTS)
    return query(
        "calls to price anew",
        f"""
        SELECT {_KEY} AS key, {", ".join(_TEXTS)}, toUnixTimestamp64Nano(spans.start_time) AS start_time,
        {", ".join(_TOKENS)}, {amounts}, cost_source, price_id, usage_counted, sampling_weight
        FROM spans
        WHERE _partition_id = {{partition:String}} AND {_of(project)} AND {_CALLS} AND {time.sql}
        SETTINGS prefer_column_name_to_alias = 1
        """,
        time,
        partition=partition,
        **_bound(project),
    )


def lookup_table(name: str) -> str:
    """The statement that makes an empty lookup table."""
    columns = ", ".join(f"{column} {type_}" for column, type_ in _COSTS.items())
    return f"CREATE TABLE {name} (key FixedString(16), is_found UInt8, {columns}) ENGINE = Join(ANY, LEFT, key)"


def block_from_costs(
    name: str,
    keys: Sequence[bytes],
    costs: Sequence[tuple[int | None, ...]],
    sources: Sequence[str],
    ids: Sequence[str],
) -> Block:
    """Rows of a lookup table: for each key its amounts (nano-dollars, None for unknown), their source and their price."""
    amounts = dict(zip(_AMOUNTS, zip(*costs, strict=True), strict=True))
    values = amounts | {"cost_source": sources, "price_id": ids}
    columns: list[tuple[str, str, Sequence[Any]]] = [
        ("key", "FixedString(16)", keys),
        ("is_found", "UInt8", [1] * len(keys)),
        *((column, type_, values[column]) for column, type_ in _COSTS.items()),
    ]
    return block_from_columns(name, columns)


def update(name: str, partition: str, *, database: str) -> Query:
    """The statement that gives the calls of a partition the costs of a lookup table.

    It begins a mutation and does not wait for it. Rows inserted after it are left alone.
    """
    new = {column: f"joinGet({{lookup:String}}, '{column}', {_KEY})" for column in (*_COSTS, "is_found")}
    found = new.pop("is_found")
    changes = ",\n".join(f"{column} = {value}" for column, value in new.items())
    return query(
        "new costs",
        f"""
        ALTER TABLE spans UPDATE
        {changes}
        IN PARTITION ID {{partition:String}}
        WHERE {_CALLS} AND {found} = 1
        SETTINGS mutations_sync = 0
        """,
        lookup=f"{database}.{name}",
        partition=partition,
    )


def left_behind() -> Query:
    """Lookup tables of runs that ended early, which no mutation needs any more. Column: ``name``."""
    return query(
        "lookup tables left behind",
        """
        SELECT name FROM system.tables
        WHERE database = currentDatabase() AND startsWith(name, {prefix:String})
        AND metadata_modification_time < now() - {seconds:UInt32}
        AND NOT arrayExists(command -> position(command, name) > 0, (
            SELECT groupArray(command) FROM system.mutations
            WHERE database = currentDatabase() AND table = 'spans' AND NOT is_done
        ))
        ORDER BY name
        """,
        prefix=LOOKUP_PREFIX,
        seconds=ABANDONED_SECONDS,
    )


def _of(project: str | None) -> str:
    return "1" if project is None else "project = {project:String}"


def _bound(project: str | None) -> dict[str, str]:
    return {} if project is None else {"project": project}
