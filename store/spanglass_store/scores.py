"""A judgement of a span, a trace or a session, and its row. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from spanglass_store.native import Block, block_from_columns
from spanglass_store.rows import TO_WIRE

DataType = Literal["numeric", "boolean", "categorical", "text"]
Source = Literal["code", "human", "judge", "user"]
DATA_TYPES: Final[tuple[str, ...]] = get_args(DataType)
SOURCES: Final[tuple[str, ...]] = get_args(Source)
TABLE: Final = "scores"


@dataclass(frozen=True, slots=True)
class Score:
    """``value`` holds numbers and booleans (0 or 1), ``text_value`` categories and texts. Ids are lower-case hex;
    empty ids mean "not on one". The same ``score_id`` written again replaces the older score.
    """

    project: str
    score_id: str
    name: str
    timestamp_ns: int
    trace_id: str = ""
    span_id: str = ""
    session_id: str = ""
    data_type: str = "numeric"
    value: float | None = None
    text_value: str = ""
    source: str = "code"
    comment: str = ""
    evaluator_id: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    updated_at_ns: int = 0


_TIME = TO_WIRE["time"]
_SPAN_ID = TO_WIRE["span_id"]

_COLUMNS: Final[tuple[tuple[str, str, Callable[[Score], Any]], ...]] = (
    ("project", "String", lambda s: s.project),
    ("name", "String", lambda s: s.name),
    ("score_id", "String", lambda s: s.score_id),
    ("timestamp", "DateTime64(9, 'UTC')", lambda s: _TIME(s.timestamp_ns)),
    ("trace_id", "FixedString(16)", lambda s: bytes.fromhex(s.trace_id.rjust(32, "0"))),
    ("span_id", "UInt64", lambda s: _SPAN_ID(s.span_id)),
    ("session_id", "String", lambda s: s.session_id),
    ("data_type", "String", lambda s: s.data_type),
    ("value", "Nullable(Float64)", lambda s: s.value),
    ("text_value", "String", lambda s: s.text_value),
    ("source", "String", lambda s: s.source),
    ("comment", "String", lambda s: s.comment),
    ("evaluator_id", "String", lambda s: s.evaluator_id),
    ("metadata", "Map(String, String)", lambda s: s.metadata),
    ("updated_at", "DateTime64(9, 'UTC')", lambda s: _TIME(s.updated_at_ns or s.timestamp_ns)),
)

READ_LIST: Final = (
    "project, name, score_id, toUnixTimestamp64Nano(timestamp) AS timestamp_ns, "
    "if(trace_id = toFixedString('', 16), '', lower(hex(trace_id))) AS trace_id_hex, "
    "if(span_id = 0, '', leftPad(lower(hex(span_id)), 16, '0')) AS span_id_hex, session_id, data_type, value, "
    "text_value, source, comment, evaluator_id, metadata, toUnixTimestamp64Nano(updated_at) AS updated_at_ns"
)
"""The SELECT list whose rows ``score_from_row`` understands."""


def block_from_scores(scores: Sequence[Score]) -> Block:
    """Rows of ``scores`` as one Native block of table ``scores``."""
    return block_from_columns(TABLE, [(name, type_, [get(s) for s in scores]) for name, type_, get in _COLUMNS])


def score_from_row(row: Mapping[str, Any]) -> Score:
    """The Score of a row selected with ``READ_LIST``."""
    rest = {key: row[key] for key in row if not key.endswith("_hex")}
    return Score(trace_id=row["trace_id_hex"], span_id=row["span_id_hex"], **rest)
