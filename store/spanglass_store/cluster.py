"""The schema in the form it has on a cluster: where each table lies, and what a statement about it becomes. Pure.

On a cluster a sharded table ``spans`` is two: ``spans_local`` on each server, which keeps rows, and the Distributed table
``spans`` above it, which everybody reads and writes. So queries are the same in every form (docs/adr/017-cluster.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LOCAL: Final = "_local"
"""What the table that keeps a shard's rows is called after the table."""

BY_TRACE: Final = "sipHash64(trace_id)"
BY_DIGEST: Final = "sipHash64(digest)"
EVERYWHERE: Final = "0"
"""A table of a project's or a person's few things. With Keeper every server has a copy, without it the first shard."""
OWN: Final = ""
"""With Keeper as ``EVERYWHERE``; without it each server has its own."""

SHARDING: Final[Mapping[str, str]] = {
    "spans": BY_TRACE,
    "span_details": BY_TRACE,
    "scores": BY_TRACE,  # those of a session alone have no trace id: few rows, all on one shard
    "annotations": BY_TRACE,
    "claims": BY_DIGEST,
    "claim_verdicts": BY_DIGEST,
    "alert_rules": EVERYWHERE,
    "alert_transitions": EVERYWHERE,
    "api_keys": EVERYWHERE,
    "prices": EVERYWHERE,
    "attribute_names": EVERYWHERE,
    "prompts": EVERYWHERE,
    "saved_views": EVERYWHERE,
    "retention": EVERYWHERE,
    "deletions": EVERYWHERE,
    "schema_migrations": OWN,
}
"""The expression whose value says on which shard a row of a table lies."""

PATH: Final = "/clickhouse/tables/{place}/{{database}}/{name}"
SHARD_PLACE: Final = "{shard}"
EVERY_PLACE: Final = "everywhere"
MACROS: Final = frozenset({"shard", "replica"})
"""What each server of a cluster with Keeper says of itself in its configuration; ``PATH`` and the replica's name use it."""
DEDUPLICATED_SECONDS: Final = 7 * 86_400
"""How long the token of an insert is known at least, unless newer ones push it out."""

_CREATE: Final = re.compile(
    r"CREATE TABLE IF NOT EXISTS (?P<name>\w+)\s*(?P<columns>\(.*\))\s*ENGINE = (?P<engine>\w+)(?:\((?P<arguments>[^()]*)\))?"
    r"(?P<rest>.*)",
    re.DOTALL,
)
_CHANGE: Final = re.compile(
    r"(?P<verb>ALTER TABLE|DELETE FROM|OPTIMIZE TABLE|DROP TABLE IF EXISTS) (?P<name>\w+)(?P<rest>.*)", re.DOTALL
)
_WINDOW: Final = re.compile(r"\bnon_replicated_deduplication_window\b")


@dataclass(frozen=True, slots=True)
class Cluster:
    """``name`` as in the servers' ``remote_servers``. Without Keeper each shard is one server, and a statement about tables
    is for the server it is sent to.
    """

    name: str
    database: str
    has_keeper: bool

    @property
    def on_cluster(self) -> str:
        """What a statement that is for every server says after the table's name."""
        return f" ON CLUSTER `{self.name}`" if self.has_keeper else ""


def is_spread(name: str, cluster: Cluster) -> bool:
    """Whether the rows of a table lie in ``NAME_local``, below a Distributed table. Raises ValueError for an unknown one."""
    return _sharding(name) != OWN and (_sharding(name) != EVERYWHERE or not cluster.has_keeper)


def kept_in(name: str, cluster: Cluster | None) -> str:
    """The table that has the rows of a table: what ``system`` tables know it by."""
    return name + LOCAL if cluster and is_spread(name, cluster) else name


def cluster_form(statement: str, cluster: Cluster) -> tuple[str, ...]:
    """The statements that do on a cluster what ``statement`` does on one server, in their order.

    Understands ``CREATE TABLE IF NOT EXISTS``, ``ALTER TABLE``, ``DELETE FROM``, ``OPTIMIZE TABLE`` and ``DROP TABLE IF
    EXISTS``, of tables named without a database. Raises ValueError for anything else and for a table not in ``SHARDING``.
    """
    if made := _CREATE.fullmatch(statement):
        return _created(made, cluster)
    if changed := _CHANGE.fullmatch(statement):
        return _changed(changed, cluster)
    msg = f"this statement has no form for a cluster: {statement[:60]}"
    raise ValueError(msg)


def create_database(cluster: Cluster) -> str:
    """The statement that makes the database on every server."""
    return f"CREATE DATABASE IF NOT EXISTS `{cluster.database}`{cluster.on_cluster}"


def joined(definition: str, cluster: Cluster) -> str:
    """The definition of a table, as a server tells it, as the statement that makes it on servers that lack it."""
    return re.sub(
        r"^CREATE TABLE (\S+)",
        lambda found: f"CREATE TABLE IF NOT EXISTS {found[1]}{cluster.on_cluster}",
        definition,
        count=1,
    )


def _created(made: re.Match[str], cluster: Cluster) -> tuple[str, ...]:
    name, engine, rest = made["name"], made["engine"], made["rest"]
    arguments = [made["arguments"]] if made["arguments"] else []
    if cluster.has_keeper:
        if is_spread(name, cluster):
            place, replica = SHARD_PLACE, "{replica}"
        else:
            place, replica = EVERY_PLACE, "{shard}-{replica}"
        arguments = [f"'{PATH.format(place=place, name=name)}'", f"'{replica}'", *arguments]
        engine, rest = f"Replicated{engine}", _with_replicated_window(rest)
    suffix = f"({', '.join(arguments)})" if arguments else ""
    table = kept_in(name, cluster)
    created = (
        f"CREATE TABLE IF NOT EXISTS {table}{cluster.on_cluster}\n{made['columns']}\nENGINE = {engine}{suffix}{rest}"
    )
    return (created, _distributed(name, cluster, "CREATE TABLE IF NOT EXISTS")) if table != name else (created,)


def _changed(changed: re.Match[str], cluster: Cluster) -> tuple[str, ...]:
    verb, name, rest = changed["verb"], changed["name"], changed["rest"]
    table, on_cluster = kept_in(name, cluster), cluster.on_cluster
    if verb == "DROP TABLE IF EXISTS":
        names = (name, table) if table != name else (name,)
        return tuple(f"{verb} {each}{on_cluster}{rest}" for each in names)
    if table == name and not re.match(r"\s+(MODIFY|RESET) SETTING\b", rest):
        on_cluster = ""  # a copy tells the others itself, and twice is an error; but each has its settings alone
    statement = f"{verb} {table}{on_cluster}{rest}"
    if table != name and verb == "ALTER TABLE" and re.search(r"\bCOLUMN\b", rest):
        return statement, _distributed(name, cluster, "CREATE OR REPLACE TABLE")  # it follows the new columns
    return (statement,)


def _distributed(name: str, cluster: Cluster, verb: str) -> str:
    below = f"'{cluster.name}', '{cluster.database}', '{kept_in(name, cluster)}', {_sharding(name)}"
    return f"{verb} {name}{cluster.on_cluster} AS {kept_in(name, cluster)} ENGINE = Distributed({below})"


def _with_replicated_window(rest: str) -> str:
    """The same number of remembered inserts as without replicas, none where there was none (Keeper's default is many)."""
    rest, found = _WINDOW.subn("replicated_deduplication_window", rest)
    if found:
        return f"{rest},\n         replicated_deduplication_window_seconds = {DEDUPLICATED_SECONDS}"
    return f"{rest}{',' if 'SETTINGS' in rest else chr(10) + 'SETTINGS'} replicated_deduplication_window = 0"


def _sharding(name: str) -> str:
    if name not in SHARDING:
        msg = f"nobody said where the table {name} lies on a cluster: spanglass_store.cluster.SHARDING has no entry for it"
        raise ValueError(msg)
    return SHARDING[name]
