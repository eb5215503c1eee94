"""Where ``make bench-queries`` keeps its data: one embedded ClickHouse with a database for each schema, filled once."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from queries_data import DAY_NS, DAYS, START_NS, Plan, scores_insert, spans_insert
from queries_text import corpus, pieces
from startup import free_port
from urllib3 import Timeout

from spanglass_store.connection import Store
from spanglass_store.days_and_hours import ROLL_UPS
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.migrate import migrate, statements, status
from spanglass_store.native import block_from_columns
from spanglass_store.query import Query, Window
from spanglass_store.score_answers import copy_answers

MEMORY_LIMIT_BYTES = int(float(os.environ.get("MEMORY_GB", "8")) * 2**30)
OURS, TENTH, WORK = "spanglass", "tenth", "work"
REST_SECONDS = 3.0
FILL_SETTINGS = {"max_insert_threads": 2, "max_execution_time": 0, "max_partitions_per_insert_block": 0}


def say(text: str) -> None:
    """A line of progress, with the time."""
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


@contextmanager
def server(keep: str | None) -> Iterator[EmbeddedClickHouse]:
    """The engine, with its data in the folder ``keep``, or in a temporary one that is deleted."""
    with tempfile.TemporaryDirectory(prefix="spanglass-queries-") as folder:
        path = Path(keep) if keep else Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        with EmbeddedClickHouse(path, http_port=free_port(), memory_limit_bytes=MEMORY_LIMIT_BYTES) as engine:
            yield engine


@contextmanager
def patient(engine: EmbeddedClickHouse, database: str) -> Iterator[Store]:
    """A store that waits for an answer of any length; the product gives up after two minutes."""
    with Store(engine.url(database=database)) as store:
        store._connected()._backend.timeout = Timeout(connect=5, read=None)
        yield store


def value(store: Store, sql: str) -> int:
    """The one number of a query."""
    (row,) = store.fetch_rows(Query(sql[:40], sql))
    return int(next(iter(row.values())))


class Filled:
    """Which steps have been done in this place, so that a kept one goes on where it stopped."""

    def __init__(self, store: Store, plan: Plan) -> None:
        self.store = store
        for name in (OURS, WORK):
            store.execute(f"CREATE DATABASE IF NOT EXISTS {name}", use_database=False)
        store.execute(
            f"CREATE TABLE IF NOT EXISTS {WORK}.done (step String, spans UInt64) ENGINE = MergeTree ORDER BY step"
        )
        rows = store.fetch_rows(Query("done", f"SELECT step, spans FROM {WORK}.done"))
        self.steps = {row["step"] for row in rows}
        if other := {row["spans"] for row in rows} - {plan.spans}:
            sys.exit(f"This folder holds data of SPANS={other.pop()}, not {plan.spans}: choose another or delete it.")
        self.plan = plan

    def once(self, step: str, act: Callable[[], None]) -> None:
        """Do it unless it has been done here."""
        if step in self.steps:
            return
        act()
        self.store.execute(f"INSERT INTO {WORK}.done VALUES ('{step}', {self.plan.spans})")
        self.steps.add(step)


def fill_ours(store: Store, work: Store, plan: Plan, done: Filled) -> None:
    """Our schema as this version makes it, then the spans stretch by stretch, the scores, and what answered to each."""
    for changed in (each.name for each in status(store) if each.changed):  # of a kept place, while a schema is tried
        say(f"{changed} has changed since: it is run again")
        store.execute("DELETE FROM schema_migrations WHERE name = {name:String}", {"name": changed})
    for name in migrate(store):
        say(f"migration {name}")

    def keep_text() -> None:
        store.execute(f"CREATE OR REPLACE TABLE {WORK}.pieces (id UInt32, text String) ENGINE = Join(ANY, LEFT, id)")
        found = pieces(corpus(plan.corpus_bytes))
        columns = [("id", "UInt32", range(len(found))), ("text", "String", found)]
        work.insert(block_from_columns("pieces", columns), token="pieces")

    done.once("text", keep_text)
    by_stretch(store, done, "ours", lambda day, days: spans_insert(OURS, f"{WORK}.pieces", plan, day, days))
    done.once("scores", lambda: execute(store, scores_insert(OURS, plan)))
    done.once("answers", lambda: copy_answers(store, until=round(time.time()) + 1))


def settle(store: Store, done: Filled) -> None:
    """What ClickHouse does by itself in the half day after these spans came (``schema/0016_old_days.sql``), done now: every
    day but the last becomes one part, and the scores do.
    """

    def merge() -> None:
        days = "SELECT DISTINCT partition_id AS id FROM system.parts WHERE active AND database = {name:String} AND table = 'spans' ORDER BY id"
        ids = [row["id"] for row in store.fetch_rows(Query("days", days, (("name", store.database),)))]
        made = ", ".join(f"MATERIALIZE PROJECTION {name}" for name in ROLL_UPS)
        store.execute(
            f"ALTER TABLE spans {made} SETTINGS mutations_sync = 2"
        )  # the monitor does so, a few days an hour
        for day in ids[:-2]:
            store.execute(
                f"OPTIMIZE TABLE spans PARTITION ID '{day}' FINAL SETTINGS optimize_skip_merged_partitions = 1"
            )
        store.execute("OPTIMIZE TABLE scores FINAL SETTINGS optimize_skip_merged_partitions = 1")

    done.once(f"{store.database} settled", merge)


def fill_peer(store: Store, done: Filled, schema: ModuleType) -> None:
    """The tables of another schema, with our spans and scores in them."""
    name = schema.DATABASE
    store.execute(f"CREATE DATABASE IF NOT EXISTS {name}", use_database=False)
    for sql in schema.TABLES:
        store.execute(sql)
    by_stretch(store, done, name, lambda day, days: schema.spans_insert(OURS, stretch(day, days)))
    done.once(f"{name} scores", lambda: execute(store, schema.scores_insert(OURS)))


def stretch(day: int, days: int) -> Window:
    """The time of some days; the last one has all that is later too: a trace may go on after midnight."""
    end_ns = START_NS + (day + days) * DAY_NS
    return Window(START_NS + day * DAY_NS, end_ns + DAY_NS if day + days == DAYS else end_ns)


def by_stretch(store: Store, done: Filled, name: str, insert: Callable[[int, int], str]) -> None:
    """The statement of each stretch that is not there yet, and a line of progress now and then."""
    began = told = time.monotonic()
    for day, days in done.plan.stretches():
        done.once(f"{name} day {day}", lambda day=day, days=days: execute(store, insert(day, days)))
        if time.monotonic() - told > 10:
            told = time.monotonic()
            say(f"{name}: {day + days} days of {DAYS}, {told - began:.0f} s")


def fill_tenth(store: Store, done: Filled) -> None:
    """Every tenth trace and its scores once more, in a database of its own: the same days with a tenth of the spans."""

    def fill() -> None:
        migrate(store)
        for table in ("spans", "scores"):
            execute(
                store,
                f"INSERT INTO {store.database}.{table} SELECT * FROM {OURS}.{table} WHERE sipHash64(trace_id) % 10 = 0",
            )

    done.once("tenth", fill)


def execute(store: Store, sql: str) -> None:
    """Run an INSERT … SELECT with both cores, however long it takes."""
    store.execute(f"{sql} SETTINGS {', '.join(f'{name} = {limit}' for name, limit in FILL_SETTINGS.items())}")


def extra_ddl(store: Store, path: str) -> None:
    """Statements of a file, in our database: for trying a schema."""
    for sql in statements(Path(path).read_text()):
        say(sql.replace("\n", " ")[:120])
        store.execute(sql)


def wait_for_rest(store: Store) -> None:
    """Return when nothing is merged or changed any more for a few seconds."""
    began = calm_since = time.monotonic()
    told = 0.0
    while time.monotonic() - calm_since < REST_SECONDS:
        time.sleep(0.5)
        busy = value(
            store,
            "SELECT (SELECT count() FROM system.merges) + (SELECT count() FROM system.mutations WHERE NOT is_done)",
        )
        if busy:
            calm_since = time.monotonic()
            if calm_since - told > 30:
                told = calm_since
                say(f"{busy} merges or changes are running, {calm_since - began:.0f} s")
