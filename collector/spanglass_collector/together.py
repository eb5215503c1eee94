"""What the rows of one request say about each other. Pure, but for the sheets, which are changed in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from spanglass.semconv import MODEL_KINDS
from spanglass_store.rows import DEFAULTS
from spanglass_store.sheet import Sheet

SHARED: Final = ("session_id", "user_id", "tags", "metadata")
"""Columns of the trace, which every span of it carries."""


def share_trace_context(sheets: Sequence[Sheet]) -> None:
    """Give each row the session, user, tags and metadata told on another row of its trace.

    What a row tells itself stays; of several that tell, the root goes first, then the earliest.
    """
    for name in SHARED:
        telling = [sheet for sheet in sheets if name in sheet.columns]
        if telling and len(telling) < len(sheets):
            told = _of_traces(telling, name)
            for sheet in sheets:
                if name not in sheet.columns:
                    _tell(sheet, name, told)


def _of_traces(telling: Sequence[Sheet], name: str) -> dict[bytes, Any]:
    """Trace id to what is told of the trace."""
    found: dict[bytes, tuple[tuple[bool, int], Any]] = {}
    for sheet in telling:
        columns = sheet.columns
        parents = columns.get("parent_span_id") or (0,) * sheet.count
        for trace_id, parent, start, value in zip(
            columns["trace_id"], parents, columns["start_time"], columns[name], strict=True
        ):
            rank = bool(parent), start
            if trace_id not in found or rank < found[trace_id][0]:
                found[trace_id] = rank, value
    return {trace_id: value for trace_id, (_, value) in found.items()}


def _tell(sheet: Sheet, name: str, told: dict[bytes, Any]) -> None:
    values = [told.get(trace_id) for trace_id in sheet.columns["trace_id"]]
    if any(values):
        sheet.columns[name] = [DEFAULTS[name] if value is None else value for value in values]


def count_once(sheets: Sequence[Sheet]) -> None:
    """Of a model call that two libraries tell with the same usage, one right under the other, only the upper counts."""
    calls = {
        (sheet.columns["trace_id"][at], sheet.columns["span_id"][at]): (sheet, at)
        for sheet in sheets
        if "input_tokens" in sheet.columns
        for at, kind in enumerate(sheet.columns["kind"])
        if kind in MODEL_KINDS
    }
    for (trace_id, _), (sheet, at) in calls.items():
        above = calls.get((trace_id, _value(sheet, at, "parent_span_id")))
        if above and _value(*above, "usage_counted") and _usage(sheet, at) == _usage(*above):
            counted = list(sheet.columns.get("usage_counted") or [True] * sheet.count)
            counted[at] = False
            sheet.columns["usage_counted"] = counted


def _usage(sheet: Sheet, at: int) -> tuple[Any, Any]:
    return _value(sheet, at, "input_tokens"), _value(sheet, at, "output_tokens")


def _value(sheet: Sheet, at: int, name: str) -> Any:
    column = sheet.columns.get(name)
    return DEFAULTS[name] if column is None else column[at]
