"""Roll-ups are given up where there is too much to roll up, and made where a part lacks them.

A merge holds all groups of its day in memory. Names of services, models and prompts are few, until somebody puts an id into
one. Then the merges of a day would fail for want of memory, one after the other, and parts would pile up. Without the
projection the same questions are answered from the spans.

An insert makes none, a merge does, and merges nothing that has them with what has not. So what came last of a day stays a part of
its own, and the day never becomes one (``schema/0016_old_days.sql``), until its roll-ups are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spanglass_store.cluster import LOCAL
from spanglass_store.connection import Store
from spanglass_store.days_and_hours import KEYS, ROLL_UPS
from spanglass_store.layout import layout, run
from spanglass_store.query import FIELDS, Query, query

MOST_GROUPS: Final = 100_000
"""Of a day. A group takes some 1.5 KB in a merge; 640,000 were too many for 1 GiB (docs/adr/018-hours.md)."""

AGE_SECONDS: Final = 6 * 3600
"""How long a part waits for a merge to make its roll-ups: late spans of a day come one insert after the other."""

DAYS_AT_ONCE: Final = 3
"""Of an upgrade all days may lack some; each is merged and packed anew for it."""

TABLES: Final = ("spans", f"spans{LOCAL}")

THERE: Final = Query(
    "roll-ups",
    f"SELECT DISTINCT name FROM system.projections WHERE database = currentDatabase() AND table IN {TABLES}",
)


def groups() -> Query:
    """How many groups the roll-ups of hours have of the last 24 hours. Columns: how their names end (``KEYS``). Grain: one row.
    Reads ``spans``.
    """
    counts = ", ".join(
        f"uniq(project, toStartOfHour(start_time), environment, {FIELDS[key]}) AS {ending}"
        for ending, (key, _) in KEYS.items()
        if key
    )
    return query("groups of roll-ups", f"SELECT {counts} FROM spans WHERE start_time > now64() - toIntervalDay(1)")


def lacking(tables: Sequence[str], roll_ups: int, *, age_seconds: int, most_days: int) -> Query:
    """Days that are over with a part, written so long ago, that has fewer than ``roll_ups`` of them: the latest first, none while
    the database is still rewriting parts. Column: partition_id. Grain: one row a day. Reads the parts of this server.
    """
    ours = "database = currentDatabase() AND table IN {tables:Array(String)}"
    return query(
        "days without roll-ups",
        f"""
        SELECT DISTINCT partition_id FROM system.parts
        WHERE active AND {ours} AND rows > 0 AND partition_id < formatDateTime(now('UTC'), '%Y%m%d')
        AND modification_time <= now() - {{age_seconds:UInt32}}
        AND name NOT IN (SELECT parent_name FROM system.projection_parts WHERE active AND {ours}
        GROUP BY parent_name HAVING uniqExact(name) >= {{roll_ups:UInt32}})
        AND (SELECT count() FROM system.mutations WHERE {ours} AND NOT is_done) = 0
        ORDER BY partition_id DESC LIMIT {{most_days:UInt32}}
        """,
        tables=tuple(tables),
        roll_ups=roll_ups,
        age_seconds=age_seconds,
        most_days=most_days,
    )


def make_lacking(store: Store, *, age_seconds: int = AGE_SECONDS, most_days: int = DAYS_AT_ONCE) -> list[str]:
    """Have the database make the roll-ups that parts of days that are over lack; of which days (``20261130``). Does not wait.

    Raises as ``Store.execute`` does.
    """
    there = sorted({row["name"] for row in store.fetch_rows(THERE)} & set(ROLL_UPS))
    if not there:
        return []
    asked = lacking(TABLES, len(there), age_seconds=age_seconds, most_days=most_days)
    days = [str(row["partition_id"]) for row in store.fetch_rows(asked)]
    spread = layout(store) if days else None
    for day in days:
        made = ", ".join(f"MATERIALIZE PROJECTION {name} IN PARTITION ID '{day}'" for name in there)
        run(store, spread, f"ALTER TABLE spans {made}")
    return days


def give_up_wide(store: Store, *, most_groups: int = MOST_GROUPS) -> list[str]:
    """Drop the roll-ups that have more groups a day; which. For good: the day they are few again nobody knows.

    Raises as ``Store.execute`` does.
    """
    there = {row["name"] for row in store.fetch_rows(THERE)} & set(ROLL_UPS)
    if not there:
        return []
    (counted,) = store.fetch_rows(groups())
    too_many = tuple(ending for ending, count in counted.items() if count > most_groups)
    wide = sorted(name for name in there if name.endswith(too_many))
    spread = layout(store) if wide else None
    for name in wide:
        run(store, spread, f"ALTER TABLE spans DROP PROJECTION IF EXISTS {name}")
    return wide
