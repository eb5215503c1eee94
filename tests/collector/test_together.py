from __future__ import annotations

from spanglass_collector.together import count_once, share_trace_context
from spanglass_store.rows import Row


def row(span_id: int, parent_span_id: int = 0, **told: object) -> Row:
    """A row of the only trace, unless something else is told."""
    parent = {"parent_span_id": parent_span_id} if parent_span_id else {}
    return {"trace_id": b"a" * 16, "span_id": span_id, "kind": "span", "start_time": span_id, **parent, **told}


def test_context_of_a_trace_is_shared_among_its_spans() -> None:
    root = row(1, start_time=10, session_id="s", tags=("beta",))
    child = row(2, 1, start_time=5, session_id="own", user_id="u")
    other = row(3, 1, start_time=4, user_id="v")
    stranger = row(4, trace_id=b"b" * 16)
    share_trace_context([child, root, other, stranger])
    assert (root["session_id"], root["user_id"], root["tags"]) == ("s", "v", ("beta",))
    assert (child["session_id"], child["user_id"], child["tags"]) == ("own", "u", ("beta",))
    assert (other["session_id"], other["user_id"]) == ("s", "v")
    assert stranger == row(4, trace_id=b"b" * 16)


CALL = {"kind": "llm", "input_tokens": 10, "output_tokens": 5}


def counted(*rows: Row) -> list[bool]:
    count_once(rows)
    return [each.get("usage_counted", True) for each in rows]


def test_a_call_told_by_two_libraries_counts_once() -> None:
    assert counted(row(1, **CALL), row(2, 1, **CALL)) == [True, False]
    assert counted(row(2, 1, **CALL), row(1, **CALL)) == [False, True]
    assert counted(row(1, **CALL, usage_counted=False), row(2, 1, **CALL)) == [False, True]


def test_a_different_call_below_a_call_counts() -> None:
    assert counted(row(1, **CALL), row(2, 1, **CALL | {"input_tokens": 7}), row(3, 1, kind="llm")) == [True] * 3
    assert counted(row(1, kind="agent"), row(2, 1, **CALL)) == [True] * 2
    assert counted(row(1, **CALL), row(2, 1, **CALL, trace_id=b"b" * 16)) == [True] * 2
