"""The schema, brought forward: each ``schema/NNNN_name.sql`` is applied once, in order, and remembered.

Every statement in those files is idempotent (``IF NOT EXISTS``, ``IF EXISTS``; a test holds them to it). So two
processes that start together may apply the same file, and a file that stopped half-way is simply run again: no
progress within a file is kept, no lock is taken. What has been applied is in the table ``schema_migrations``, with the
SHA-256 of the file's text, and an applied file must not change any more.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any, Final

from spanglass_store import text_index as text_indexes
from spanglass_store.cluster import Cluster, create_database
from spanglass_store.connection import Store
from spanglass_store.errors import StoreError, StoreRejected
from spanglass_store.layout import chosen, complete, is_absent, run
from spanglass_store.query import Query

LEDGER: Final = """\
CREATE TABLE IF NOT EXISTS schema_migrations
(
    name       String,
    checksum   String,
    applied_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY name"""

APPLIED: Final = Query(
    "migrations applied",
    "SELECT name, argMin(checksum, applied_at) AS first_checksum, min(applied_at) AS first_applied_at "
    "FROM schema_migrations GROUP BY name ORDER BY name",
)
RECORD: Final = "INSERT INTO schema_migrations SELECT {name:String}, {checksum:String}, now64(3)"

TOKEN: Final = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<end> ; )
    | (?P<code> '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `(?:[^`\\]|\\.)*` | [^-/;'"`]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name without ``.sql``, and its text."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Status:
    """Where one migration stands in one database. ``applied_at`` (UTC) is None where it is still to come."""

    name: str
    applied_at: datetime | None
    changed: bool


def packaged() -> tuple[Migration, ...]:
    """The migrations of this version, in the order of their numbers."""
    files = (file for file in (resources.files("spanglass_store") / "schema").iterdir() if file.name.endswith(".sql"))
    return tuple(
        Migration(file.name.removesuffix(".sql"), file.read_text("utf-8"))
        for file in sorted(files, key=lambda file: file.name)
    )


def statements(sql: str) -> list[str]:
    """The statements of a text, split at ``;`` outside strings, quoted names and comments. Comments are dropped."""
    found, current = [], ""
    for token in TOKEN.finditer(sql + "\n;"):
        if token["end"]:
            found.append(current.strip())
            current = ""
        else:
            current += token["code"] or " "
    return [statement for statement in found if statement]


def migrate(
    store: Store,
    migrations: Sequence[Migration] | None = None,
    *,
    cluster: str | None = None,
    text_index: text_indexes.When | None = None,
) -> list[str]:
    """Create the database, apply what it lacks of ``migrations`` (those of this version), return their names.

    ``text_index``: when texts are to be indexed from now on; None: as it is. A new database is spread over ``cluster``, if one is named; an old one stays as it was made. Servers that joined the
    cluster get what they lack. Migrations in the database that this version does not know were applied by a newer one,
    and are left alone. Raises StoreError where an applied file has changed, or the layout is another one; else what
    the failing statement raised, with its place.
    """
    store.execute("CREATE DATABASE IF NOT EXISTS {name:Identifier}", {"name": store.database}, use_database=False)
    spread = chosen(store, cluster)
    if spread and spread.has_keeper:
        store.execute(create_database(spread), use_database=False)
        complete(store, spread)
    run(store, spread, LEDGER)
    missing = pending(store, migrations)
    for migration in missing:
        _apply(store, migration, spread)
    for statement in text_indexes.statements(text_index) if text_index else ():
        run(store, spread, statement)
    return [migration.name for migration in missing]


def pending(store: Store, migrations: Sequence[Migration] | None = None) -> list[Migration]:
    """What ``migrate`` would apply now; changes nothing. Raises StoreError where an applied file has changed."""
    known = packaged() if migrations is None else migrations
    states = status(store, known)
    for state in states:
        if state.changed:
            msg = (
                f"{state.name}.sql has changed since it was applied to the database {store.database!r} on "
                f"{state.applied_at:%Y-%m-%d}. Restore the file as it was and put the change into a new, higher number."
            )
            raise StoreError(msg)
    return [migration for migration, state in zip(known, states, strict=True) if state.applied_at is None]


def status(store: Store, migrations: Sequence[Migration] | None = None) -> list[Status]:
    """One entry a migration, in order; changes nothing. Raises StoreUnavailable where the database is away."""
    known = packaged() if migrations is None else migrations
    applied = {row["name"]: row for row in _applied_rows(store)}
    return [
        Status(
            migration.name,
            applied[migration.name]["first_applied_at"] if migration.name in applied else None,
            migration.name in applied and applied[migration.name]["first_checksum"] != migration.checksum,
        )
        for migration in known
    ]


def newer(store: Store, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Names of migrations in the database that this version does not know: a newer version has applied them."""
    known = {migration.name for migration in (packaged() if migrations is None else migrations)}
    return [row["name"] for row in _applied_rows(store) if row["name"] not in known]


def _applied_rows(store: Store) -> list[dict[str, Any]]:
    try:
        return store.fetch_rows(APPLIED)
    except StoreRejected as error:
        if is_absent(error):
            return []
        raise


def _apply(store: Store, migration: Migration, cluster: Cluster | None) -> None:
    todo = statements(migration.sql)
    for number, statement in enumerate(todo, start=1):
        try:
            run(store, cluster, statement)
        except StoreError as error:
            msg = (
                f"{migration.name}.sql stopped at statement {number} of {len(todo)}: {error}. "
                "Run the migration again when the cause is gone: what was done before it does no harm twice."
            )
            raise type(error)(msg) from error
    store.execute(RECORD, {"name": migration.name, "checksum": migration.checksum})
