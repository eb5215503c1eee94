"""What the rows of one request say about each other. Pure, but for the rows, which are changed in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from spanglass.semconv import MODEL_KINDS
from spanglass_store.rows import Row

SHARED: Final = ("session_id", "user_id", "tags", "metadata")
"""Columns of the trace, which every span of it carries."""


def share_trace_context(rows: Sequence[Row]) -> None:
    """Give each row the session, user, tags and metadata told on another row of its trace.

    What a row tells itself stays; of several that tell, the root goes first, then the earliest.
    """
    traces: dict[bytes, list[Row]] = {}
    for row in rows:
        traces.setdefault(row["trace_id"], []).append(row)
    for of_trace in traces.values():
        if len(of_trace) > 1:
            for name in SHARED:
                _share(of_trace, name)


def _share(rows: Sequence[Row], name: str) -> None:
    telling = [row for row in rows if name in row]
    if not telling or len(telling) == len(rows):
        return
    if len(telling) > 1:
        telling.sort(key=lambda row: ("parent_span_id" in row, row["start_time"]))
    told: Any = telling[0][name]
    for row in rows:
        row.setdefault(name, told)


def count_once(rows: Sequence[Row]) -> None:
    """Of a model call that two libraries tell with the same usage, one right under the other, only the upper counts."""
    calls = {row["span_id"]: row for row in rows if row["kind"] in MODEL_KINDS}
    for row in calls.values():
        above = calls.get(row.get("parent_span_id", 0))
        if above is not None and above["trace_id"] == row["trace_id"] and _repeats(row, above):
            row["usage_counted"] = False


def _repeats(row: Row, above: Row) -> bool:
    told = row.get("input_tokens"), row.get("output_tokens")
    counts = above.get("usage_counted", True) and told[0] is not None
    return counts and told == (above.get("input_tokens"), above.get("output_tokens"))
