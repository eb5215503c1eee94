"""Whole tables on their way out: every column, ids in hex, one stretch of time after the other. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Literal

from spanglass_store.columns import COLUMNS
from spanglass_store.limits import BULK
from spanglass_store.query import SCORE_NAME, Condition, Filters, Query, Window, between, every, query, spans_where
from spanglass_store.span_details import FILLED

Table = Literal["spans", "scores", "span_details"]
DAY_NS: Final = 86_400 * 10**9

_HEX: Final[Mapping[str, str]] = {
    "trace_id": "if(trace_id = toFixedString('', 16), '', lower(hex(trace_id)))",
    "span_id": "if(span_id = 0, '', leftPad(lower(hex(span_id)), 16, '0'))",
    "parent_span_id": "if(parent_span_id = 0, '', leftPad(lower(hex(parent_span_id)), 16, '0'))",
    "record_id": "lower(hex(record_id))",
}
EXPORTED: Final[Mapping[Table, tuple[str, ...]]] = MappingProxyType(
    {
        "spans": tuple(column.name for column in COLUMNS),
        "scores": (
            "project", "score_id", "name", "timestamp", "trace_id", "span_id", "session_id", "data_type", "value",
            "text_value", "source", "comment", "evaluator_id", "metadata", "updated_at",
        ),
        "span_details": (
            "project", "trace_id", "span_id", "record_id", "start_time", "position", "name", *FILLED,
        ),
    }
)  # fmt: skip
"""Columns of an export, by table."""

_TIME: Final[Mapping[Table, str]] = {"spans": "start_time", "scores": "timestamp", "span_details": "start_time"}
_ORDER: Final[Mapping[Table, str]] = {
    "spans": "toStartOfMinute(start_time), trace_id, start_time",
    "scores": "timestamp, score_id",
    "span_details": "start_time, position",
}
_NESTED: Final = ("Map(", "Array(")
TYPES: Final[Mapping[str, str]] = {column.name: column.type for column in COLUMNS}


def rows(
    table: Table, project: str, window: Window, filters: Filters, columns: Sequence[str] = (), *, flat: bool = False
) -> Query:
    """The rows of ``window`` (by ``start_time`` or ``timestamp``) that pass ``filters``, earliest minute first.

    Columns: ``columns`` or all of EXPORTED, ids as hex (empty for none). ``flat``: lists and maps as JSON text, for formats
    that have none. Scores and details pass where their trace has a span that does. Raises ValueError for an unknown
    column. Reads ``table``; with filters ``spans`` too, of a day around the window.
    """
    chosen = columns or EXPORTED[table]
    if unknown := [name for name in chosen if name not in EXPORTED[table]]:
        msg = f"{table} has no column {unknown[0]!r}; it has: {', '.join(EXPORTED[table])}"
        raise ValueError(msg)
    where = _where(table, project, window, filters)
    asked = query(
        f"export of {table}",
        f"""
        SELECT {", ".join(_selected(name, flat=flat) for name in chosen)}
        FROM {_source(table)} WHERE {where.sql}
        ORDER BY {_ORDER[table]}
        SETTINGS prefer_column_name_to_alias = 1, date_time_output_format = 'iso',
        output_format_json_quote_64bit_integers = 0
        """,
        where,
    )
    return replace(asked, limits=BULK)


def extent(table: Table, project: str, window: Window, filters: Filters) -> Query:
    """How much ``rows`` would give. Columns: ``rows``, ``first_ns``, ``last_ns`` (0 where there are none)."""
    where = _where(table, project, window, filters)
    time = _TIME[table]
    asked = query(
        f"extent of {table}",
        f"""
        SELECT count() AS rows, toUnixTimestamp64Nano(min({time})) AS first_ns, toUnixTimestamp64Nano(max({time})) AS last_ns
        FROM {_source(table)} WHERE {where.sql}
        """,
        where,
    )
    return replace(asked, limits=BULK)


def days(window: Window) -> list[Window]:
    """``window`` in pieces of a day, as the tables are kept: what is sorted and held at a time."""
    starts = [window.start_ns, *range((window.start_ns // DAY_NS + 1) * DAY_NS, window.end_ns, DAY_NS)]
    return [Window(start, end) for start, end in zip(starts, [*starts[1:], window.end_ns], strict=True)]


def _source(table: Table) -> str:
    return table if table == "spans" else f"{table} FINAL"


def _where(table: Table, project: str, window: Window, filters: Filters) -> Condition:
    if table == "spans":
        return spans_where(project, window, filters)
    parts = [
        Condition("project = {project:String}", (("project", project),)),
        between(_TIME[table], window, prefix="own_"),
    ]
    if table == "scores" and (names := filters.get(SCORE_NAME)):
        parts.append(Condition("name IN {score_name:Array(String)}", ((SCORE_NAME, names),)))
    if filters.with_(SCORE_NAME, ()) != Filters():
        around = spans_where(project, Window(max(0, window.start_ns - DAY_NS), window.end_ns + DAY_NS), filters)
        parts.append(Condition(f"trace_id IN (SELECT trace_id FROM spans WHERE {around.sql})", around.params))
    return every(parts)


def _selected(name: str, *, flat: bool) -> str:
    if name in _HEX:
        return f"{_HEX[name]} AS {name}"
    nested = TYPES.get(name, "Map(" if name == "metadata" else "").startswith(_NESTED)
    return f"toJSONString({name}) AS {name}" if flat and nested else name
