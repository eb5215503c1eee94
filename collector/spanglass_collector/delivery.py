"""One group into ClickHouse, once, whatever became of the tries before.

The group's id is the token of its insert, and ClickHouse drops what comes with a token that it knows. It notes a token
just before the rows are there (``MergeTreeSink``, with ``non_replicated_deduplication_window``): killed in between, it
would take the next try for done. So where a try was not the first, somebody looks whether the rows are there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from spanglass_collector.journal.group import Group
from spanglass_store.native import Block

log = logging.getLogger(__name__)

Insert = Callable[[Block, str], None]
"""Insert a block under a token, once. Raises StoreError."""
AGAIN: Final = ".again"


def _never(_: Block) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Delivery:
    """``is_missing``: whether nothing of a block is in its table, asked after an insert that was not the first try."""

    insert: Insert
    is_missing: Callable[[Block], bool] = _never

    def deliver(self, group: Group, *, is_repeated: bool) -> None:
        """Insert the group. Raises StoreError; then the same again, as ``is_repeated``."""
        self.insert(group.block, group.group_id)
        if is_repeated and self.is_missing(group.block):
            log.warning("ClickHouse knows the group %s but has nothing of it: it is inserted again", group.group_id)
            self.insert(group.block, group.group_id + AGAIN)
