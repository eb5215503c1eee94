from __future__ import annotations

from spanglass_collector.together import lend_messages, share_trace_context
from spanglass_store.sheet import Row, Sheet, sheets_from_rows


def row(span_id: int, parent_span_id: int = 0, **told: object) -> Row:
    """A row of the only trace, unless something else is told."""
    parent = {"parent_span_id": parent_span_id} if parent_span_id else {}
    return {"trace_id": b"a" * 16, "span_id": span_id, "kind": "span", "start_time": span_id, **parent, **told}


def rows_of(sheets: list[Sheet]) -> dict[int, Row]:
    return {each["span_id"]: each for sheet in sheets for each in sheet.rows()}


def test_context_of_a_trace_is_shared_among_its_spans() -> None:
    root = row(1, start_time=10, session_id="s", tags=("beta",))
    child = row(2, 1, start_time=5, session_id="own", user_id="u")
    other = row(3, 1, start_time=4, user_id="v")
    stranger = row(4, trace_id=b"b" * 16)
    sheets = sheets_from_rows([child, root, other, stranger])
    share_trace_context(sheets)
    shared = rows_of(sheets)
    assert (shared[1]["session_id"], shared[1]["user_id"], shared[1]["tags"]) == ("s", "v", ("beta",))
    assert (shared[2]["session_id"], shared[2]["user_id"], shared[2]["tags"]) == ("own", "u", ("beta",))
    assert (shared[3]["session_id"], shared[3]["user_id"]) == ("s", "v")
    assert shared[4] == stranger


def test_a_failed_call_of_pydantic_ai_has_the_messages_of_its_agent() -> None:
    said = {"scope_name": "pydantic-ai", "status": "error"}
    agent = row(1, **said, kind="agent", input="[1]")
    calls = [row(2, 1, **said, kind="llm"), row(3, 1, **said, kind="llm")]
    elsewhere = row(4, 9, **said, kind="llm")
    fine = row(5, 1, scope_name="pydantic-ai", status="ok", kind="llm")
    tool = row(6, 1, **said, kind="tool")
    sheets = sheets_from_rows([agent, *calls, elsewhere, fine, tool])
    lend_messages(sheets)
    rows = rows_of(sheets)
    assert [rows[at].get("input", "") for at in (2, 3, 4, 5, 6)] == ["[1]", "[1]", "", "", ""]
    alone = sheets_from_rows([row(1, **said | {"status": "ok"}, kind="agent", input="[1]"), calls[0]])
    lend_messages(alone)
    assert rows_of(alone)[2].get("input", "") == ""
