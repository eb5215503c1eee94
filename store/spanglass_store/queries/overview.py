"""The figures of a window beside those of the window before it. Pure.

Each window is read once, both in one query and at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spanglass_store.measures import selected
from spanglass_store.query import Filters, Query, Window, query
from spanglass_store.sources import beside, source

BEFORE: Final = "_before"
"""What ends the name of a column that holds a measure of the window before."""


def compared(names: Sequence[str], project: str, window: Window, filters: Filters) -> Query:
    """Measures of ``window`` and of the one before. Columns: for each measure ``name`` and ``name_before``, in its unit.

    Grain: one row. NULL is unknown, as in ``measures.totals``; every ``name_before`` is NULL where there was nothing at
    all before. Reads ``spans`` or ``scores`` of both windows. Raises ValueError as ``measures.totals`` does.
    """
    measures = selected(names)
    now = source(measures, project, window, filters)
    before = beside(source(measures, project, window.previous(), filters), now, "before_")
    return query(
        f"{', '.join(names)} beside the time before",
        f"""
        SELECT {", ".join(f"anyIf({name}, is_now) AS {name}" for name in names)},
        {before_list(names)}
        FROM (
        SELECT true AS is_now,
        {now.select}
        FROM {now.rows.sql}
        UNION ALL
        SELECT false AS is_now,
        {before.select}
        FROM {before.rows.sql}
        HAVING {before.count} > 0
        )
        {now.settings}
        """,
        now.rows,
        before.rows,
    )


def before_list(names: Sequence[str]) -> str:
    """The SELECT list of the columns ``name_before``, from rows that say whether they are of now."""
    return ", ".join(f"anyOrNullIf({name}, NOT is_now) AS {name}{BEFORE}" for name in names)
