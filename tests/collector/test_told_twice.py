from __future__ import annotations

from spanglass_collector.told_twice import count_once
from spanglass_store.sheet import Row, Sheet, sheets_from_rows


def row(span_id: int, parent_span_id: int = 0, **told: object) -> Row:
    """A row of the only trace, unless something else is told."""
    parent = {"parent_span_id": parent_span_id} if parent_span_id else {}
    return {"trace_id": b"a" * 16, "span_id": span_id, "kind": "span", "start_time": span_id, **parent, **told}


def rows_of(sheets: list[Sheet]) -> dict[int, Row]:
    return {each["span_id"]: each for sheet in sheets for each in sheet.rows()}


CALL = {"kind": "llm", "input_tokens": 10, "output_tokens": 5}


def counted(*rows: Row) -> list[bool]:
    sheets = sheets_from_rows(rows)
    count_once(sheets)
    told = rows_of(sheets)
    return [told[each["span_id"]].get("usage_counted", True) for each in rows]


def test_a_call_told_by_two_libraries_counts_once() -> None:
    assert counted(row(1, **CALL), row(2, 1, **CALL)) == [True, False]
    assert counted(row(2, 1, **CALL), row(1, **CALL)) == [False, True]
    assert counted(row(1, **CALL, usage_counted=False), row(2, 1, **CALL)) == [False, True]


def test_a_different_call_below_a_call_counts() -> None:
    assert counted(row(1, **CALL), row(2, 1, **CALL | {"input_tokens": 7}), row(3, 1, kind="llm")) == [True] * 3
    assert counted(row(1, kind="agent"), row(2, 1, **CALL)) == [True] * 2
    assert counted(row(1, **CALL), row(2, 1, **CALL, trace_id=b"b" * 16)) == [True] * 2
