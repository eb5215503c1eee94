"""The tables that travel with a query: those it brings, and those that are asked for before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from clickhouse_connect.driver.external import ExternalData

from spanglass_store.native import block_from_columns
from spanglass_store.query import Asked, Query, Sent

Ask = Callable[[Query, ExternalData | None], Sequence[Sequence[Any]]]
"""The values of each column of a query that these tables travel with."""


def tables_of(query: Query, ask: Ask) -> ExternalData | None:
    """All tables of ``query``, in the driver's form; None for none. Raises what ``ask`` raises."""
    sent = [*query.sent]
    for each in query.asked:
        sent.append(_answered(each, sent, ask))
    return _external(sent)


def rows_of(name: str, columns: Sequence[tuple[str, str]], values: Sequence[Sequence[Any]]) -> Sent:
    """The table ``name`` of columns, (name, type) pairs, with these values of each; none at all for no rows."""
    named = [(column, type_, held) for (column, type_), held in zip(columns, values, strict=bool(values))]
    structure = ", ".join(f"{column} {type_}" for column, type_ in columns)
    return Sent(name, structure, "Native", bytes(block_from_columns(name, named).body))


def _answered(table: Asked, sent: Sequence[Sent], ask: Ask) -> Sent:
    values: Sequence[Sequence[Any]] = ()
    for each in table.queries:
        values = ask(each, _external(sent))
        if values and len(values[0]) >= table.enough:
            break
    return rows_of(table.name, table.columns, values)


def _external(sent: Sequence[Sent]) -> ExternalData | None:
    if not sent:
        return None
    external = ExternalData()
    for each in sent:
        external.add_file(file_name=each.name, data=each.data, fmt=each.format, structure=each.structure)
    return external
