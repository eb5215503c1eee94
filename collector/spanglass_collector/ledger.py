"""What became of every record, by table: received = duplicate + rejected + queued + stored + set_aside.

``queued`` is not a counter: it is what lies in the queue, so the equation is a check and not a definition. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

COUNTERS: Final = ("received", "duplicate", "rejected", "queued", "stored", "set_aside")
COUNTED: Final = tuple(name for name in COUNTERS if name != "queued")

Table = dict[str, int]
Tables = Mapping[str, Mapping[str, int]]
"""Table to counter to records; every counter is there, also at 0."""


class Ledger:
    """The counters of one queue."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}

    def add(self, table: str, **records: int) -> None:
        """Count records of ``table`` under each name."""
        counters = self._tables.setdefault(table, dict.fromkeys(COUNTED, 0))
        for name, count in records.items():
            counters[name] += count

    def restore(self, tables: Tables) -> None:
        """Go on from what was counted before."""
        self._tables = {table: {name: counters[name] for name in COUNTED} for table, counters in tables.items()}

    def counted(self) -> Tables:
        """The counters as they stand, without what is queued: what ``restore`` takes."""
        return {table: dict(counters) for table, counters in self._tables.items()}

    def read(self, queued: Mapping[str, int]) -> Tables:
        """The whole ledger, with the rows of each table that wait."""
        found = {table: counters | {"queued": queued.get(table, 0)} for table, counters in self._tables.items()}
        return {table: {name: counters[name] for name in COUNTERS} for table, counters in found.items()}

    def balance(self, queued: Mapping[str, int]) -> dict[str, int]:
        """Make it add up to what was really found in the queue; by how many records each table was out.

        After damage to the disk only. Fewer than counted: they are set aside, for their bytes are kept with the
        damaged ones. More: what says that they are stored was lost, so they are waiting again.
        """
        out: dict[str, int] = {}
        for table, counters in self._tables.items():
            placed = sum(counters[name] for name in COUNTED if name != "received") + queued.get(table, 0)
            if missing := counters["received"] - placed:
                counters["set_aside" if missing > 0 else "stored"] += missing
                out[table] = missing
        return out


def summed(ledgers: Iterable[Tables]) -> Tables:
    """Several ledgers as one."""
    total: dict[str, Table] = {}
    for ledger in ledgers:
        for table, counters in ledger.items():
            into = total.setdefault(table, dict.fromkeys(COUNTERS, 0))
            for name in COUNTERS:
                into[name] += counters[name]
    return total
