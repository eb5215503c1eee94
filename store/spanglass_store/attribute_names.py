"""Which attribute names arrive and what becomes of each, as the collectors saw it in a sample. Pure.

Grain: one row a project, service, scope, name, fate and field; the latest look replaces the older ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from spanglass_store.native import Block, block_from_columns
from spanglass_store.query import Query, Window, between, query

TABLE: Final = "attribute_names"
VERDICTS: Final = ("understood", "contradictory", "ignored")


@dataclass(frozen=True, slots=True)
class AttributeName:
    """One name. ``field`` is the canonical field it tells (or would), ``dialect`` who says so, ``won_by`` the attribute
    that had told the field before, something else. ``last_seen_ms`` is milliseconds since 1970 UTC.
    """

    project: str
    service: str
    scope_name: str
    scope_version: str
    name: str
    verdict: str
    field: str
    dialect: str
    won_by: str
    last_seen_ms: int


def block_from_names(names: Sequence[AttributeName]) -> Block:
    """Rows of ``attribute_names`` as one Native block."""
    low = "LowCardinality(String)"
    texts = (
        ("project", low), ("service", low), ("scope_name", low), ("name", "String"), ("verdict", low), ("field", low),
        ("dialect", low), ("won_by", "String"), ("scope_version", low),
    )  # fmt: skip
    columns = [(name, type_, [getattr(each, name) for each in names]) for name, type_ in texts]
    return block_from_columns(
        TABLE, [*columns, ("last_seen", "DateTime64(3, 'UTC')", [each.last_seen_ms for each in names])]
    )


def seen(project: str, window: Window, *, limit: int = 20_000) -> Query:
    """Names that were last seen in ``window``. Grain: one row a service, scope, name, fate and field, in that order.

    Columns: service, scope_name, scope_version, name, verdict, field, dialect, won_by, last_seen (UTC). Reads
    ``attribute_names``, which is small: names that were not seen for 30 days are gone.
    """
    where = between("last_seen", window)
    return query(
        "attribute names seen",
        f"""
        SELECT service, scope_name, scope_version, name, verdict, field, dialect, won_by, last_seen
        FROM attribute_names FINAL
        WHERE project = {{project:String}} AND {where.sql}
        ORDER BY service, scope_name, name, verdict, field
        LIMIT {{limit:UInt32}}
        """,
        where,
        project=project,
        limit=limit + 1,
    ).limited(row_limit=limit)
