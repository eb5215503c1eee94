"""Roll-ups are given up where there is too much to roll up: a merge holds all groups of its day in memory.

Names of services, models and prompts are few, until somebody puts an id into one. Then the merges of a day would fail for want of
memory, one after the other, and parts would pile up. Without the projection the same questions are answered from the spans.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass_store.cluster import LOCAL
from spanglass_store.connection import Store
from spanglass_store.layout import layout, run
from spanglass_store.query import FIELDS, Query, query

KEYS: Final[Mapping[str, str]] = {
    "by_service": FIELDS["service"],
    "by_model": FIELDS["model"],
    "by_prompt": FIELDS["prompt_name"],
}
"""Projections of ``spans`` by what they are grouped by, besides project, hour and environment (``schema/0013_hours.sql``)."""

MOST_GROUPS: Final = 100_000
"""Of a day. A group takes some 1.5 KB in a merge; 640,000 were too many for 1 GiB (docs/adr/018-hours.md)."""

THERE: Final = Query(
    "roll-ups",
    f"SELECT DISTINCT name FROM system.projections WHERE database = currentDatabase() AND table IN ('spans', 'spans{LOCAL}')",
)


def groups() -> Query:
    """How many groups each roll-up has of the last 24 hours. Columns: those of ``KEYS``. Grain: one row. Reads ``spans``."""
    counts = ", ".join(
        f"uniq(project, toStartOfHour(start_time), environment, {key}) AS {name}" for name, key in KEYS.items()
    )
    return query("groups of roll-ups", f"SELECT {counts} FROM spans WHERE start_time > now64() - toIntervalDay(1)")


def give_up_wide(store: Store, *, most_groups: int = MOST_GROUPS) -> list[str]:
    """Drop the roll-ups that have more groups a day; which. For good: the day they are few again nobody knows.

    Raises as ``Store.execute`` does.
    """
    there = {row["name"] for row in store.fetch_rows(THERE)} & KEYS.keys()
    if not there:
        return []
    (counted,) = store.fetch_rows(groups())
    wide = sorted(name for name in there if counted[name] > most_groups)
    spread = layout(store) if wide else None
    for name in wide:
        run(store, spread, f"ALTER TABLE spans DROP PROJECTION IF EXISTS {name}")
    return wide
