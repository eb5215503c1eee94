"""What waits: items, and the groups they are in. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from spanglass_collector.journal.record import Buffer
from spanglass_collector.journal.segment import Segment
from spanglass_store.native import Block

HELD_BYTES: Final = 64 * 1024 * 1024
"""Rows that are kept in memory until they are stored, so that nobody reads them from the disk; further ones are."""


@dataclass(slots=True, eq=False)
class Item:
    """One accepted request that is not settled: what it holds, and where its rows are, which may be ``held`` in memory too."""

    number: int
    table: str
    rows: int
    size: int
    digest: bytes
    segment: Segment
    body_at: int
    at_ns: int
    cuts: bytes = b""
    group: str = ""
    held: bytes = b""

    def block(self) -> Block:
        """Its rows: those held in memory, else those on disk. Raises OSError."""
        return Block(self.table, self.held or self.segment.read(self.body_at, self.size), self.rows, self.cuts)


@dataclass(slots=True)
class Backlog:
    """All items that wait, by number, and the groups that were made of some of them. ``digests`` are theirs.

    A group that is ``out``, with its rows, is in somebody's hands and is not the next one until a restart.
    """

    items: dict[int, Item] = field(default_factory=dict)
    groups: dict[str, list[Item]] = field(default_factory=dict)
    out: set[str] = field(default_factory=set)
    out_rows: int = 0
    digests: set[bytes] = field(default_factory=set)
    queued: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    size: int = 0
    held_bytes: int = 0
    _free: dict[str, deque[Item]] = field(default_factory=dict)
    _by_age: deque[Item] = field(default_factory=deque)

    def add(self, item: Item, body: Buffer = b"") -> None:
        """An item in no group. Numbers grow. Its rows are held, where they are no view of something and not too much."""
        if isinstance(body, bytes) and self.held_bytes + item.size <= HELD_BYTES:
            item.held = body
            self.held_bytes += len(body)
        self.items[item.number] = item
        self._by_age.append(item)
        if item.digest:
            self.digests.add(item.digest)
        self._free.setdefault(item.table, deque()).append(item)
        item.segment.waiting += 1
        self._count(item, 1)

    def group(self, group_id: str, numbers: Iterable[int]) -> None:
        """Make a group of items; of those that were in another one, that one is made smaller, or gone."""
        members = [self.items[number] for number in numbers if number in self.items]
        left = {item.group for item in members} - {"", group_id}
        for item in members:
            if item.group != group_id and item.group in self.out:
                self.out_rows -= item.rows
            item.group = group_id
        if members:
            self.groups[group_id] = members
        for old_id in left:
            if staying := [item for item in self.groups[old_id] if item.group == old_id]:
                self.groups[old_id] = staying
            else:
                del self.groups[old_id]
                self.out.discard(old_id)

    def settle(self, group_id: str) -> list[Item]:
        """Take a group away; the items that were in it."""
        members = self.groups.pop(group_id, [])
        if group_id in self.out:
            self.out.remove(group_id)
            self.out_rows -= sum(item.rows for item in members)
        for item in members:
            del self.items[item.number]
            self.digests.discard(item.digest)
            item.segment.waiting -= 1
            self.held_bytes -= len(item.held)
            self._count(item, -1)
        return members

    def put_out(self, group_id: str) -> None:
        """Give a group into somebody's hands."""
        if group_id not in self.out:
            self.out.add(group_id)
            self.out_rows += sum(item.rows for item in self.groups[group_id])

    def oldest_group(self) -> str:
        """The id of the group with the oldest item, of those not out; empty if there is none."""
        waiting = (group_id for group_id in self.groups if group_id not in self.out)
        return min(waiting, key=lambda group_id: self.groups[group_id][0].number, default="")

    def choose(self, max_rows: int, max_bytes: int) -> list[Item]:
        """The items of the next group: of the table that has waited longest its oldest, at least one, then as many
        as stay within both limits. Empty if there are none.
        """
        free = min(filter(None, map(self._really_free, self._free)), key=lambda items: items[0].number, default=None)
        chosen: list[Item] = []
        rows = size = 0
        for item in free or ():
            rows, size = rows + item.rows, size + item.size
            if chosen and (rows > max_rows or size > max_bytes):
                break
            chosen.append(item)
        return chosen

    def leasable_rows(self) -> int:
        """Rows that wait and are in nobody's hands."""
        return self.rows - self.out_rows

    def oldest_ns(self) -> int | None:
        """When the item came that has waited longest; None for none."""
        while self._by_age and self._by_age[0].number not in self.items:
            self._by_age.popleft()
        return self._by_age[0].at_ns if self._by_age else None

    def _really_free(self, table: str) -> deque[Item]:
        items = self._free[table]
        while items and items[0].group:
            items.popleft()
        return items

    def _count(self, item: Item, sign: int) -> None:
        self.queued[item.table] += sign * item.rows
        self.rows += sign * item.rows
        self.size += sign * item.size


def runs(items: Sequence[Item]) -> list[tuple[int, int]]:
    """The numbers of items, in order, as runs without gaps: (first, last)."""
    numbers = [item.number for item in items]
    breaks = [at for at, (one, next_one) in enumerate(pairwise(numbers), start=1) if next_one != one + 1]
    bounds = [0, *breaks, len(numbers)]
    return [(numbers[start], numbers[end - 1]) for start, end in pairwise(bounds)]
