"""A fixed set of items, to be inserted together: what is written of it, and its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from spanglass_collector.journal import kinds
from spanglass_collector.journal.backlog import Item, runs
from spanglass_collector.journal.record import Record
from spanglass_store.joined import joined
from spanglass_store.native import Block


@dataclass(frozen=True, slots=True)
class Group:
    """A fixed set of items of one table, to be inserted together with ``group_id`` as the insert's token.

    ``digests``: of each item's body, 16 bytes, empty where it has none. ``is_new``: made by this very lease, so
    nobody can have tried to insert it.
    """

    group_id: str
    block: Block
    items: int
    digests: tuple[bytes, ...] = ()
    is_new: bool = field(default=False, compare=False)

    @classmethod
    def read(cls, group_id: str, items: Sequence[Item], *, is_new: bool) -> Self:
        """The group with its rows. Raises OSError. The files are there as long as one of the items waits."""
        block = joined([item.block() for item in items])
        return cls(group_id, block, len(items), tuple(item.digest for item in items), is_new)


def record_of_groups(*groups: tuple[str, Sequence[Item]]) -> Record:
    """What says that these items are in a group of this id."""
    return Record(kinds.GROUPS, {"groups": [(group_id, runs(items)) for group_id, items in groups]})
