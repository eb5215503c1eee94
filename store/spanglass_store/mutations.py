"""Mutations, carried out: begun, watched until done, given up where they fail.

ClickHouse rewrites part by part, in the background, and goes on with it after a restart. Each part is replaced whole,
so a row is as it was or as it shall be. Rows inserted after the statement are left alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from spanglass_store.cluster import Cluster, kept_in
from spanglass_store.connection import Store
from spanglass_store.errors import StoreError
from spanglass_store.layout import layout, run
from spanglass_store.queries.mutations import Mutation, kill, progress

POLL_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 30.0
"""How long the database may try again after its first failure to rewrite."""
MAX_BEGUN: Final = 100
"""ClickHouse holds up inserts where a table has 500 mutations to do."""
MAX_REASON: Final = 200  # characters of the database's own words; the statement follows, which is long


Tell = Callable[[int, int], None]
"""Told again and again: how many steps are done, of how many."""


def silent(_done: int, _total: int) -> None:
    """Tell nobody."""


class MutationFailed(StoreError):
    """The database could not rewrite what it was asked to, and was told to leave it. What is rewritten stays so."""


def carry_out(
    store: Store,
    mutations: Sequence[Mutation],
    tell: Tell = silent,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Begin the mutations and return once all is rewritten, on every server. Raises as ``wait`` does.

    Many are begun at once: the database then writes a part anew once for all of them.
    """
    tell(0, len(mutations))
    cluster = layout_of_all(store) if mutations else None
    for start in range(0, len(mutations), MAX_BEGUN):
        begun = mutations[start : start + MAX_BEGUN]
        for mutation in begun:
            run(store, cluster, mutation.statement.sql, dict(mutation.statement.params))
        for done, mutation in enumerate(begun, start=start + 1):
            wait(store, mutation.table, mutation.marker, cluster=cluster, patience_seconds=patience_seconds)
            tell(done, len(mutations))


def layout_of_all(store: Store) -> Cluster | None:
    """The layout of a database of which one connection can change everything. Raises StoreError for another."""
    cluster = layout(store)
    if cluster and not cluster.has_keeper:
        msg = (
            f"the cluster {cluster.name!r} has no Keeper, so its servers cannot be told together to change stored rows: "
            "carry out the statements in docs/operations.md on each"
        )
        raise StoreError(msg)
    return cluster


def wait(
    store: Store,
    table: str,
    marker: str,
    *,
    cluster: Cluster | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Return once the database has done what the statement with that marker asks for.

    Raises MutationFailed with the database's reason where it keeps failing, else as ``Store.fetch`` does.
    """
    kept, give_up_at = kept_in(table, cluster), float("inf")
    while True:
        for row in store.fetch_rows(progress(kept, marker, cluster=cluster)):
            if row["is_done"]:
                return
            if row["failure"]:
                give_up_at = min(give_up_at, time.monotonic() + patience_seconds)
            if time.monotonic() >= give_up_at:
                which = kill(kept, marker)
                store.execute(f"KILL MUTATION{cluster.on_cluster if cluster else ''} {which.sql}", dict(which.params))
                raise MutationFailed(row["failure"][:MAX_REASON])
        time.sleep(POLL_SECONDS)
