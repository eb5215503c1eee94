"""From every earlier version to this one, with data; after a failure at any statement, and after a kill.

Migrations are applied one after the other, whatever the version they begin at. So one database that goes through all
of them, and gets in each what that version wrote, is the upgrade from every earlier version.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

import pytest
from store.test_golden_sql import QUERIES

from spanglass_store import measures
from spanglass_store.connection import Store
from spanglass_store.errors import StoreUnavailable
from spanglass_store.migrate import RECORD, migrate, newer, packaged, pending, statements, status
from spanglass_store.queries import trace, traces
from spanglass_store.query import Filters, Query, Window
from spanglass_store.retention import KEPT_TABLES, Retention
from spanglass_store.rows import block_from_spans, span_from_row
from spanglass_store.server_settings import of_insert
from spanglass_store.span import Span
from spanglass_store.upkeep import apply_retention

pytestmark = pytest.mark.clickhouse

START_NS: Final = (int(time.time()) - 40 * 86_400) * 10**9
WINDOW: Final = Window(START_NS - 10**9, START_NS + 3600 * 10**9)
AT: Final = f"fromUnixTimestamp64Nano(toInt64({START_NS}), 'UTC')"
DATA: Final[Mapping[int, str]] = {
    1: (
        "INSERT INTO spans (project, trace_id, span_id, start_time, duration_ns, name, kind, status, user_id, tags, metadata, "
        "response_model, input, output, input_tokens, output_tokens, usage_counted, cost_usd, sampling_weight, attributes) "
        f"SELECT 'p', unhex('{'ab' * 16}'), number + 1, {AT} + number, 1000, 'chat', 'llm', 'ok', 'ann', ['a'], "
        "map('k', 'v'), 'm', 'where is my parcel', 'there', 10, 5, true, 0.25, 1, map('x', 'y') FROM numbers(100)"
    ),
    2: (
        "INSERT INTO scores (project, name, score_id, timestamp, trace_id, data_type, value, source, updated_at) "
        f"SELECT 'p', 'good', toString(number), {AT}, unhex('{'ab' * 16}'), 'numeric', 0.5, 'code', {AT} FROM numbers(10)"
    ),
    3: (
        "INSERT INTO alert_transitions (project, rule_id, at, from_state, to_state, value, threshold, since, notified, "
        f"message) SELECT 'p', 'r', {AT}, 'inactive', 'firing', 1, 2, {AT}, '', 'it fires'"
    ),
    4: (
        "INSERT INTO api_keys (key_id, project, name, scope, key_hash, prefix, created_at, version) "
        "SELECT 'k1', 'p', 'laptop', 'read', repeat('0', 64), 'sg_', now(), 1"
    ),
    6: (
        "INSERT INTO prices (project, provider, model, starts_at, input_usd, comment, version) "
        "SELECT 'p', '', 'm', toDateTime64(0, 3), 1.5, '', 1"
    ),
    7: (
        "INSERT INTO span_details (project, trace_id, span_id, record_id, start_time, name, input) "
        f"SELECT 'p', unhex('{'ab' * 16}'), 1, toFixedString(toString(number), 16), {AT}, 'n', 'told' FROM numbers(5)"
    ),
    10: (
        "INSERT INTO annotations (project, annotation_id, trace_id, text, author, created_at, version) "
        f"SELECT 'p', toString(number), unhex('{'ab' * 16}'), 'note', 'eve', {AT}, 1 FROM numbers(3)"
    ),
}
"""What the version with so many migrations wrote, in its columns. A row here never changes: the next one is added."""

COUNTS: Final = {
    "spans": 100, "scores": 10, "alert_transitions": 1, "api_keys": 1, "prices": 1, "span_details": 5,
    "annotations": 3,
}  # fmt: skip


def write(store: Store, version: int) -> None:
    if statement := DATA.get(version):
        store.execute(statement, settings=of_insert(f"version {version}", None))


def counts(store: Store) -> dict[str, int]:
    return {table: store.fetch_rows(Query("count", f"SELECT count() AS n FROM {table}"))[0]["n"] for table in COUNTS}


def schema(store: Store) -> list[dict[str, Any]]:
    """Every table as the server describes it, without the name of the database."""
    sql = (
        "SELECT name, replaceAll(create_table_query, concat(database, '.'), '') AS made FROM system.tables "
        "WHERE database = currentDatabase() ORDER BY name"
    )
    return store.fetch_rows(Query("schema", sql))


def test_what_every_earlier_version_wrote_is_kept_shown_and_not_doubled(store_url: str) -> None:
    every = packaged()
    with Store(store_url) as store:
        for version in range(1, len(every) + 1):
            migrate(store, every[:version])
            write(store, version)
        assert migrate(store) == []
        assert counts(store) == COUNTS
        for version in range(1, len(every) + 1):
            write(store, version)  # a collector that did not hear the answer before the upgrade
        assert counts(store) == COUNTS

        told = measures.totals(
            ["calls", "cost_usd", "input_tokens"], "p", WINDOW, Filters.of("parcel", user_id=["ann"])
        )
        assert (
            store.fetch_rows(told)[0] | {"calls": 100, "cost_usd": 25, "input_tokens": 1000}
            == store.fetch_rows(told)[0]
        )
        assert len(store.fetch_rows(traces.find("p", WINDOW, Filters(), limit=10))) == 1
        spans = [span_from_row(row) for row in store.fetch_rows(trace.spans("p", "ab" * 16))]
        assert (len(spans), spans[0].metadata, spans[0].tags) == (100, {"k": "v"}, ("a",))
        for query in QUERIES.values():
            if query.sql.startswith(("SELECT", "WITH")) and "clusterAllReplicas" not in query.sql:
                store.fetch_rows(query)
        new = Span("p", "cd" * 16, "1".rjust(16, "0"), "", START_NS, START_NS, "new", kind="llm")
        store.insert(block_from_spans([new]), token="by this version")
        assert store.fetch_rows(told)[0]["calls"] == 100
        assert counts(store)["spans"] == 101

        apply_retention(store, Retention("p", 30), now_ns=time.time_ns())  # rules that came later hold for old rows
        assert {table: count for table, count in counts(store).items() if table in KEPT_TABLES} == dict.fromkeys(
            KEPT_TABLES, 0
        )


class Saboteur(Store):
    """A connection that breaks before the statement ``breaks_at``, or after the server has carried it out."""

    breaks_at, after = "", False

    def execute(self, sql: str, params: Mapping[str, Any] | None = None, **more: Any) -> None:
        if sql != self.breaks_at or self.after:
            super().execute(sql, params, **more)
        if sql == self.breaks_at:
            msg = "the network is gone"
            raise StoreUnavailable(msg)


def test_after_a_failure_at_any_statement_the_rest_can_follow(store: Store, store_url: str) -> None:
    """At every one of a short file; of a long one at both ends and in the middle, and before it is noted."""
    with Saboteur(f"{store_url}_cut") as cut:
        for position, migration in enumerate(packaged(), start=1):
            todo = statements(migration.sql)
            for number in sorted({1, 2, len(todo) // 2 + 1, len(todo)} & {*range(1, len(todo) + 1)}):
                cut.breaks_at, cut.after = todo[number - 1], bool(number % 2)
                place = rf"{migration.name}\.sql stopped at statement {number} of {len(todo)}: the network is gone\. Run the "
                with pytest.raises(StoreUnavailable, match=place):
                    migrate(cut)
                assert pending(cut)[0] == migration
            cut.breaks_at, cut.after = RECORD, False
            with pytest.raises(StoreUnavailable):
                migrate(cut)
            cut.breaks_at = ""
            migrate(cut, packaged()[:position])
        assert migrate(cut) == []
        assert schema(cut) == schema(store)
        cut.execute("DROP DATABASE {name:Identifier} SYNC", {"name": cut.database}, use_database=False)


TELLING = """
import sys, time
from spanglass_store.connection import Store
from spanglass_store.migrate import migrate
class Telling(Store):
    def execute(self, sql, params=None, **more):
        print("begins", flush=True)
        super().execute(sql, params, **more)
with Telling(sys.argv[1]) as store:
    migrate(store)
"""


def test_a_killed_migration_is_finished_by_the_next(store_url: str) -> None:
    for begun in (4, 9):
        process = subprocess.Popen([sys.executable, "-c", TELLING, store_url], stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(begun):
            assert process.stdout.readline() == b"begins\n"
        process.kill()
        process.wait()
        process.stdout.close()
    with Store(store_url) as store:
        assert migrate(store) != []
        assert pending(store) == []
        assert not any(state.changed for state in status(store))


def test_what_a_newer_version_applied_is_named(store: Store) -> None:
    assert newer(store) == []
    assert newer(store, packaged()[:-1]) == [packaged()[-1].name]
