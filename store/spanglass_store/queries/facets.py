"""Which values a field has: suggestions for filters. Pure."""

from __future__ import annotations

from spanglass_store.query import FIELDS, Query, Window, between, query


def values(project: str, window: Window, field: str, *, limit: int = 100) -> Query:
    """Values of ``field`` in ``window``, most frequent first. Columns: value, count (spans). Grain: one row a value.

    Raises ValueError for a field that cannot be filtered by.
    """
    if field not in FIELDS:
        msg = f"unknown field {field!r}; known: {', '.join(FIELDS)}"
        raise ValueError(msg)
    time = between("start_time", window)
    expression = "arrayJoin(tags)" if field == "tag" else FIELDS[field]
    return query(
        f"values of {field}",
        f"""
        SELECT {expression} AS value, count() AS count FROM spans
        WHERE project = {{project:String}} AND {time.sql}
        GROUP BY value HAVING value != '' ORDER BY count DESC, value LIMIT {{limit:UInt32}}
        """,
        time,
        project=project,
        limit=limit,
    )


def projects(window: Window) -> Query:
    """Projects with a span in ``window``. Columns: project. Grain: one row a project."""
    time = between("start_time", window)
    return query("projects", f"SELECT DISTINCT project FROM spans WHERE {time.sql} ORDER BY project LIMIT 1000", time)
