"""Statements that have the database rewrite rows it has, and how they get on. Pure.

Tables are named as ``system`` tables know them (``cluster.kept_in``), in ``Mutation`` as queries do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from spanglass_store.cluster import Cluster
from spanglass_store.query import Query, query


@dataclass(frozen=True, slots=True)
class Mutation:
    """``statement`` changes ``table``, does not wait for it, and is the only one that has ``marker`` in its text."""

    table: str
    marker: str
    statement: Query


def progress(table: str, marker: str, *, cluster: Cluster | None = None) -> Query:
    """The mutation with that marker, on every server of a cluster if there is one. Reads ``system.mutations``.

    Columns: ``mutation_id``, ``is_done`` (everywhere), ``failure`` (what went wrong last, somewhere; empty for nothing).
    Grain: one row, or none before it was begun.
    """
    return query(
        "progress of a mutation",
        f"""
        SELECT any(mutation_id) AS mutation_id, min(is_done) AS is_done, max(latest_fail_reason) AS failure
        FROM {_of_servers("mutations", cluster)}
        WHERE {_DATABASE[cluster is not None]} AND table = {{table:String}} AND position(command, {{marker:String}}) > 0
        HAVING count() > 0
        """,
        table=table,
        marker=marker,
        **_named(cluster),
    )


def kill(table: str, marker: str) -> Query:
    """The condition by which ``KILL MUTATION`` gives up the mutation with that marker. What it has written stays."""
    return query(
        "give up a mutation",
        "WHERE database = currentDatabase() AND table = {table:String} AND position(command, {marker:String}) > 0",
        table=table,
        marker=marker,
    )


def server_time() -> Query:
    """The time of the server. One row: ``seconds`` since 1970."""
    return query("time of the server", "SELECT toUnixTimestamp(now()) AS seconds")


def old_parts(table: str, *, before: int, cluster: Cluster | None = None) -> Query:
    """Files of a table that were replaced at or before a time (seconds since 1970) and are still on disk, on any server
    of a cluster if there is one. Reads ``system.parts``. One row: ``parts``.
    """
    return query(
        "replaced parts",
        f"""
        SELECT count() AS parts FROM {_of_servers("parts", cluster)}
        WHERE {_DATABASE[cluster is not None]} AND table = {{table:String}} AND NOT active
        AND toUnixTimestamp(remove_time) <= {{before:UInt32}}
        """,
        table=table,
        before=before,
        **_named(cluster),
    )


def clean_up(table: str) -> Query:
    """The statement that has replaced files removed now, as far as they are old enough, and not at the next occasion,
    which may be minutes away: it drops a partition that cannot be, of a day after the last that there is.
    """
    return query(f"clean up {table}", f"ALTER TABLE {table} DROP PARTITION ID '22991231'")


_DATABASE: Final = ("database = currentDatabase()", "database = {database:String}")
"""Another server has another current database."""


def _of_servers(table: str, cluster: Cluster | None) -> str:
    return f"clusterAllReplicas({{cluster:String}}, system.{table})" if cluster else f"system.{table}"


def _named(cluster: Cluster | None) -> dict[str, str]:
    return {"cluster": cluster.name, "database": cluster.database} if cluster else {}
