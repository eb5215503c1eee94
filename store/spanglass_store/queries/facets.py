"""Which values fields have: suggestions for filters. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spanglass_store.days_and_hours import EDGE
from spanglass_store.limits import SUGGESTIONS
from spanglass_store.query import (
    FIELDS,
    Condition,
    Filters,
    Query,
    Window,
    between,
    every,
    query,
    spans_where,
)
from spanglass_store.sources import Source, source

ALL: Final = tuple(FIELDS)
NO_FILTERS: Final = Filters()
MAX_PROJECTS: Final = 1000
_ALONE: Final = ("tag", "model")
"""Fields that are not counted together with the others: a span has many tags, and models have a roll-up, where others would
cost a third of all to put together.
"""


def values(
    project: str,
    window: Window,
    field: str,
    *,
    filters: Filters = NO_FILTERS,
    contains: str = "",
    limit: int = 100,
) -> Query:
    """Values of ``field`` in ``window`` of spans that pass the ``filters`` on other fields, most frequent first, only
    those that ``contain`` a text (of any case). ``cut`` where there are more than ``limit``.

    Columns: value, count (spans). Grain: one row a value. Reads ``spans``, of long windows through roll-ups
    (``days_and_hours``). Raises ValueError for a field that cannot be filtered by.
    """
    read = _of_field(project, window, field, filters)
    like = _containing(contains)
    return query(
        f"values of {field}",
        f"""
        SELECT {read.select_keys}{read.count} AS count
        FROM {read.rows.sql}
        GROUP BY value HAVING value != ''{like.sql} ORDER BY count DESC, value LIMIT {{limit:UInt32}}
        {read.settings}
        """,
        read.rows,
        like,
        limit=limit + 1,
    ).limited(SUGGESTIONS, row_limit=limit)


def all_values(
    project: str,
    window: Window,
    filters: Filters,
    *,
    fields: Sequence[str] = ALL,
    contains: str = "",
    limit: int = 20,
) -> Query:
    """As ``values``, of several ``fields`` at once. Columns: field, value, count (spans), distinct_values (how
    many the field has in all, so that a shortened list is seen). Grain: one row a value, fields in their order, at most ``limit``
    each.

    Reads the columns of the fields once, and once more for each field that is filtered by, without that filter, and for
    ``_ALONE``. Raises ValueError as ``values``.
    """
    fields = [_known(field) for field in fields]
    everything = spans_where(project, window, filters)
    together = [field for field in fields if not filters.get(field) and field not in _ALONE]
    parts = [] if not together else [Condition(_grouping_sets(fields, together, everything.sql), everything.params)]
    for at, field in enumerate(fields, 1):
        if field not in together:
            read = _of_field(project, window, field, filters)
            parts.append(Condition(_of_one(at, read), read.rows.params))
    union = Condition("\nUNION ALL\n".join(part.sql for part in parts), every(parts).params)
    like = _containing(contains)
    at_once = "" if filters != NO_FILTERS else ", optimize_move_to_prewhere = 0"  # hardly a row is left out
    return query(
        "values of fields",
        f"""
        SELECT {{fields:Array(String)}}[at] AS field, value, count, count() OVER (PARTITION BY at) AS distinct_values FROM (
        {union.sql})
        WHERE value != ''{like.sql}
        ORDER BY at, count DESC, value
        LIMIT {{limit:UInt32}} BY at
        SETTINGS optimize_use_projections = 1{at_once}
        """,
        union,
        like,
        fields=tuple(fields),
        limit=limit,
    ).limited(SUGGESTIONS)


def projects(window: Window) -> Query:
    """Projects with a span in ``window``. Columns: project. Grain: one row a project."""
    time = between("start_time", window)
    sql = f"SELECT DISTINCT project FROM spans WHERE {time.sql} ORDER BY project LIMIT {{limit:UInt32}}"
    return query("projects", sql, time, limit=MAX_PROJECTS + 1).limited(SUGGESTIONS, row_limit=MAX_PROJECTS)


def _grouping_sets(fields: Sequence[str], together: Sequence[str], where: str) -> str:
    """One pass over the columns of ``together``: a quarter of the CPU of a pass for each. ``at``: the place in ``fields``."""
    columns = {field: f"f_{field}" for field in together}
    at = ", ".join(f"grouping({column}) = 0, {fields.index(field) + 1}" for field, column in columns.items())
    return f"""SELECT multiIf({at}, 0) AS at, concat({", ".join(columns.values())}, '') AS value, count() AS count
        FROM (SELECT {", ".join(f"{FIELDS[field]} AS {column}" for field, column in columns.items())}
        FROM spans WHERE {where} SETTINGS {EDGE})
        GROUP BY GROUPING SETS ({", ".join(f"({column})" for column in columns.values())})"""


def _of_field(project: str, window: Window, field: str, filters: Filters) -> Source:
    """The spans by ``value`` of the field, of those that pass the filters on other fields."""
    return source((), project, window, filters.with_(_known(field), ()), keys={"value": field})


def _of_one(at: int, read: Source) -> str:
    return f"""SELECT {at} AS at, toString({read.keys["value"]}) AS value, {read.count} AS count
        FROM {read.rows.sql} GROUP BY value"""


def _containing(text: str) -> Condition:
    if not text:
        return Condition("", ())
    return Condition(" AND positionCaseInsensitiveUTF8(value, {contains:String}) > 0", (("contains", text),))


def _known(field: str) -> str:
    if field not in FIELDS:
        msg = f"unknown field {field!r}; known: {', '.join(FIELDS)}"
        raise ValueError(msg)
    return field
