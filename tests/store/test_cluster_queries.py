"""Every query through two shards answers as it does on one server. The shards are two embedded engines, the tables those
of the same files, the rows the same, sent to either.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, Final

import pytest
from ports import free_port
from store import sample
from store.test_golden_sql import QUERIES
from store.test_golden_sql import WINDOW as GOLDEN_WINDOW

from spanglass_store.cluster import SHARDING, Cluster, is_spread
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.errors import StoreError, StoreUnavailable
from spanglass_store.layout import layout
from spanglass_store.migrate import migrate, packaged, pending
from spanglass_store.query import Query, query
from spanglass_store.rows import block_from_spans

pytestmark = pytest.mark.clickhouse

READS: Final = {name: asked for name, asked in QUERIES.items() if asked.sql.startswith(("SELECT", "WITH"))}
PERCENTILE: Final = re.compile(r"p\d\d|quantile|median")
PERCENTILE_TOLERANCE: Final = 0.02
"""How far a percentile may be off: two t-digests put together are not the t-digest of all (within 1 % of it each)."""
SUM_TOLERANCE: Final = 1e-9
"""How far another sum of floats may be off: shards are added up in another order."""
SECOND_NS: Final = 10**9


@dataclass(frozen=True, slots=True)
class Shards:
    """Two shards, each a server with a store of its own."""

    servers: Sequence[EmbeddedClickHouse]
    stores: Sequence[Store]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shards]:
    ports = [(free_port(), free_port()) for _ in range(2)]
    replica = "<shard><replica><host>127.0.0.1</host><port>{}</port></replica></shard>"
    cluster = f"<two><secret>{secrets.token_hex(16)}</secret>{''.join(replica.format(tcp) for _, tcp in ports)}</two>"
    servers = [
        EmbeddedClickHouse(
            tmp_path_factory.mktemp("shard"), http_port=http, tcp_port=tcp, sections={"remote_servers": cluster}
        )
        for http, tcp in ports
    ]
    stores = []
    try:
        for server in servers:
            server.start()
        for server in servers:
            server.wait_ready()
            stores.append(Store(server.url()))
        for store in stores:
            migrate(store, cluster="two")
        yield Shards(servers, stores)
    finally:
        for store in stores:
            store.close()
        for server in servers:
            server.stop()


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


def rows_of(store: Store, table: str) -> int:
    count: int = store.fetch_rows(query("rows", f"SELECT count() AS rows FROM {table}"))[0]["rows"]
    return count


def asked_of_the_sample(asked: Query, trace_id: str) -> Query:
    """A golden query with what the data set has in place of its made-up values: times, the trace, the partition."""
    real: dict[str, Any] = {
        "trace_id": trace_id,
        "offset": 0,
        "partition": datetime.fromtimestamp(sample.WINDOW.start_ns // SECOND_NS, UTC).strftime("%Y%m%d"),
        "first": sample.WINDOW.start_ns // (60 * SECOND_NS),
        "last": sample.WINDOW.end_ns // (60 * SECOND_NS),
    }

    def value(name: str, made_up: Any) -> Any:
        if name.endswith(("start_ns", "end_ns")):
            return moved(made_up)
        return real.get(name, made_up)

    return replace(asked, params=tuple((name, value(name, made_up)) for name, made_up in asked.params))


def moved(made_up_ns: int) -> int:
    """A time that is a while (whole seconds) from an end of the golden window, or of the one before, in the sample's."""
    windows = [GOLDEN_WINDOW, GOLDEN_WINDOW.previous()], [sample.WINDOW, sample.WINDOW.previous()]
    ends = [[end for window in each for end in (window.start_ns, window.end_ns)] for each in windows]
    for old, new in zip(*ends, strict=True):
        if (made_up_ns - old) % SECOND_NS == 0:
            return new + made_up_ns - old
    return made_up_ns


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By what is exact of them."""
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
        parts = [rows_of(store, f"{table}_local") for store in two]
        assert min(parts) > 0.3 * sum(parts) or table == "scores"
        assert sum(parts) == rows_of(two[0], table) == rows_of(two[1], table) == rows_of(one, table)
    traces = [
        {row["t"] for row in store.fetch_rows(query("traces", "SELECT DISTINCT hex(trace_id) AS t FROM spans_local"))}
        for store in two
    ]
    assert traces[0] & traces[1] == set()


@pytest.mark.parametrize("name", sorted(READS))
def test_every_query_answers_through_two_shards_as_on_one_server(name: str, one: Store, two: Sequence[Store]) -> None:
    asked = asked_of_the_sample(READS[name], sample.spans()[0].trace_id)
    expected = one.fetch_rows(asked)
    for store in two:
        assert differences(store.fetch_rows(asked), expected) == []


def test_most_queries_find_something_in_the_sample(one: Store) -> None:
    """So that the comparison is one."""
    found = [bool(one.fetch_rows(asked_of_the_sample(asked, sample.spans()[0].trace_id))) for asked in READS.values()]
    assert sum(found) > 0.75 * len(found)
