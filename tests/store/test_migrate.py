"""The schema: brought forward once, in order, by however many processes, and never silently different."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.errors import StoreError, StoreRejected, StoreUnavailable
from spanglass_store.migrate import Migration, migrate, packaged, pending, statements, status
from spanglass_store.query import Query

FIRST = Migration("0001_first", "CREATE TABLE IF NOT EXISTS first (a UInt8) ENGINE = MergeTree ORDER BY a;")
SECOND = Migration("0002_second", "ALTER TABLE first ADD COLUMN IF NOT EXISTS b String DEFAULT 'x;y'; -- later; on")

IDEMPOTENT = re.compile(
    r"""
      CREATE \s (TABLE|VIEW|MATERIALIZED\sVIEW|DICTIONARY) \s IF \s NOT \s EXISTS \s
    | CREATE \s OR \s REPLACE \s
    | DROP \s \w+ \s IF \s EXISTS \s
    | ALTER \s TABLE \s \w+ \s+ (ADD \s \w+ \s IF \s NOT \s EXISTS | (DROP|RENAME|CLEAR) \s \w+ \s IF \s EXISTS) \s
    | ALTER \s TABLE \s \w+ \s+ (MODIFY|MATERIALIZE) \s
    """,
    re.VERBOSE,
)
NOT_TWICE = re.compile(r"\b(ADD|DROP) (COLUMN|INDEX|PROJECTION) (?!IF )")


def tables(store: Store) -> set[str]:
    rows = store.fetch_rows(Query("tables", "SELECT name FROM system.tables WHERE database = currentDatabase()"))
    return {row["name"] for row in rows}


# --- the files


def test_the_files_are_numbered_without_a_gap() -> None:
    assert [migration.name[:5] for migration in packaged()] == [f"{n:04}_" for n in range(1, len(packaged()) + 1)]


@pytest.mark.parametrize("migration", packaged(), ids=lambda migration: migration.name)
def test_every_statement_can_be_run_twice(migration: Migration) -> None:
    assert statements(migration.sql)
    for statement in statements(migration.sql):
        assert IDEMPOTENT.match(statement), statement[:80]
        assert not NOT_TWICE.search(statement), statement[:80]


# --- splitting


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("", []),
        (" ;; \n -- nothing; here\n ; /* nor; here */ ", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1 -- the end", ["SELECT 1"]),
        ("SELECT 1;SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';';SELECT 2", ["SELECT ';'", "SELECT 2"]),
        (r"SELECT 'it\'s;', 'it''s;';SELECT 2", [r"SELECT 'it\'s;', 'it''s;'", "SELECT 2"]),
        (r"SELECT '\\';SELECT 2", [r"SELECT '\\'", "SELECT 2"]),
        ('SELECT ";" AS `;`;SELECT 2', ['SELECT ";" AS `;`', "SELECT 2"]),
        ("SELECT '-- no comment;' -- it's; one\n;SELECT 2", ["SELECT '-- no comment;'", "SELECT 2"]),
        ("SELECT 1 /* it's; \n one */ + 2; SELECT 2", ["SELECT 1   + 2", "SELECT 2"]),
        ("SELECT 3 - 1 / 2; SELECT 2", ["SELECT 3 - 1 / 2", "SELECT 2"]),
        ("SELECT '🙂;ü'; SELECT 2", ["SELECT '🙂;ü'", "SELECT 2"]),
    ],
)
def test_statements_end_where_the_server_thinks_they_do(sql: str, expected: list[str]) -> None:
    assert statements(sql) == expected


@given(st.lists(st.text(alphabet="ab ;'\"`-/*\\\n", max_size=8), min_size=1, max_size=5))
def test_quoted_text_never_ends_a_statement(texts: list[str]) -> None:
    quoted = ["SELECT '" + text.replace("\\", "\\\\").replace("'", "\\'") + "'" for text in texts]
    assert statements(" ; -- it's over;\n".join(quoted)) == quoted


@given(st.text(alphabet="a;'\"`-/*\\\n "))
def test_no_text_is_too_odd_to_be_split(sql: str) -> None:
    assert all(statement == statement.strip() != "" for statement in statements(sql))


# --- applying


@pytest.mark.clickhouse
def test_a_new_database_gets_everything_once(store_url: str) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    with Store.open(store_url) as store:
        assert [state.applied_at for state in status(store)] == [None] * len(packaged())
        assert pending(store) == list(packaged())
        assert migrate(store) == [migration.name for migration in packaged()]
        assert migrate(store) == []
        assert pending(store) == []
        assert {"spans", "scores", "alert_rules", "alert_transitions", "api_keys"} < tables(store)
        assert all(before <= state.applied_at <= datetime.now(UTC) and not state.changed for state in status(store))


@pytest.mark.clickhouse
def test_asking_changes_nothing(store_url: str) -> None:
    with Store.open(store_url) as store:
        status(store)
        pending(store)
        with pytest.raises(StoreRejected, match="UNKNOWN_DATABASE"):
            store.fetch(Query("any", "SELECT 1 FROM schema_migrations"))


@pytest.mark.clickhouse
def test_only_what_is_new_is_applied(store_url: str) -> None:
    with Store.open(store_url) as store:
        assert migrate(store, [FIRST]) == ["0001_first"]
        assert migrate(store, [FIRST, SECOND]) == ["0002_second"]
        store.execute("INSERT INTO first (a) VALUES (1)")
        assert store.fetch_rows(Query("row", "SELECT a, b FROM first")) == [{"a": 1, "b": "x;y"}]


@pytest.mark.clickhouse
def test_what_a_newer_version_applied_is_left_alone(store_url: str) -> None:
    with Store.open(store_url) as store:
        migrate(store, [FIRST, SECOND])
        assert migrate(store, [FIRST]) == []
        assert [state.name for state in status(store, [FIRST])] == ["0001_first"]


@pytest.mark.clickhouse
def test_a_file_changed_after_it_was_applied_is_refused(store_url: str) -> None:
    changed = Migration(FIRST.name, FIRST.sql.replace("UInt8", "UInt16"))
    with Store.open(store_url) as store:
        migrate(store, [FIRST])
        assert [state.changed for state in status(store, [changed])] == [True]
        with pytest.raises(StoreError, match=r"0001_first\.sql has changed .+ Restore the file .+ new, higher number"):
            migrate(store, [changed, SECOND])
        assert "0002_second" not in {state.name for state in status(store, [FIRST, SECOND]) if state.applied_at}


@pytest.mark.clickhouse
def test_a_failure_says_where_and_the_rest_can_follow(store_url: str) -> None:
    broken = Migration("0002_second", f"{SECOND.sql}\n; ALTER TABLE first ADD COLUMN IF NOT EXISTS c Strange; SELECT 1")
    mended = Migration("0002_second", broken.sql.replace("Strange", "String"))
    with Store.open(store_url) as store:
        with pytest.raises(StoreRejected, match=r"0002_second\.sql stopped at statement 2 of 3: .+Strange"):
            migrate(store, [FIRST, broken])
        assert [bool(state.applied_at) for state in status(store, [FIRST, broken])] == [True, False]
        assert migrate(store, [FIRST, mended]) == ["0002_second"]


@pytest.mark.clickhouse
def test_processes_that_start_together_do_not_disturb_each_other(store_url: str) -> None:
    names = [migration.name for migration in packaged()]

    def one(_: int) -> list[str]:
        with Store.open(store_url) as store:
            return migrate(store)

    for _ in range(2):
        with ThreadPoolExecutor(4) as pool:
            applied = list(pool.map(one, range(4)))
        assert all(set(each) <= set(names) for each in applied)
        with Store.open(store_url) as store:
            assert pending(store) == []
            assert not any(state.changed for state in status(store))
            store.execute("DROP DATABASE {name:Identifier} SYNC", {"name": store.database}, use_database=False)


@pytest.mark.clickhouse
def test_a_database_away_is_told_as_such(clickhouse: EmbeddedClickHouse) -> None:
    with Store.open(clickhouse.url().replace(str(clickhouse.http_port), "1")) as store, pytest.raises(StoreUnavailable):
        status(store)
