"""One group into ClickHouse, once, whatever became of the tries before.

The group's id is the token of its insert, and ClickHouse drops what comes with a token that it knows. It notes a token
just before the rows are there (``MergeTreeSink``, with ``non_replicated_deduplication_window``): killed in between, it
would take the next try for done, for a day of the group's, or for a shard of a cluster. So where a try was not the first,
somebody looks whether the rows are there, and stores those that are not.
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


def _nothing(_: Block, __: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class Delivery:
    """``lacks_rows``: whether rows of a block are not in its table, asked after an insert that was not the first try.
    ``insert_absent`` stores those.
    """

    insert: Insert
    lacks_rows: Callable[[Block], bool] = _never
    insert_absent: Insert = _nothing

    def deliver(self, group: Group, *, is_repeated: bool) -> None:
        """Insert the group. Raises StoreError; then the same again, as ``is_repeated``."""
        self.insert(group.block, group.group_id)
        if is_repeated and self.lacks_rows(group.block):
            log.warning("ClickHouse knows the group %s but lacks rows of it: they are inserted again", group.group_id)
            self.insert_absent(group.block, group.group_id + AGAIN)
