"""What the rows of one request say about each other. Pure, but for the sheets, which are changed in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from spanglass.semconv import Kind
from spanglass_store.packed import Same
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


LENDER: Final = "pydantic-ai"


def lend_messages(sheets: Sequence[Sheet]) -> None:
    """Give a failed call of Pydantic AI the messages of its agent, which failed with it: it has none of its own."""
    failing = [sheet for sheet in sheets if "status" in sheet.columns and LENDER in scopes_of(sheet)]
    if not failing:
        return
    lenders = {
        (columns["trace_id"][at], columns["span_id"][at]): columns["input"][at]
        for columns in (sheet.columns for sheet in failing)
        if "input" in columns
        for at, (kind, status) in enumerate(zip(columns["kind"], columns["status"], strict=True))
        if kind == Kind.AGENT and status == "error"
    }
    for sheet in failing:
        columns = sheet.columns
        if "input" not in columns and "parent_span_id" in columns:
            places = zip(columns["trace_id"], columns["parent_span_id"], strict=True)
            told = zip(places, columns["kind"], columns["status"], strict=True)
            lent = [
                lenders.get(place, "") if (kind, status) == (Kind.LLM, "error") else "" for place, kind, status in told
            ]
            if any(lent):
                columns["input"] = lent


def scopes_of(sheet: Sheet) -> set[str]:
    """The instrumentation scopes of its rows."""
    names = sheet.columns.get("scope_name", ())
    return {names.value} if isinstance(names, Same) else set(names)
