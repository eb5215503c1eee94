"""Scores get a copy of what answered in their trace, so that quality by model need not look into spans."""

from __future__ import annotations

from spanglass_store.connection import Store
from spanglass_store.native import Block
from spanglass_store.queries.answers import FIRST, copied, due

TABLE = "scores"


def copy_answers(store: Store, *, until: int) -> int:
    """Copy what answered onto the scores stored before ``until`` (seconds since 1970) that have no copy; how many got one.

    Safe to interrupt, to repeat and to run twice at a time: but for these columns a score stays as it is. Raises
    StoreUnavailable, StoreRejected or QueryTooExpensive.
    """
    got_one, after = 0, FIRST
    while page := store.fetch_rows(due(until=until, after=after)):
        last = page[0]["project"], page[0]["name"], page[0]["score_id"]
        rows = store.raw(copied(until=until, after=after, last=last), form="Native")
        store.insert(Block(TABLE, rows, len(rows)), token=f"answers {until} {last}")
        got_one += page[0]["scores"]
        after = last
    return got_one
