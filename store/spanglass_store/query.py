"""A query as a value: text with ``{name:Type}`` places, and what goes there. Pure; ``Store.fetch`` runs it.

Values are bound by the server, never formatted into the text. Identifiers come only from the tables of this room.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

MODEL = "if(response_model != '', response_model, request_model)"

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "service": "service",
        "environment": "environment",
        "release": "release",
        "name": "name",
        "kind": "kind",
        "status": "status",
        "provider": "provider",
        "model": MODEL,
        "request_model": "request_model",
        "response_model": "response_model",
        "user_id": "user_id",
        "session_id": "session_id",
        "prompt_name": "prompt_name",
        "prompt_version": "prompt_version",
        "tag": "tags",
        "error_type": "error_type",
    }
)
"""What can be filtered by and grouped by, and the expression that gives it. ``tag`` is a list: any of them."""

SCORE_NAME = "score_name"  # a filter of scores only


@dataclass(frozen=True, slots=True)
class Sent:
    """Rows that travel with a query and are a table in it: ``data`` in ``format``, with columns as in ``structure``."""

    name: str
    structure: str
    format: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Query:
    """``sql`` with ``params`` bound by name. Hashable: a cache key. ``name`` is for errors and logs."""

    name: str
    sql: str
    params: tuple[tuple[str, Any], ...] = ()
    sent: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open span of time, nanoseconds since 1970 UTC: ``start_ns`` belongs to it, ``end_ns`` does not."""

    start_ns: int
    end_ns: int

    @property
    def duration_ns(self) -> int:
        """Length in nanoseconds."""
        return self.end_ns - self.start_ns

    def previous(self) -> Window:
        """The window of the same length that ends where this one starts."""
        return Window(self.start_ns - self.duration_ns, self.start_ns)


@dataclass(frozen=True, slots=True)
class Filters:
    """``values``: sorted (field, accepted values) pairs, all of which must hold; ``search``: words in the text."""

    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    search: str = ""

    @staticmethod
    def of(search: str = "", **fields: Iterable[str]) -> Filters:
        """Filters by keyword. Empty values filter nothing. Raises ValueError for a field that does not exist."""
        for name in fields:
            if name not in FIELDS and name != SCORE_NAME:
                msg = f"unknown filter {name!r}; known: {', '.join([*FIELDS, SCORE_NAME])}"
                raise ValueError(msg)
        pairs = ((name, tuple(values)) for name, values in sorted(fields.items()))
        return Filters(tuple((name, values) for name, values in pairs if values), search)

    def get(self, field: str) -> tuple[str, ...]:
        """The accepted values of ``field``; empty where it is not filtered."""
        return dict(self.values).get(field, ())

    def with_(self, field: str, values: Iterable[str]) -> Filters:
        """The same filters with ``field`` set to ``values``; no values remove it."""
        return Filters.of(self.search, **{**dict(self.values), field: tuple(values)})


@dataclass(frozen=True, slots=True)
class Condition:
    """Text of a WHERE clause and its parameters."""

    sql: str
    params: tuple[tuple[str, Any], ...]


def between(column: str, window: Window, *, prefix: str = "") -> Condition:
    """``column`` (DateTime64) inside ``window``. ``prefix`` keeps the names of two windows in one query apart."""
    start, end = f"{prefix}start_ns", f"{prefix}end_ns"
    sql = (
        f"{column} >= fromUnixTimestamp64Nano({{{start}:Int64}}, 'UTC') "
        f"AND {column} < fromUnixTimestamp64Nano({{{end}:Int64}}, 'UTC')"
    )
    return Condition(sql, ((start, window.start_ns), (end, window.end_ns)))


def told_apart(condition: Condition, other: Condition, prefix: str) -> Condition:
    """``condition`` with ``prefix`` before the names of what is bound otherwise in ``other``: both fit into one query."""
    taken = dict(other.params)
    new = {name: f"{prefix}{name}" for name, value in condition.params if name in taken and taken[name] != value}
    sql = condition.sql
    for name, apart in new.items():
        sql = sql.replace(f"{{{name}:", f"{{{apart}:")
    return Condition(sql, tuple((new.get(name, name), value) for name, value in condition.params))


def spans_where(project: str, window: Window, filters: Filters) -> Condition:
    """Spans of ``project`` in ``window`` that pass ``filters``."""
    time = between("start_time", window)
    parts, params = ["project = {project:String}", time.sql], [("project", project), *time.params]
    for field, values in filters.values:
        if field == SCORE_NAME:
            continue
        test = "hasAny({0}, {{{1}:Array(String)}})" if field == "tag" else "{0} IN {{{1}:Array(String)}}"
        parts.append(test.format(FIELDS[field], f"f_{field}"))
        params.append((f"f_{field}", values))
    if filters.search.strip():
        found = _search(filters.search.strip())
        parts.append(found.sql)
        params += found.params
    return Condition(" AND ".join(parts), tuple(params))


def _search(text: str) -> Condition:
    """A trace id if it looks like one, else all the words in the input or in the output, or a name or an id.

    ``lower`` on both sides, never the index's own preprocessor: that one gives other rows with the index than
    without it (docs/adr/004).
    """
    if len(text) == 32 and all(c in "0123456789abcdefABCDEF" for c in text):
        return Condition("trace_id = unhex({q:String})", (("q", text),))
    sql = (
        "(hasAllTokens(lower(input), lower({q:String})) OR hasAllTokens(lower(output), lower({q:String})) "
        "OR positionCaseInsensitive(name, {q:String}) > 0 OR user_id = {q:String} OR session_id = {q:String})"
    )
    return Condition(sql, (("q", text),))


def query(name: str, sql: str, *conditions: Condition, **params: Any) -> Query:
    """A Query whose text is tidied (no indentation, no blank lines) and whose parameters are all of those given."""
    bound: dict[str, Any] = dict(params)
    for condition in conditions:
        bound |= condition.params
    lines: Sequence[str] = [line.strip() for line in sql.splitlines()]
    return Query(name, "\n".join(line for line in lines if line), tuple(sorted(bound.items())))
