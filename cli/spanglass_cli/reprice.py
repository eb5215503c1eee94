"""Costs that are stored, by the prices of now: looked at, and written anew.

It goes from day to day, newest first. The new costs of a day are put into a lookup table, then one statement gives
them to their calls, and the database carries it out by itself. So whatever ends early, the command or the database,
each call has its old cost or its new one, and the same command again does the rest (docs/adr/014-costs.md).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from spanglass_cli.errors import CommandError
from spanglass_collector.own_prices import Prices
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.pricing import PriceTable
from spanglass_collector.repricing import Change, Differences, changes_in
from spanglass_store.connection import Store
from spanglass_store.layout import layout
from spanglass_store.mutations import PATIENCE_SECONDS, MutationFailed, wait
from spanglass_store.prices import all_prices, price_from_row
from spanglass_store.queries import reprice as queries
from spanglass_store.query import Query, Window
from spanglass_store.sheet import Sheet

MAX_STAGED: Final = 500_000
"""Calls whose new costs lie in the database's memory at once: about a hundred bytes each."""

Tell = Callable[[int, int], None]
"""Told again and again: how many calls have been looked at, of how many."""


def present_prices(store: Store) -> Prices:
    """The table that collectors of this version price by: own prices as they are now, then public ones."""
    return Prices(GenaiPrices(), map(price_from_row, store.fetch_rows(all_prices())))


@dataclass(frozen=True, slots=True)
class Repricing:
    """Which costs to look at: those of a project, or of all; of calls that began within ``window``."""

    store: Store
    prices: PriceTable
    project: str | None
    window: Window
    max_staged: int = MAX_STAGED
    patience_seconds: float = PATIENCE_SECONDS

    def look(self, tell: Tell) -> Differences:
        """What would change. Changes nothing."""
        return self._go(tell, writes=False)

    def write(self, tell: Tell) -> Differences:
        """Give each call its new cost; what has changed.

        Raises CommandError where the database refuses to go on, and on a cluster: each server rewrites its own rows,
        and the lookup table is on one.
        """
        if cluster := layout(self.store):
            msg = (
                f"stored costs cannot be written anew on the cluster {cluster.name!r}, only on one server. Nothing has changed; "
                "new calls get the new prices, and --dry-run shows what the stored ones would cost"
            )
            raise CommandError(msg)
        for row in self.store.fetch_rows(queries.left_behind()):
            self._drop(row["name"])
        return self._go(tell, writes=True)

    def _go(self, tell: Tell, *, writes: bool) -> Differences:
        differences = Differences()
        places = self.store.fetch_rows(queries.partitions(self.project, self.window))
        total = sum(place["calls"] for place in places)
        done = 0
        tell(done, total)
        for place in places:
            while self._go_through(place["partition"], differences, writes=writes):
                pass
            done += place["calls"]
            tell(done, total)
        return differences

    def _go_through(self, partition: str, differences: Differences, *, writes: bool) -> bool:
        """Look at a partition and write what changes; whether there is more than could be written at once."""
        lookup = f"{queries.LOOKUP_PREFIX}{secrets.token_hex(8)}"
        staged = 0
        for sheet in self.store.sheets(queries.calls(partition, self.project, self.window)):
            changes = changes_in(sheet, self.prices)
            if writes and changes:
                if not staged:
                    self.store.execute(queries.lookup_table(lookup))
                self._stage(lookup, sheet, changes)
                staged += len(changes)
            differences.add(sheet, changes)
            if staged >= self.max_staged:
                break
        if staged:
            self._run(queries.update(lookup, partition, database=self.store.database))
            self._wait(lookup)
            self._drop(lookup)
        return staged >= self.max_staged

    def _stage(self, lookup: str, sheet: Sheet, changes: Sequence[Change]) -> None:
        keys = sheet.columns["key"]
        places, costs, sources, ids = zip(*changes, strict=True)
        block = queries.block_from_costs(lookup, [keys[at] for at in places], costs, sources, ids)
        self.store.insert(block, token=f"{lookup} {secrets.token_hex(8)}")

    def _wait(self, lookup: str) -> None:
        """Return once the database has written the costs of a lookup table everywhere."""
        try:
            wait(self.store, "spans", lookup, patience_seconds=self.patience_seconds)
        except MutationFailed as failure:
            self._drop(lookup)
            msg = (
                f"the database could not write the new costs: {failure}. What is written is right; "
                "`spanglass reprice` again does the rest"
            )
            raise CommandError(msg) from failure

    def _run(self, statement: Query) -> None:
        self.store.execute(statement.sql, dict(statement.params))

    def _drop(self, lookup: str) -> None:
        self.store.execute("DROP TABLE IF EXISTS {name:Identifier} SYNC", {"name": lookup})
