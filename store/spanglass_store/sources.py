"""What measures are read from: the rows, and the measures and groups in their terms. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from spanglass_store.aggregates import AGGREGATES
from spanglass_store.days_and_hours import DAY_SECONDS, Piece, ending, pieces
from spanglass_store.query import (
    FIELDS,
    SCORE_NAME,
    Condition,
    Filters,
    Window,
    between,
    every,
    spans_inside,
    spans_where,
    told_apart,
)

if TYPE_CHECKING:
    from spanglass_store.measures import Measure

Table = Literal["spans", "scores"]

SETTINGS: Final = "SETTINGS prefer_column_name_to_alias = 1"  # a measure may be called as the column it sums
SCORE_LOOKBACK_NS: Final = 7 * 86_400 * 10**9
"""How much older than its score a span may be and still be found by a filter on spans."""

NO_KEYS: Final[Mapping[str, str]] = MappingProxyType({})
COUNT: Final = "spans_kept"
_TABLES: Final[Mapping[Table, str]] = {"spans": "spans", "scores": "scores FINAL"}
TIMES: Final[Mapping[Table, str]] = {"spans": "start_time", "scores": "timestamp"}
SCORE_GROUPS: Final = {SCORE_NAME: "name", "source": "source"}
_BUCKET: Final = (
    "toDateTime64(toStartOfInterval({time}, toIntervalSecond({{interval_seconds:UInt32}}), 'UTC'), 3, 'UTC')"
)


@dataclass(frozen=True, slots=True)
class Source:
    """``rows``: what follows FROM, WHERE and all, and what is bound in it and in the rest. ``measures`` and ``keys``: expressions
    by name. ``count``: how many rows there were. ``settings``: of the whole query.
    """

    rows: Condition
    measures: Mapping[str, str]
    keys: Mapping[str, str]
    count: str
    settings: str

    @property
    def select(self) -> str:
        """The SELECT list of the measures."""
        return ",\n".join(f"{sql} AS {name}" for name, sql in self.measures.items())

    @property
    def select_keys(self) -> str:
        """The SELECT list of the keys, which ends with a comma; empty where there are none."""
        return "".join(f"{sql} AS {name},\n" for name, sql in self.keys.items())


def source(
    measures: Sequence[Measure],
    project: str,
    window: Window,
    filters: Filters,
    *,
    keys: Mapping[str, str | None] = NO_KEYS,
    interval_seconds: int | None = None,
) -> Source:
    """What ``measures``, all of one table, are read from; none: the spans are counted. ``keys``: fields to group by, by the names
    of their columns; with ``interval_seconds`` the ``bucket`` (start, UTC) comes before them.

    Raises ValueError for a field that does not exist.
    """
    fields = {name: field for name, field in keys.items() if field is not None}
    grouped = {name: group_key(measures[0].table if measures else "spans", field) for name, field in fields.items()}
    asked = frozenset({COUNT}).union(*(measure.made_of for measure in measures))
    can_be_put_together = all(measure.made_of for measure in measures)
    fits = ending(asked, fields.values(), filters) if can_be_put_together else None
    found = () if fits is None else pieces(window, interval_seconds or DAY_SECONDS, fits)
    if not found:
        return plain(measures, project, window, filters, grouped=grouped, interval_seconds=interval_seconds)
    parts = [
        _part(piece, prefix, sorted(asked), project, filters, _keys(grouped, piece.time, interval_seconds))
        for piece, prefix in zip(found, ("", "then_", "last_"), strict=False)
    ]
    rows = Condition("(\n" + "\nUNION ALL\n".join(part.sql for part in parts) + ")", every(parts).params)
    told = {measure.name: measure.of_parts for measure in measures}
    names = {name: name for name in _keys(grouped, "", interval_seconds)}
    return Source(rows, told, names, AGGREGATES[COUNT].of_parts(COUNT), f"{SETTINGS}, optimize_use_projections = 1")


def plain(
    measures: Sequence[Measure],
    project: str,
    window: Window,
    filters: Filters,
    *,
    grouped: Mapping[str, str] = NO_KEYS,
    interval_seconds: int | None = None,
) -> Source:
    """The rows as they are. ``grouped``: expressions by the names of their columns."""
    table: Table = measures[0].table if measures else "spans"
    where = (scores_where if table == "scores" else spans_where)(project, window, filters)
    bound = [param for measure in measures for param in measure.params]
    rows = Condition(f"{_TABLES[table]} WHERE {where.sql}", (*where.params, *bound))
    told = {measure.name: measure.sql for measure in measures}
    return Source(rows, told, _keys(grouped, TIMES[table], interval_seconds), "count()", SETTINGS)


def beside(read: Source, other: Source, prefix: str) -> Source:
    """``read`` with ``prefix`` before the names of what is bound otherwise in ``other``: both fit into one query."""
    return replace(read, rows=told_apart(read.rows, other.rows, prefix))


def _part(
    piece: Piece, prefix: str, asked: Sequence[str], project: str, filters: Filters, keys: Mapping[str, str]
) -> Condition:
    """The aggregates of one piece. Names bound for its time begin with ``prefix``."""
    where = spans_inside(project, piece.where(prefix), filters)
    listed = [f"{sql} AS {name}" for name, sql in keys.items()]
    listed += [f"{AGGREGATES[name].of_part} AS {name}" for name in asked]
    grouped = f" GROUP BY {', '.join(keys)}" if keys else ""
    sql = f"SELECT {', '.join(listed)}\nFROM spans WHERE {where.sql}{grouped}\nSETTINGS {piece.settings}"
    return Condition(sql, where.params)


def _keys(grouped: Mapping[str, str], time: str, interval_seconds: int | None) -> dict[str, str]:
    bucket = {} if interval_seconds is None else {"bucket": _BUCKET.format(time=time)}
    return {**bucket, **grouped}


def scores_where(project: str, window: Window, filters: Filters) -> Condition:
    """Scores of ``project`` given in ``window`` that have a number and whose trace passes ``filters``."""
    time = between("timestamp", window)
    parts, params = ["project = {project:String}", time.sql, "value IS NOT NULL"], [("project", project), *time.params]
    if names := filters.get(SCORE_NAME):
        parts.append("name IN {score_name:Array(String)}")
        params.append((SCORE_NAME, names))
    if filters.with_(SCORE_NAME, ()) != Filters():
        lookback = Window(window.start_ns - SCORE_LOOKBACK_NS, window.end_ns)
        spans = told_apart(spans_where(project, lookback, filters), time, "spans_")
        parts.append(f"trace_id IN (SELECT trace_id FROM spans WHERE {spans.sql})")
        params += spans.params
    return Condition(" AND ".join(parts), tuple(params))


def group_key(table: Table, field: str) -> str:
    """The expression that ``field`` is grouped by. Raises ValueError for one that does not exist."""
    fields = FIELDS if table == "spans" else SCORE_GROUPS
    if field not in fields:
        msg = f"cannot group {table} by {field!r}; known: {', '.join(fields)}"
        raise ValueError(msg)
    return "arrayJoin(tags)" if field == "tag" else fields[field]
