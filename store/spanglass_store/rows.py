"""A ``Span`` to a row and back, by the column table. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any

import orjson

from spanglass_store.columns import COLUMNS, Column
from spanglass_store.native import Block, block_from_sheets
from spanglass_store.sheet import Row, Sheet, sheets_from_rows
from spanglass_store.span import Cost, Event, Link, Span, Usage

TABLE = "spans"
MAX_TOKENS = 2**32 - 1
MAX_NS = 2**63 - 1  # DateTime64(9) is a signed 64-bit number of nanoseconds: it ends in 2262
_NANO_USD = Decimal(10) ** 9
MAX_NANO_USD = 10**18 - 1


def _clamped(limit: int) -> Callable[[int | None], int | None]:
    return lambda value: None if value is None else min(max(0, value), limit)


def _usd(value: Decimal | None) -> int | None:
    return None if value is None else min(max(0, round(value * _NANO_USD)), MAX_NANO_USD)


def _events(events: Sequence[Event]) -> str:
    if not events:
        return ""
    return orjson.dumps(
        [{"time_ns": e.time_ns, "name": e.name, "attributes": dict(e.attributes)} for e in events]
    ).decode()


def _links(links: Sequence[Link]) -> str:
    if not links:
        return ""
    return orjson.dumps(
        [{"trace_id": x.trace_id, "span_id": x.span_id, "attributes": dict(x.attributes)} for x in links]
    ).decode()


TO_WIRE: Mapping[str, Callable[[Any], Any]] = {
    "trace_id": bytes.fromhex,
    "span_id": lambda text: int(text or "0", 16),
    "time": _clamped(MAX_NS),
    "duration": _clamped(MAX_NS),
    "nanoseconds": _clamped(MAX_NS),
    "tokens": _clamped(MAX_TOKENS),
    "usd": _usd,
    "events": _events,
    "links": _links,
}
"""From the value of a Span to the value on the wire, by codec. Numbers that do not fit are clamped, never wrapped."""

READ_SQL: Mapping[str, str] = {
    "trace_id": "lower(hex({0})) AS {0}_hex",
    "span_id": "if({0} = 0, '', leftPad(lower(hex({0})), 16, '0')) AS {0}_hex",
    "time": "toUnixTimestamp64Nano({0}) AS start_ns",
}


def read_list(columns: Sequence[Column] = COLUMNS) -> str:
    """The SELECT list whose rows ``span_from_row`` understands."""
    return ", ".join(READ_SQL.get(c.codec, "{0}").format(c.name) for c in columns)


def block_from_spans(spans: Sequence[Span]) -> Block:
    """Rows of ``spans`` as one Native block of table ``spans``."""
    return block_from_rows([row_from_span(span) for span in spans])


def block_from_rows(rows: Sequence[Row]) -> Block:
    """The rows as one Native block of table ``spans``. Raises KeyError for a name that is no column."""
    return block_from_sheet(*sheets_from_rows(rows))


def block_from_sheet(*sheets: Sheet) -> Block:
    """The rows of all sheets as one Native block of table ``spans``. Raises KeyError for a name that is no column."""
    return block_from_sheets(TABLE, _SPARSE, sheets)


def row_from_span(span: Span) -> Row:
    """The row of a Span; every column is in it."""
    return {name: convert(get(span)) for name, get, convert in _READERS}


def span_from_sparse(row: Row) -> Span:
    """The Span that a row on its way in will be, without asking the database."""
    full = {**DEFAULTS, **row}
    parent = full["parent_span_id"]
    shown = {
        **full,
        "trace_id_hex": full["trace_id"].hex(),
        "span_id_hex": f"{full['span_id']:016x}",
        "parent_span_id_hex": f"{parent:016x}" if parent else "",
        "start_ns": full["start_time"],
    }
    for column in COLUMNS:
        if column.codec == "usd" and full[column.name] is not None:
            shown[column.name] = Decimal(full[column.name]).scaleb(-9)
    return span_from_row(shown)


def _as_it_is(value: Any) -> Any:
    return value


_READERS = tuple((c.name, attrgetter(c.path), TO_WIRE.get(c.codec, _as_it_is)) for c in COLUMNS)
DEFAULTS: Mapping[str, Any] = row_from_span(Span("", "0" * 32, "", "", 0, 0, ""))
"""What a row that does not name a column means: the default of the Span's field."""
_SPARSE = tuple((c.name, c.type, DEFAULTS[c.name]) for c in COLUMNS)


def span_from_row(row: Mapping[str, Any]) -> Span:
    """The Span of a row selected with ``read_list``. Raises KeyError for a row of another shape."""
    start_ns = int(row["start_ns"])
    return Span(
        trace_id=row["trace_id_hex"],
        span_id=row["span_id_hex"],
        parent_span_id=row["parent_span_id_hex"],
        start_ns=start_ns,
        end_ns=start_ns + int(row["duration_ns"]),
        tags=tuple(row["tags"]),
        finish_reasons=tuple(row["finish_reasons"]),
        tool_names=tuple(row["tool_names"]),
        usage=Usage(**{c.name: row[c.name] for c in COLUMNS if c.codec == "tokens"}),
        cost=Cost(**{c.path.removeprefix("cost."): row[c.name] for c in COLUMNS if c.path.startswith("cost.")}),
        usage_counted=bool(row["usage_counted"]),
        time_to_first_token_ns=row["time_to_first_token_ns"],
        events=tuple(Event(**event) for event in orjson.loads(row["events"] or b"[]")),
        links=tuple(Link(**link) for link in orjson.loads(row["links"] or b"[]")),
        **{name: row[name] for name in _AS_THEY_ARE},
    )


_AS_THEY_ARE = tuple(
    c.name
    for c in COLUMNS
    if c.codec == "plain" and c.path == c.name and not c.type.startswith("Array") and c.name != "usage_counted"
)
