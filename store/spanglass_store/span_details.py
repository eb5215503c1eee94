"""What log records tell of spans, as rows, and a span completed by them. Pure; ``docs/adr/013-logs.md`` says why.

A row is one record. Its columns are those of ``spans`` of the same name, as far as a record may fill them: texts and
names. Figures (usage, cost, times) are never taken from a record, because sums read ``spans`` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final

import orjson

from spanglass_store.columns import COLUMNS, Column
from spanglass_store.native import Block, block_from_sheets
from spanglass_store.rows import DEFAULTS
from spanglass_store.sheet import Row, sheets_from_rows
from spanglass_store.span import Span

TABLE: Final = "span_details"
WHOLE: Final = "gen_ai.client.inference.operation.details"
"""Name of the record that tells a whole call; any other tells one message of it."""

_IDENTITY: Final = ("project", "trace_id", "span_id", "start_time", "name")
FILLED: Final = (
    "session_id",
    "user_id",
    "tags",
    "metadata",
    "provider",
    "request_model",
    "response_model",
    "response_id",
    "system_fingerprint",
    "service_tier",
    "input",
    "output",
    "input_preview",
    "output_preview",
    "parameters",
    "finish_reasons",
    "tool_names",
    "prompt_name",
    "prompt_version",
    "attributes",
)
"""Columns of a span that a record may fill, where the span itself leaves them empty."""
JOINED: Final = frozenset({"metadata", "parameters", "attributes"})
"""Maps: what the span has of them stays, other keys are added."""

_BY_NAME: Final[Mapping[str, Column]] = {column.name: column for column in COLUMNS}
_SENT: Final = (
    *((name, _BY_NAME[name].type, DEFAULTS[name]) for name in (*_IDENTITY, *FILLED)),
    ("record_id", "FixedString(16)", bytes(16)),
    ("position", "UInt32", 0),
)
READ_LIST: Final = ", ".join(
    ["if(span_id = 0, '', leftPad(lower(hex(span_id)), 16, '0')) AS span_id_hex", "name", *FILLED]
)
"""The SELECT list whose rows ``completed`` understands."""


def block_from_details(rows: Sequence[Row]) -> Block:
    """Rows as one Native block of table ``span_details``. Raises KeyError for a name that is no column."""
    return block_from_sheets(TABLE, _SENT, sheets_from_rows(rows))


def as_read(row: Row) -> dict[str, Any]:
    """The row that a row on its way in will be when it is read, without asking the database."""
    return {name: DEFAULTS[name] for name in FILLED} | row | {"span_id_hex": f"{row['span_id']:016x}"}


def completed(spans: Iterable[Span], rows: Iterable[Mapping[str, Any]]) -> list[Span]:
    """The spans with what they lack filled from the rows of their trace, which come in the order of the records.

    A span that says something keeps it. Rows of spans that are not there are passed over.
    """
    of_span: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        of_span.setdefault(row["span_id_hex"], []).append(row)
    return [_completed(span, of_span[span.span_id]) if span.span_id in of_span else span for span in spans]


def _completed(span: Span, rows: Sequence[Mapping[str, Any]]) -> Span:
    told = _told(rows)
    changes: dict[str, Any] = {}
    for name in FILLED:
        own, value = getattr(span, name), told[name]
        if name in JOINED:
            changes[name] = {**value, **own}
        elif value and not own:
            changes[name] = tuple(value) if isinstance(value, list) else value
    return replace(span, **changes)


def _told(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the records of one span say together: the latest that says something, and a whole call before its messages."""
    whole = [row for row in rows if row["name"] == WHOLE]
    messages = [row for row in rows if row["name"] != WHOLE]
    told = {
        name: next((row[name] for row in (*reversed(whole), *reversed(messages)) if row[name]), "") for name in FILLED
    }
    told |= {name: {key: value for row in (*messages, *whole) for key, value in row[name].items()} for name in JOINED}
    for name, join in _TOLD_BY_MESSAGES.items():
        if not any(row[name] for row in whole):
            told[name] = join([row[name] for row in messages if row[name]])
    return told


def _talk(talks: Sequence[str]) -> str:
    """Messages that came one by one, as the one list they are."""
    messages: list[Any] = []
    for talk in talks:
        parsed = orjson.loads(talk)
        messages += parsed if isinstance(parsed, list) else [parsed]
    return orjson.dumps(messages).decode() if messages else ""


def _all(lists: Sequence[Sequence[str]]) -> list[str]:
    return list(chain.from_iterable(lists))


def _each_once(lists: Sequence[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(chain.from_iterable(lists)))


_TOLD_BY_MESSAGES: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = {
    "input": _talk,
    "output": _talk,
    "finish_reasons": _all,
    "tool_names": _each_once,
}
"""Of what records that tell one message each say in parts, the whole."""
