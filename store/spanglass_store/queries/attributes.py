"""Which attributes spans have, and with which values: suggestions for ``Filters.attributes``. Pure."""

from __future__ import annotations

from typing import Final

from spanglass_store.limits import SUGGESTIONS
from spanglass_store.query import ATTRIBUTE_MAPS, Filters, Query, Window, attribute_place, query, spans_where

_PREFIXED: Final = " OR ".join(f"startsWith(key, '{column}.')" for column in ATTRIBUTE_MAPS)


def keys(project: str, window: Window, filters: Filters, *, contains: str = "", limit: int = 200) -> Query:
    """Attributes of the spans that pass ``filters``, most frequent first, only those that ``contain`` a text (of any
    case). ``cut`` where there are more than ``limit``.

    Columns: key (as ``Filters.attributes`` takes it), count (spans). Grain: one row a key. Reads the keys of three maps.
    """
    where = spans_where(project, window, filters)
    parts = [
        f"SELECT '{column}' AS map, arrayJoin(mapKeys({column})) AS key, count() AS count FROM spans WHERE {where.sql}\n"
        "GROUP BY key"
        for column in ATTRIBUTE_MAPS
    ]
    return query(
        "attribute keys",
        f"""
        SELECT if(map = '{ATTRIBUTE_MAPS[0]}' AND NOT ({_PREFIXED}), key, concat(map, '.', key)) AS key, count FROM (
        {" UNION ALL ".join(parts)})
        WHERE positionCaseInsensitiveUTF8(concat(map, '.', key), {{contains:String}}) > 0
        ORDER BY count DESC, key LIMIT {{limit:UInt32}}
        SETTINGS prefer_column_name_to_alias = 1
        """,
        where,
        contains=contains,
        limit=limit + 1,
    ).limited(SUGGESTIONS, row_limit=limit)


def values(project: str, window: Window, filters: Filters, key: str, *, contains: str = "", limit: int = 100) -> Query:
    """Values of the attribute ``key`` of the spans that pass ``filters``, as ``keys`` lists keys.

    Columns: value, count (spans). Grain: one row a value. Reads one map.
    """
    where = spans_where(project, window, filters)
    column, own = attribute_place(key)
    return query(
        "attribute values",
        f"""
        SELECT {column}[{{key:String}}] AS value, count() AS count FROM spans
        WHERE {where.sql} AND mapContains({column}, {{key:String}})
        GROUP BY value HAVING positionCaseInsensitiveUTF8(value, {{contains:String}}) > 0
        ORDER BY count DESC, value LIMIT {{limit:UInt32}}
        """,
        where,
        key=own,
        contains=contains,
        limit=limit + 1,
    ).limited(SUGGESTIONS, row_limit=limit)
