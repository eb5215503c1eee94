"""How a database is laid out: on one server, or on a cluster and on which. It says so itself, in its tables; only who
creates it has to choose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from spanglass_store.cluster import LOCAL, MACROS, SHARDING, Cluster, cluster_form, joined
from spanglass_store.connection import Store
from spanglass_store.errors import StoreError, StoreRejected
from spanglass_store.query import Query, query

UNKNOWN_TABLE, UNKNOWN_DATABASE = 60, 81  # ClickHouse error codes: nothing was ever made here

EVERYWHERE_DONE: Final = {"alter_sync": 2, "distributed_ddl_output_mode": "throw"}
"""A statement has been carried out on every server when it returns, or raises."""

_SPANS: Final = Query(
    "layout of the database",
    f"SELECT name, engine, engine_full FROM system.tables WHERE database = currentDatabase() "
    f"AND name IN ('spans', 'spans{LOCAL}')",
)
_CLUSTERS: Final = Query(
    "clusters of the server",
    "SELECT cluster AS name, uniqExact(shard_num) AS shards, count() AS servers FROM system.clusters GROUP BY cluster ORDER BY name",
)
_MACROS: Final = Query("macros of the server", "SELECT macro FROM system.macros")


def layout(store: Store) -> Cluster | None:
    """The cluster that the database's tables are spread over; None for one server, and where there are no tables yet.

    Raises as ``Store.fetch`` does.
    """
    engines = {row["name"]: row for row in store.fetch_rows(_SPANS)}
    if "spans" not in engines:
        return None
    above = re.match(r"Distributed\('([^']+)'", engines["spans"]["engine_full"])
    if above is None:
        return None
    return Cluster(above[1], store.database, engines[f"spans{LOCAL}"]["engine"].startswith("Replicated"))


def chosen(store: Store, name: str | None) -> Cluster | None:
    """The layout for the tables of a database that was made before: its own, else that of the cluster called ``name``.

    Raises StoreError where the database has another layout, where the server knows no such cluster, or where it has
    replicas and the server has no macros by which to tell them apart.
    """
    exists = bool(store.fetch_rows(_SPANS))
    found = layout(store)
    if exists:
        if name and (found is None or found.name != name):
            place = f"on the cluster {found.name!r}" if found else "on one server"
            msg = (
                f"the tables of the database {store.database!r} are {place}: they cannot be spread over {name!r} afterwards. "
                "Make another database, and copy the rows"
            )
            raise StoreError(msg)
        return found
    return _named(store, name) if name else None


def run(store: Store, cluster: Cluster | None, statement: str, params: Mapping[str, Any] | None = None) -> None:
    """Carry out a statement about a table in the form the layout asks for. Raises as ``Store.fetch`` does.

    Without Keeper it changes the server it is sent to, and no other.
    """
    if cluster is None:
        store.execute(statement, params)
        return
    for each in cluster_form(statement, cluster):
        store.execute(each, params, settings=EVERYWHERE_DONE if cluster.has_keeper else None)


def complete(store: Store, cluster: Cluster) -> list[str]:
    """Make the tables that some servers of a cluster with Keeper lack (they were added to it later), as the others have
    them. Their names.
    """
    lacking = store.fetch_rows(lacking_somewhere(cluster, SHARDING))
    for row in lacking:
        store.execute(joined(row["definition"], cluster), settings=EVERYWHERE_DONE)
    return [row["name"] for row in lacking]


def lacking_somewhere(cluster: Cluster, tables: Iterable[str]) -> Query:
    """Tables that some servers of the cluster have and others lack. Reads ``system.tables`` of each server.

    Columns: ``name``, ``definition`` (as one of the servers tells it). Grain: one row a table, those with rows first.
    """
    return query(
        "tables that servers lack",
        """
        SELECT name, any(create_table_query) AS definition
        FROM clusterAllReplicas({cluster:String}, system.tables)
        WHERE database = {database:String} AND name IN {tables:Array(String)}
        GROUP BY name
        HAVING count() < (SELECT count() FROM system.clusters WHERE cluster = {cluster:String})
        ORDER BY any(engine) = 'Distributed', name
        """,
        cluster=cluster.name,
        database=cluster.database,
        tables=tuple(name + suffix for name in tables for suffix in ("", LOCAL)),
    )


def _named(store: Store, name: str) -> Cluster:
    clusters = {row["name"]: row for row in store.fetch_rows(_CLUSTERS)}
    if name not in clusters:
        known = ", ".join(map(repr, clusters)) or "none"
        msg = f"the ClickHouse server knows no cluster {name!r} (its remote_servers: {known})"
        raise StoreError(msg)
    has_keeper = {row["macro"] for row in store.fetch_rows(_MACROS)} >= MACROS
    if not has_keeper and clusters[name]["servers"] > clusters[name]["shards"]:
        msg = (
            f"the cluster {name!r} has replicas, and the ClickHouse server lacks the macros {' and '.join(sorted(MACROS))}: "
            "give each server its own in <macros>, and a <zookeeper> section that leads to Keeper"
        )
        raise StoreError(msg)
    return Cluster(name, store.database, has_keeper)


def is_absent(error: StoreRejected) -> bool:
    """Whether a refusal means that there is no such database or table yet."""
    return getattr(error.__cause__, "code", None) in {UNKNOWN_TABLE, UNKNOWN_DATABASE}
