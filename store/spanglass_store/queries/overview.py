"""The figures of a window beside those of the window before it. Pure.

Each window is read once, both in one query and at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spanglass_store.measures import Table, measured, selected, settings
from spanglass_store.query import Condition, Filters, Query, Window, query, told_apart

BEFORE: Final = "_before"
"""What ends the name of a column that holds a measure of the window before."""


def compared(names: Sequence[str], project: str, window: Window, filters: Filters) -> Query:
    """Measures of ``window`` and of the one before. Columns: for each measure ``name`` and ``name_before``, in its unit.

    Grain: one row. NULL is unknown, as in ``measures.totals``; every ``name_before`` is NULL where there was nothing at
    all before. Reads ``spans`` or ``scores`` of both windows. Raises ValueError as ``measures.totals`` does.
    """
    table, select, bound = selected(names)
    now, before = sources(table, project, window, window.previous(), filters)
    return query(
        f"{', '.join(names)} beside the time before",
        f"""
        SELECT {", ".join(f"anyIf({name}, is_now) AS {name}" for name in names)},
        {before_list(names)}
        FROM (
        SELECT true AS is_now,
        {select}
        FROM {now.sql}
        UNION ALL
        SELECT false AS is_now,
        {select}
        FROM {before.sql}
        HAVING count() > 0
        )
        {settings(window)}
        """,
        now,
        before,
        bound,
    )


def sources(
    table: Table, project: str, window: Window, window_before: Window, filters: Filters
) -> tuple[Condition, Condition]:
    """What measures of ``table`` read of both windows: FROM and WHERE, with names that fit into one query."""
    now, before = (_source(measured(table, project, each, filters)) for each in (window, window_before))
    return now, told_apart(before, now, "before_")


def before_list(names: Sequence[str]) -> str:
    """The SELECT list of the columns ``name_before``, from rows that say whether they are of now."""
    return ", ".join(f"anyOrNullIf({name}, NOT is_now) AS {name}{BEFORE}" for name in names)


def _source(asked: tuple[str, str, tuple[Condition, ...]]) -> Condition:
    _, sql, conditions = asked
    return Condition(sql, tuple(param for condition in conditions for param in condition.params))
