"""A query as a value: text with ``{name:Type}`` places, and what goes there. Pure; ``Store.fetch`` runs it.

Values are bound by the server, never formatted into the text. Identifiers come only from the tables of this room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from spanglass_store import search
from spanglass_store.condition import Condition, Window, between, every, told_apart
from spanglass_store.filters import FIELDS, MODEL, SCORE_NAME, Filters
from spanglass_store.limits import PAGE, Limits

__all__ = [
    "FIELDS",
    "MODEL",
    "SCORES_OF_TRACES",
    "SCORE_NAME",
    "Asked",
    "Condition",
    "Filters",
    "Limits",
    "Query",
    "Sent",
    "Window",
    "alternatives",
    "attribute_place",
    "between",
    "every",
    "query",
    "spans_inside",
    "spans_where",
    "told_apart",
]

ATTRIBUTE_ITEMS: Final = "arrayMap((k, v) -> concat(k, '=', v), mapKeys(attributes), mapValues(attributes))"
"""To the letter the expression of the index ``ix_attribute``: written otherwise, the index is not used."""

ATTRIBUTE_MAPS: Final = ("attributes", "metadata", "resource")
"""Where an attribute may be. Its key may have the map's name and a dot before it; without, it is in the first."""


SCORES_OF_TRACES: Final = "optimize_use_projections = 1, preferred_optimize_projection_name = 'of_trace'"
"""Settings of a query that finds scores by their traces (``schema/0016_old_days.sql``). For all that no projection is made for they
are off (``server_settings``): to see of each part that none fits took longer than many a question.
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """Rows that travel with a query and are a table in it: ``data`` in ``format``, with columns as in ``structure``."""

    name: str
    structure: str
    format: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """A table in a query that is asked for before it: rows of ``columns``, (name, type) pairs, by the first of
    ``queries`` that has ``enough`` of them, or else by the last.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    queries: tuple[Query, ...]
    enough: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """``sql`` with ``params`` bound by name. Hashable: a cache key. ``name`` is for errors and logs.

    A list has a ``row_limit`` and asks for one row more: where that comes, it is left out and the answer is ``cut``.
    What is ``asked`` first are tables in it, and in what is asked after them. ClickHouse plans the whole anew for each
    mention of a sub-query, which for a page of ids took longer than to read it.
    """

    name: str
    sql: str
    params: tuple[tuple[str, Any], ...] = ()
    sent: tuple[Sent, ...] = ()
    asked: tuple[Asked, ...] = ()
    limits: Limits = PAGE
    row_limit: int | None = None

    def limited(self, limits: Limits = PAGE, *, row_limit: int | None = None) -> Query:
        """The same question within other limits."""
        return replace(self, limits=limits, row_limit=row_limit)


def spans_where(project: str, window: Window, filters: Filters) -> Condition:
    """Spans of ``project`` in ``window`` that pass ``filters``."""
    return spans_inside(project, between("start_time", window), filters)


def spans_inside(project: str, inside: Condition, filters: Filters) -> Condition:
    """Spans of ``project`` for which ``inside`` holds and that pass ``filters``."""
    narrowed = _narrowed(project, inside, filters)
    found = search.alternatives(filters.search)
    if not found:
        return narrowed
    either = " OR ".join(each.sql for each in found)
    return every([narrowed, Condition(f"({either})", every(found).params)])


def alternatives(project: str, window: Window, filters: Filters) -> tuple[Condition, ...]:
    """Conditions, each with an index of its own, of which one or more hold for just the spans of ``spans_where``."""
    narrowed = _narrowed(project, between("start_time", window), filters)
    found = search.alternatives(filters.search)
    return tuple(every([narrowed, each]) for each in found) or (narrowed,)


def _narrowed(project: str, inside: Condition, filters: Filters) -> Condition:
    """Everything but the search."""
    parts = [Condition("project = {project:String}", (("project", project),)), inside]
    parts += [has_value(field, values) for field, values in filters.values if field != SCORE_NAME]
    for field, values in filters.excluded:
        unwanted = has_value(field, values, prefix="not_")
        parts.append(Condition(f"NOT {unwanted.sql}", unwanted.params))
    parts += [_has_attribute(*pair, number) for number, pair in enumerate(filters.attributes)]
    return every(parts)


def has_value(field: str, values: Sequence[str], *, prefix: str = "f_") -> Condition:
    """``field`` has one of ``values``; for a tag, one of the tags is one of them."""
    name = f"{prefix}{field}"
    test = "hasAny({0}, {{{1}:Array(String)}})" if field == "tag" else "{0} IN {{{1}:Array(String)}}"
    return Condition(test.format(FIELDS[field], name), ((name, tuple(values)),))


def attribute_place(key: str) -> tuple[str, str]:
    """The map that holds the attribute ``key``, and its key there: ``metadata.plan`` is ``plan`` in ``metadata``."""
    column, _, rest = key.partition(".")
    return (column, rest) if column in ATTRIBUTE_MAPS and rest else ("attributes", key)


def _has_attribute(key: str, values: Sequence[str], number: int) -> Condition:
    """The map that ``key`` names has it, with one of ``values``."""
    column, own = attribute_place(key)
    name, accepted, items = f"a{number}_key", f"a{number}_values", f"a{number}_items"
    params = ((name, own), (accepted, tuple(values)))
    exact = f"{column}[{{{name}:String}}] IN {{{accepted}:Array(String)}}"
    if column != "attributes":
        return Condition(f"mapContains({column}, {{{name}:String}}) AND {exact}", params)
    # The index knows "key=value" as one text, which several pairs may make: the second test is the exact one.
    sql = f"hasAny({ATTRIBUTE_ITEMS}, {{{items}:Array(String)}}) AND {exact}"
    return Condition(sql, (*params, (items, tuple(f"{own}={value}" for value in values))))


def query(name: str, sql: str, *conditions: Condition, **params: Any) -> Query:
    """A Query whose text is tidied (no indentation, no blank lines) and whose parameters are all of those given."""
    bound: dict[str, Any] = dict(params)
    for condition in conditions:
        bound |= condition.params
    lines: Sequence[str] = [line.strip() for line in sql.splitlines()]
    return Query(name, "\n".join(line for line in lines if line), tuple(sorted(bound.items())))
