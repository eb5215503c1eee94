"""What people note on a span, a trace or a session: a value and its row. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spanglass_store.native import Block, block_from_columns
from spanglass_store.query import Query, query
from spanglass_store.rows import TO_WIRE

MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Annotation:
    """Ids are lower-case hex; empty ids mean "not on one". A note on a span has the id of its trace too. The same
    ``annotation_id`` written again replaces the older note. The time is nanoseconds since 1970, whole milliseconds.
    """

    project: str
    annotation_id: str
    text: str
    author: str
    created_at_ns: int
    trace_id: str = ""
    span_id: str = ""
    session_id: str = ""
    label: str = ""


_TEXTS: Final = ("project", "annotation_id", "session_id", "label", "text", "author")


def block_from_annotations(notes: Sequence[Annotation], *, removed: Sequence[Annotation] = (), version: int) -> Block:
    """Annotations as rows of ``annotations``, and rows that take the ``removed`` ones away. ``version`` is nanoseconds
    since 1970: of one annotation id the largest wins.
    """
    rows = (*notes, *removed)
    columns: list[tuple[str, str, Sequence[Any]]] = [
        *((name, "String", [getattr(note, name) for note in rows]) for name in _TEXTS),
        ("trace_id", "FixedString(16)", [bytes.fromhex(note.trace_id.rjust(32, "0")) for note in rows]),
        ("span_id", "UInt64", [TO_WIRE["span_id"](note.span_id) for note in rows]),
        ("created_at", "DateTime64(3, 'UTC')", [note.created_at_ns // MS for note in rows]),
        ("version", "UInt64", [version] * len(rows)),
        ("is_deleted", "UInt8", [0] * len(notes) + [1] * len(removed)),
    ]
    return block_from_columns("annotations", columns)


READ_LIST: Final = (
    "project, annotation_id, text, author, toUnixTimestamp64Milli(created_at) * 1000000 AS created_at_ns, "
    "if(trace_id = toFixedString('', 16), '', lower(hex(trace_id))) AS trace_id_hex, "
    "if(span_id = 0, '', leftPad(lower(hex(span_id)), 16, '0')) AS span_id_hex, session_id, label"
)
"""The SELECT list whose rows ``annotation_from_row`` understands."""


def of_trace(project: str, trace_id: str) -> Query:
    """Notes on a trace and on its spans, for ``annotation_from_row``. Reads ``annotations``.

    Grain: one row a note, the oldest first.
    """
    return _notes("annotations of a trace", project, "trace_id = unhex({trace_id:String})", trace_id=trace_id)


def of_session(project: str, session_id: str) -> Query:
    """Notes on a session itself, for ``annotation_from_row``. Reads ``annotations``.

    Grain: one row a note, the oldest first.
    """
    return _notes("annotations of a session", project, "session_id = {session_id:String}", session_id=session_id)


def latest(project: str, *, label: str | None = None, limit: int = 200) -> Query:
    """Notes of a project, with a label if one is named, for ``annotation_from_row``. Reads ``annotations``.

    Grain: one row a note, the newest first.
    """
    only, params = ("1", {}) if label is None else ("label = {label:String}", {"label": label})
    return _notes("annotations", project, only, order="DESC LIMIT {limit:UInt32}", limit=limit, **params)


def _notes(name: str, project: str, which: str, *, order: str = "", **params: Any) -> Query:
    return query(
        name,
        f"""
        SELECT {READ_LIST} FROM annotations FINAL
        WHERE project = {{project:String}} AND {which}
        ORDER BY created_at {order}
        """,
        project=project,
        **params,
    )


def annotation_from_row(row: Mapping[str, Any]) -> Annotation:
    """The Annotation of a row selected with ``READ_LIST``."""
    rest = {name: row[name] for name in row if not name.endswith("_hex")}
    return Annotation(trace_id=row["trace_id_hex"], span_id=row["span_id_hex"], **rest)
