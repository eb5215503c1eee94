"""The form that a statement of the schema has on a cluster: which tables it becomes, which engines, on which servers."""

from __future__ import annotations

import re

import pytest

from spanglass_store.cluster import (
    BY_TRACE,
    MACROS,
    PATH,
    SHARDING,
    Cluster,
    cluster_form,
    create_database,
    is_spread,
    joined,
    kept_in,
)
from spanglass_store.connection import Store
from spanglass_store.errors import StoreRejected
from spanglass_store.migrate import LEDGER, packaged, statements
from spanglass_store.query import query

KEEPER = Cluster("main", "d", has_keeper=True)
PLAIN = Cluster("main", "d", has_keeper=False)
SCHEMA = [statement for migration in packaged() for statement in statements(migration.sql)]
CREATED = {found[1] for each in [LEDGER, *SCHEMA] if (found := re.match(r"CREATE TABLE IF NOT EXISTS (\w+)", each))}

SPANS_ABOVE = "AS spans_local ENGINE = Distributed('main', 'd', 'spans_local', sipHash64(trace_id))"
SPANS = """CREATE TABLE IF NOT EXISTS spans
(
    trace_id FixedString(16) CODEC(ZSTD(1)),
    INDEX ix lower(input) TYPE text(tokenizer = splitByNonAlpha)
)
ENGINE = MergeTree
ORDER BY trace_id
SETTINGS non_replicated_deduplication_window = 10000,
         lightweight_mutation_projection_mode = 'rebuild'"""


def test_every_table_of_the_schema_has_its_place_and_no_other_has() -> None:
    assert set(SHARDING) == CREATED


@pytest.mark.parametrize("statement", [LEDGER, *SCHEMA], ids=lambda statement: " ".join(statement.split()[:6]))
def test_every_statement_of_the_schema_has_both_forms(statement: str) -> None:
    for cluster in (KEEPER, PLAIN):
        assert cluster_form(statement, cluster)
    text = "\n".join(cluster_form(statement, KEEPER))
    assert "non_replicated_deduplication_window" not in text
    assert text.count("ENGINE = Replicated") == text.count("replicated_deduplication_window ="), (
        "as many remembered inserts"
    )
    assert "Replicated" not in "\n".join(cluster_form(statement, PLAIN))
    assert "ON CLUSTER" not in "\n".join(cluster_form(statement, PLAIN))


def test_a_sharded_table_is_two() -> None:
    local, above = cluster_form(SPANS, KEEPER)
    assert local.startswith("CREATE TABLE IF NOT EXISTS spans_local ON CLUSTER `main`\n(\n    trace_id FixedString(16)")
    assert "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/spans', '{replica}')\nORDER BY" in local
    assert "SETTINGS replicated_deduplication_window = 10000,\n" in local
    assert "lightweight_mutation_projection_mode = 'rebuild'" in local
    assert above == f"CREATE TABLE IF NOT EXISTS spans ON CLUSTER `main` {SPANS_ABOVE}"


def test_without_keeper_it_is_two_on_the_server_that_is_told() -> None:
    local, above = cluster_form(SPANS, PLAIN)
    assert local == SPANS.replace("EXISTS spans\n", "EXISTS spans_local\n")
    assert above == f"CREATE TABLE IF NOT EXISTS spans {SPANS_ABOVE}"


def test_a_small_table_has_a_copy_on_every_server_and_the_version_that_wins() -> None:
    statement = "CREATE TABLE IF NOT EXISTS prices (a UInt8, version UInt64) ENGINE = ReplacingMergeTree(version, gone) ORDER BY a"
    (copy,) = cluster_form(statement, KEEPER)
    assert "'/clickhouse/tables/everywhere/{database}/prices', '{shard}-{replica}', version, gone) ORDER BY a" in copy
    assert copy.endswith("\nSETTINGS replicated_deduplication_window = 0")
    local, above = cluster_form(statement, PLAIN)
    assert "ENGINE = ReplacingMergeTree(version, gone)" in local
    assert above.endswith("Distributed('main', 'd', 'prices_local', 0)"), "all of it is on the first shard"


def test_without_keeper_each_server_remembers_its_own_migrations() -> None:
    assert cluster_form(LEDGER, PLAIN) == (LEDGER,)
    assert "everywhere" in cluster_form(LEDGER, KEEPER)[0]


@pytest.mark.parametrize(
    ("statement", "with_keeper", "without"),
    [
        (
            "ALTER TABLE spans MODIFY SETTING a = 1",
            ["ALTER TABLE spans_local ON CLUSTER `main` MODIFY SETTING a = 1"],
            ["ALTER TABLE spans_local MODIFY SETTING a = 1"],
        ),
        (
            "ALTER TABLE spans ADD INDEX IF NOT EXISTS i a TYPE minmax",
            ["ALTER TABLE spans_local ON CLUSTER `main` ADD INDEX IF NOT EXISTS i a TYPE minmax"],
            ["ALTER TABLE spans_local ADD INDEX IF NOT EXISTS i a TYPE minmax"],
        ),
        (
            "ALTER TABLE spans ADD COLUMN IF NOT EXISTS b String CODEC(ZSTD(1))",
            [
                "ALTER TABLE spans_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS b String CODEC(ZSTD(1))",
                f"CREATE OR REPLACE TABLE spans ON CLUSTER `main` {SPANS_ABOVE}",
            ],
            [
                "ALTER TABLE spans_local ADD COLUMN IF NOT EXISTS b String CODEC(ZSTD(1))",
                f"CREATE OR REPLACE TABLE spans {SPANS_ABOVE}",
            ],
        ),
        (
            "ALTER TABLE prices ADD COLUMN IF NOT EXISTS b String",  # Keeper tells the other copies
            ["ALTER TABLE prices ADD COLUMN IF NOT EXISTS b String"],
            [
                "ALTER TABLE prices_local ADD COLUMN IF NOT EXISTS b String",
                "CREATE OR REPLACE TABLE prices AS prices_local ENGINE = Distributed('main', 'd', 'prices_local', 0)",
            ],
        ),
        (
            "ALTER TABLE prices MODIFY SETTING a = 1",  # of settings each copy has its own
            ["ALTER TABLE prices ON CLUSTER `main` MODIFY SETTING a = 1"],
            ["ALTER TABLE prices_local MODIFY SETTING a = 1"],
        ),
        (
            "ALTER TABLE spans DELETE IN PARTITION ID {p:String} WHERE project = {x:String}",
            ["ALTER TABLE spans_local ON CLUSTER `main` DELETE IN PARTITION ID {p:String} WHERE project = {x:String}"],
            ["ALTER TABLE spans_local DELETE IN PARTITION ID {p:String} WHERE project = {x:String}"],
        ),
        (
            "DROP TABLE IF EXISTS scores SYNC",
            [
                "DROP TABLE IF EXISTS scores ON CLUSTER `main` SYNC",
                "DROP TABLE IF EXISTS scores_local ON CLUSTER `main` SYNC",
            ],
            ["DROP TABLE IF EXISTS scores SYNC", "DROP TABLE IF EXISTS scores_local SYNC"],
        ),
    ],
)
def test_a_change_goes_where_the_rows_are(statement: str, with_keeper: list[str], without: list[str]) -> None:
    assert list(cluster_form(statement, KEEPER)) == with_keeper
    assert list(cluster_form(statement, PLAIN)) == without


@pytest.mark.parametrize(
    "statement", ["SELECT 1", "CREATE VIEW IF NOT EXISTS v AS SELECT 1", "INSERT INTO spans SELECT 1"]
)
def test_what_has_no_form_is_refused(statement: str) -> None:
    with pytest.raises(ValueError, match="no form for a cluster"):
        cluster_form(statement, KEEPER)


def test_a_table_without_a_place_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="nobody said where the table strange lies"):
        cluster_form("ALTER TABLE strange DROP COLUMN IF EXISTS a", KEEPER)


def test_what_is_asked_together_with_spans_lies_beside_them() -> None:
    with_traces = {
        found[1]
        for each in SCHEMA
        if (found := re.match(r"CREATE TABLE IF NOT EXISTS (\w+)\s*\([^;]*\btrace_id\b", each))
    }
    assert {SHARDING[name] for name in with_traces} == {BY_TRACE}


def test_where_rows_are_kept() -> None:
    assert [kept_in(name, KEEPER) for name in ("spans", "prices", "schema_migrations")] == [
        "spans_local",
        "prices",
        "schema_migrations",
    ]
    assert [kept_in(name, PLAIN) for name in ("spans", "prices")] == ["spans_local", "prices_local"]
    assert kept_in("spans", None) == "spans"
    assert is_spread("claims", KEEPER)


def test_the_path_uses_the_macros_that_a_server_must_have() -> None:
    text = "\n".join(statement for each in SCHEMA for statement in cluster_form(each, KEEPER))
    used = set(re.findall(r"\{(\w+)\}", text)) | set(re.findall(r"\{\{(\w+)\}\}", PATH))
    assert used == MACROS | {"database"}


@pytest.mark.clickhouse
def test_the_engine_can_read_every_statement(store: Store) -> None:
    """Keeper is not in the embedded engine, so what is for it is parsed there, not run."""
    changes = ["DELETE FROM spans WHERE 1", "OPTIMIZE TABLE spans FINAL", "DROP TABLE IF EXISTS prices SYNC"]
    texts = [create_database(KEEPER)]
    for cluster in (KEEPER, PLAIN):
        texts += [text for each in [LEDGER, *SCHEMA, *changes] for text in cluster_form(each, cluster)]
    definitions = query(
        "definitions", "SELECT create_table_query AS text FROM system.tables WHERE database = currentDatabase()"
    )
    joining = [joined(row["text"], KEEPER) for row in store.fetch_rows(definitions)]
    assert all(re.match(r"CREATE TABLE IF NOT EXISTS \S+ ON CLUSTER `main`\s", text) for text in joining)
    for text in texts + joining:
        store.execute(f"EXPLAIN AST {text}")
    with pytest.raises(StoreRejected, match="SYNTAX_ERROR"):
        store.execute(f"EXPLAIN AST {joining[0]} ON CLUSTER main")
