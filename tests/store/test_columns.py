"""The column table, the schema on a real server and the Span agree."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest

from spanglass_store.columns import COLUMNS
from spanglass_store.connection import Store
from spanglass_store.query import Query
from spanglass_store.rows import READ_SQL, TO_WIRE
from spanglass_store.span import Cost, Span, Usage

NOT_SENT = {"retention_days"}  # has a default; the collector adds it to the blocks of projects that have a retention


@pytest.mark.clickhouse
def test_the_table_on_the_server_has_these_columns_and_types(store: Store) -> None:
    described = store.fetch(
        Query(
            "describe",
            "SELECT name, type FROM system.columns WHERE table = 'spans' AND database = currentDatabase() ORDER BY position",
        )
    )
    there = dict(zip(described["name"], described["type"], strict=True))
    assert {c.name: c.type for c in COLUMNS} == {name: type_ for name, type_ in there.items() if name not in NOT_SENT}
    assert [c.name for c in COLUMNS] == [name for name in there if name not in NOT_SENT]


def test_every_field_of_a_span_has_a_column() -> None:
    def leaves(cls: type, prefix: str = "") -> set[str]:
        nested = {"usage": Usage, "cost": Cost}
        return set().union(
            *(
                leaves(nested[f.name], f"{f.name}.") if not prefix and f.name in nested else {prefix + f.name}
                for f in fields(cls)
            )  # type: ignore[arg-type]
        )

    assert is_dataclass(Span)
    assert leaves(Span) - {"end_ns"} == {c.path for c in COLUMNS} - {"duration_ns"}


def test_every_codec_is_known() -> None:
    known = {"plain", *TO_WIRE, *READ_SQL}
    assert {c.codec for c in COLUMNS} <= known


def test_every_column_says_what_it_means() -> None:
    assert all(len(c.help) > 10 for c in COLUMNS)
