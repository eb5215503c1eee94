"""Retention and deletion where rows lie on several servers: found through any of them, changed on all or refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from store.life import ANN, SHARED, TOLD_BY_RECORD, fill, left
from store.shards import Shards, two_shards

from spanglass_store.cluster import Cluster, cluster_form
from spanglass_store.deletion import Doomed, delete
from spanglass_store.erasure import count, doomed_by, erase, erase_again
from spanglass_store.errors import StoreError
from spanglass_store.migrate import migrate
from spanglass_store.queries.mutations import clean_up
from spanglass_store.query import Query
from spanglass_store.retention import KEPT_TABLES, Retention, update
from spanglass_store.upkeep import adjust, apply_retention

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
WITH_KEEPER = Cluster("c", "d", has_keeper=True)


@pytest.fixture
def shards(tmp_path: Path) -> Iterator[Shards]:
    with two_shards([tmp_path / "one", tmp_path / "two"]) as made:
        for store in made.stores:
            migrate(store, cluster="two")
        yield made


@pytest.mark.clickhouse
def test_without_keeper_all_is_found_and_the_page_says_what_to_do_on_each_server(shards: Shards) -> None:
    one, two = shards.stores
    fill(one)
    doomed = doomed_by(two, "shop", "user", ["ann"])
    assert (set(doomed.traces), doomed.sessions) == ({ANN, SHARED, TOLD_BY_RECORD}, ("hers",))
    for store in (one, two):
        assert count(store, doomed) == {"spans": 4, "span_details": 1, "scores": 2, "annotations": 2}
    with pytest.raises(StoreError, match=r"no Keeper.+docs/operations\.md"):
        erase(one, doomed)
    with pytest.raises(StoreError, match="no Keeper"):
        apply_retention(one, Retention("shop", 1), now_ns=0)
    assert (adjust(two), sum(erase_again(two).values())) == (0, 0)  # nothing to do is no error
    assert left(one, "spans") == {"1", "2", "3", "5", "6", "7"}

    told = re.findall(r"^ALTER TABLE spans_local .+;$", PAGE.read_text(), re.MULTILINE)
    assert len(told) == 2
    for statement in told:
        for store in (one, two):
            for table in KEPT_TABLES:
                here = statement.replace("spans_local", f"{table}_local").replace(
                    "4bf92f3577b34da6a3ce929d0e0e4736", ANN
                )
                store.execute(here.removesuffix(";"), settings={"mutations_sync": 2})
    assert left(two, "spans") == {"3", "5", "6", "7"}
    assert left(two, "annotations") == {"on her session", "on bob"}


@pytest.mark.parametrize(
    ("statement", "begins"),
    [
        (
            update("spans", Retention("p", 7), "20261130", marker="m").statement,
            "UPDATE retention_days = {days:UInt16} IN",
        ),
        (delete("spans", Doomed("p", (ANN,)), "20261130", [ANN], [], marker="m").statement, "DELETE IN PARTITION ID"),
        (clean_up("spans"), "DROP PARTITION ID '22991231'"),
    ],
)
def test_with_keeper_one_statement_is_for_every_server(statement: Query, begins: str) -> None:
    (form,) = cluster_form(statement.sql, WITH_KEEPER)
    assert form.startswith(f"ALTER TABLE spans_local ON CLUSTER `c` {begins}")
