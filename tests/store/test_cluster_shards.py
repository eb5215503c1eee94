"""Through two shards every query answers as it does on one server, and every row is stored once. The shards are two
embedded engines, the tables those of the same files, the rows the same, sent to either.
"""

from __future__ import annotations

import math
import random
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import cycle
from typing import Any, Final

import pytest
from store.shards import Shards, two_shards
from store.test_golden_sql import QUERIES
from store.test_golden_sql import WINDOW as GOLDEN_WINDOW

from spanglass_store import claims
from spanglass_store.cluster import SHARDING, Cluster, is_spread, kept_in
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.errors import StoreError, StoreUnavailable
from spanglass_store.layout import layout
from spanglass_store.migrate import Migration, migrate, packaged, pending
from spanglass_store.native import Block
from spanglass_store.query import Query, query
from spanglass_store.rows import block_from_spans
from store import sample

pytestmark = pytest.mark.clickhouse

READS: Final = {
    name: asked
    for name, asked in QUERIES.items()
    if asked.sql.startswith(("SELECT", "WITH"))
    and "FROM" in asked.sql  # else it asks for the time
    and "clusterAllReplicas" not in asked.sql  # that one asks a cluster alone
}
PERCENTILE: Final = re.compile(r"p\d\d|quantile|median")
PERCENTILE_TOLERANCE: Final = 0.02
"""How far a percentile may be off: two t-digests put together are not the t-digest of all (within 1 % of it each)."""
SUM_TOLERANCE: Final = 1e-9
"""How far another sum of floats may be off: shards are added up in another order."""
SECOND_NS: Final = 10**9
SPANS: Final = sample.spans()
TRACE: Final = SPANS[0].trace_id
NOBODYS: Final = "a mutation that nobody began"
LONG_AGO_NS: Final = sample.WINDOW.start_ns - 40 * 86_400 * SECOND_NS
"""A day that nothing else is on."""


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shards]:
    with two_shards([tmp_path_factory.mktemp("shard") for _ in range(2)]) as made:
        for store in made.stores:
            migrate(store, cluster="two")
        yield made


@pytest.fixture(scope="module")
def one(clickhouse: EmbeddedClickHouse) -> Iterator[Store]:
    """The same rows on one server."""
    with Store(clickhouse.url(database=f"t_one_{secrets.token_hex(6)}")) as store:
        migrate(store)
        for number, block in enumerate(sample.blocks()):
            store.insert(block, token=f"block-{number}")
        yield store
        store.execute("DROP DATABASE {name:Identifier} SYNC", {"name": store.database}, use_database=False)


@pytest.fixture(scope="module")
def two(shards: Shards) -> Sequence[Store]:
    """The shards with all rows, each insert sent to another one."""
    for number, (block, store) in enumerate(zip(sample.blocks(), cycle(shards.stores), strict=False)):
        store.insert(block, token=f"block-{number}")
    return shards.stores


def stored(store: Store, project: str, table: str = "spans") -> tuple[int, int]:
    """Rows of a project, and different ones."""
    asked = query(
        "stored",
        f"SELECT count() AS rows, uniqExact(trace_id) AS traces FROM {table} WHERE project = {{project:String}}",
        project=project,
    )
    row = store.fetch_rows(asked)[0]
    return row["rows"], row["traces"]


def day_of(time_ns: int) -> str:
    """The id of the partition that spans of that time are in."""
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).strftime("%Y%m%d")


def asked_of_the_sample(asked: Query, trace_id: str) -> Query:
    """A golden query with what the data set has in place of its made-up values: times, the trace, the partition."""
    real: dict[str, Any] = {
        "trace_id": trace_id,
        "trace_ids": (trace_id,),
        "offset": 0,
        "marker": NOBODYS,
        "partition": day_of(sample.WINDOW.start_ns),
        "first": sample.WINDOW.start_ns // (60 * SECOND_NS),
        "last": sample.WINDOW.end_ns // (60 * SECOND_NS),
    }

    def value(name: str, made_up: Any) -> Any:
        if name.endswith(("start_ns", "end_ns", "before_ns", "until")):
            return moved(made_up)
        return real.get(name, made_up)

    sent = tuple(replace(each, data=each.data.replace(bytes(16), bytes.fromhex(trace_id))) for each in asked.sent)
    first = tuple(
        replace(table, queries=tuple(asked_of_the_sample(each, trace_id) for each in table.queries))
        for table in asked.asked
    )
    params = tuple((name, value(name, made_up)) for name, made_up in asked.params)
    return replace(asked, params=params, sent=sent, asked=first)


def moved(made_up_ns: int) -> int:
    """A time that is a while (whole seconds) from an end of the golden window, or of the one before, in the sample's."""
    windows = [GOLDEN_WINDOW, GOLDEN_WINDOW.previous()], [sample.WINDOW, sample.WINDOW.previous()]
    ends = [[end for window in each for end in (window.start_ns, window.end_ns)] for each in windows]
    for old, new in zip(*ends, strict=True):
        if (made_up_ns - old) % SECOND_NS == 0:
            return new + made_up_ns - old
    return made_up_ns


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By what is exact of them, without what a clock said as they were stored."""
    rows = [{name: value for name, value in row.items() if name != "stored_at"} for row in rows]
    return sorted(rows, key=lambda row: repr([value for value in row.values() if not isinstance(value, float)]))


def is_like(name: str, mine: Any, other: Any) -> bool:
    if isinstance(mine, float) and isinstance(other, float):
        tolerance = PERCENTILE_TOLERANCE if PERCENTILE.search(name) else SUM_TOLERANCE
        return math.isclose(mine, other, rel_tol=tolerance, abs_tol=1e-12) or (math.isnan(mine) and math.isnan(other))
    if isinstance(mine, list | tuple) and isinstance(other, list | tuple):
        return len(mine) == len(other) and all(is_like(name, *pair) for pair in zip(mine, other, strict=True))
    return bool(mine == other)


def differences(mine: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[Any]:
    if len(mine) != len(other):
        return [f"{len(mine)} rows and {len(other)}"]
    pairs = zip(in_order(mine), in_order(other), strict=True)
    return [(name, a[name], b[name]) for a, b in pairs for name in a if not is_like(name, a[name], b[name])]


def test_the_rows_are_spread_and_each_trace_is_on_one_shard(one: Store, two: Sequence[Store]) -> None:
    for table in ("spans", "scores", "span_details"):
        parts = [stored(store, sample.PROJECT, f"{table}_local")[0] for store in two]
        assert min(parts) > 0.2 * sum(parts)
        assert {stored(store, sample.PROJECT, table)[0] for store in (*two, one)} == {sum(parts)}
    traces = [stored(store, sample.PROJECT, "spans_local")[1] for store in two]
    assert sum(traces) == stored(one, sample.PROJECT)[1]


@pytest.fixture(scope="module")
def expected(one: Store) -> Callable[[str], list[dict[str, Any]]]:
    """What a query finds on one server."""
    return cache(lambda name: one.fetch_rows(asked_of_the_sample(READS[name], TRACE)))


@pytest.mark.parametrize("name", sorted(READS))
def test_every_query_answers_through_two_shards_as_on_one_server(
    name: str, expected: Callable[[str], list[dict[str, Any]]], two: Sequence[Store]
) -> None:
    asked = asked_of_the_sample(READS[name], TRACE)
    for store in two:
        assert differences(store.fetch_rows(asked), expected(name)) == []


@pytest.mark.parametrize("name", [name for name, asked in QUERIES.items() if "clusterAllReplicas" in asked.sql])
def test_a_query_about_every_server_can_be_asked(name: str, shards: Shards) -> None:
    asked = QUERIES[name]
    of_the_shards = {"cluster": "two", "database": "spanglass", "marker": NOBODYS}
    bound = tuple((parameter, of_the_shards.get(parameter, value)) for parameter, value in asked.params)
    for store in shards.stores:
        assert store.fetch_rows(replace(asked, params=bound)) == []


def test_most_queries_find_something_in_the_sample(expected: Callable[[str], list[dict[str, Any]]]) -> None:
    """So that the comparison is one."""
    nothing = [name for name in READS if not expected(name)]
    assert len(nothing) < 0.2 * len(READS), nothing


def test_a_trace_is_looked_for_on_its_shard_alone(two: Sequence[Store]) -> None:
    pruned = query(
        "one trace",
        "SELECT count() AS rows FROM spans WHERE trace_id = unhex({trace_id:String}) "
        "SETTINGS optimize_skip_unused_shards = 1, force_optimize_skip_unused_shards = 1",
        trace_id=TRACE,
    )
    assert [bool(store.fetch_rows(pruned)[0]["rows"]) for store in two] == [True, True]


# --- stored once


@pytest.fixture
def once(two: Sequence[Store]) -> Iterator[str]:
    """A project whose rows are gone after the test."""
    yield f"once_{secrets.token_hex(6)}"
    for store in two:
        store.execute("ALTER TABLE spans_local DROP PARTITION ID {day:String}", {"day": day_of(LONG_AGO_NS)})


def spans_of(project: str) -> Block:
    """A thousand spans of a project, one a trace."""
    dice = random.Random(project)
    return block_from_spans(
        [
            replace(span, project=project, trace_id=f"{dice.getrandbits(128):032x}", start_ns=LONG_AGO_NS + number)
            for number, span in enumerate(SPANS[:1000])
        ]
    )


def test_an_insert_repeated_through_either_server_is_stored_once(two: Sequence[Store], once: str) -> None:
    block = spans_of(once)
    for store in (*two, *two):
        store.insert(block, token="the same")
    assert [stored(store, once) for store in two] == [(1000, 1000)] * 2
    assert sum(stored(store, once, "spans_local")[0] for store in two) == 1000


def test_an_insert_that_one_shard_missed_is_stored_once_when_it_is_repeated(
    shards: Shards, two: Sequence[Store], once: str
) -> None:
    here, there = two
    away = shards.servers[1]
    block = spans_of(once)
    away.stop()
    try:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                here.insert(block, token="half")
        half, _ = stored(here, once, "spans_local")
    finally:
        away.restart()
    assert half < 1000
    for store in (there, here):
        store.insert(block, token="half")
    assert [stored(store, once) for store in two] == [(1000, 1000)] * 2
    assert here.fetch_rows(claims.presence(block)) == [{"sent": 1000, "stored": 1000}]


def test_what_one_shard_knows_and_lacks_is_stored_there_and_nowhere_else(two: Sequence[Store], once: str) -> None:
    """As after a shard was killed between noting a token and writing its rows."""
    block = spans_of(once)
    two[0].insert(block, token="known")
    two[1].execute(
        "ALTER TABLE spans_local DELETE WHERE project = {project:String} SETTINGS mutations_sync = 2", {"project": once}
    )
    two[0].insert(block, token="known")
    half = stored(two[0], once)
    assert half[0] < 1000
    for store in two:
        store.insert_from(claims.absent(block), token="known.again")
    assert [stored(store, once) for store in two] == [(1000, 1000)] * 2


def test_who_is_named_to_store_a_request_is_the_same_through_every_server(two: Sequence[Store]) -> None:
    for number in range(8):
        digest = bytes([number]) * claims.DIGEST_BYTES
        for store, collector in zip(two if number % 2 else reversed(two), ("a", "b"), strict=True):
            store.insert(claims.block_from_verdict(digest, collector=collector), token=f"verdict-{digest.hex()}")
        for store in two:
            assert store.fetch_rows(claims.verdicts([digest])) == [{"digest": digest.hex(), "collector": "a"}]
    twice = query("named twice", "SELECT digest FROM claim_verdicts GROUP BY digest HAVING count() > 1")
    assert two[0].fetch_rows(twice) == []


# --- the tables


def test_what_each_server_has_is_what_it_should(shards: Shards) -> None:
    cluster = Cluster("two", "spanglass", has_keeper=False)
    for store in shards.stores:
        assert layout(store) == cluster
        assert pending(store) == []
        rows = store.fetch_rows(
            query("tables", "SELECT name, engine FROM system.tables WHERE database = currentDatabase()")
        )
        engines = {row["name"]: row["engine"] for row in rows}
        for name in SHARDING:
            assert (engines[name] == "Distributed") == is_spread(name, cluster)
            assert kept_in(name, cluster) in engines


def test_the_table_above_follows_new_columns(shards: Shards) -> None:
    later = Migration("9000_later", "ALTER TABLE saved_views ADD COLUMN IF NOT EXISTS colour String DEFAULT 'red';")
    for store in shards.stores:
        assert migrate(store, [*packaged(), later]) == ["9000_later"]
    for store in shards.stores:
        store.execute("INSERT INTO saved_views (project, view_id, colour) VALUES ('later', 'v', 'blue')")
    asked = Query("colours", "SELECT DISTINCT colour FROM saved_views WHERE project = 'later'")
    assert [store.fetch_rows(asked) for store in shards.stores] == [[{"colour": "blue"}]] * 2


def test_another_layout_is_refused(shards: Shards, one: Store) -> None:
    with pytest.raises(StoreError, match="on the cluster 'two': they cannot be spread over 'three'"):
        migrate(shards.stores[0], cluster="three")
    with pytest.raises(StoreError, match="on one server: they cannot be spread over 'two'"):
        migrate(one, cluster="two")


def test_an_unknown_cluster_is_refused_with_those_there_are(store_url: str) -> None:
    with (
        Store(store_url) as store,
        pytest.raises(StoreError, match=r"knows no cluster 'two' \(its remote_servers: .*\)"),
    ):
        migrate(store, cluster="two")
