"""The retention of projects, carried out: on what is stored when it changes, and on what arrives without it."""

from __future__ import annotations

import secrets
import time
from typing import Any

from spanglass_store.connection import Store
from spanglass_store.mutations import Tell, carry_out, silent
from spanglass_store.retention import (
    KEPT_TABLES,
    Retention,
    all_retention,
    retention_from_row,
    stored,
    update,
)


def stored_of(store: Store, retention: Retention, *, now_ns: int) -> dict[str, list[dict[str, Any]]]:
    """By table what there is of a project, as ``retention.stored`` tells."""
    return {table: store.fetch_rows(stored(table, retention, now_ns=now_ns)) for table in KEPT_TABLES}


def apply_retention(store: Store, retention: Retention, *, now_ns: int, tell: Tell = silent) -> int:
    """Give the stored rows of a project its days, and remove those that are too old; how many rows said other days.

    Safe to interrupt and to repeat. Raises MutationFailed where the database cannot.
    """
    unlike = [
        (table, place)
        for table, places in stored_of(store, retention, now_ns=now_ns).items()
        for place in places
        if place["unlike"]
    ]
    mutations = [
        update(table, retention, place["partition"], marker=f"retention_{secrets.token_hex(8)}")
        for table, place in unlike
    ]
    carry_out(store, mutations, tell)
    return sum(place["unlike"] for _, place in unlike)


def adjust(store: Store) -> int:
    """Give the rows that do not say the days of their project those days; how many. They were on their way when the days
    were changed, or written by somebody who does not know them.
    """
    entries = [retention_from_row(row) for row in store.fetch_rows(all_retention())]
    return sum(apply_retention(store, each, now_ns=time.time_ns()) for each in entries)
