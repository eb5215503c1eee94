from __future__ import annotations

import pytest
from collector.payloads import Payload, payloads
from collector.truth import PRICES, RECEIVED_NS, facts
from collector.wire import body_of

from spanglass_collector.api.documents import span_document
from spanglass_collector.decode import decode
from spanglass_collector.pipeline import spans_from_body
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


ASKED = {"kind": "llm", "request_model": "m", "scope_name": "logfire.openai", "input": "[1]"}
RECORD = ASKED | {"output_tokens": 5, "attributes": {"logfire.span_type": "log"}}
REQUEST = ASKED | {"attributes": {"logfire.span_type": "span"}}


def test_of_a_stream_that_logfire_tells_the_record_counts() -> None:
    request = row(1, start_time=10**9, duration_ns=10**7, **REQUEST)
    record = row(2, trace_id=b"b" * 16, start_time=10**9 + 11 * 10**6, duration_ns=10**9, **RECORD)
    later = row(3, start_time=10**10, duration_ns=10**7, **REQUEST)
    other = row(4, start_time=10**9, duration_ns=10**7, **REQUEST | {"input": "[2]"})
    assert counted(request, record, later, other) == [False, True, True, True]


def test_a_stream_that_the_providers_client_tells_too_counts_there() -> None:
    request = row(1, start_time=10**9, duration_ns=10**7, **REQUEST)
    told = {"kind": "llm", "request_model": "m", "output_tokens": 5, "scope_name": "com.anthropic.sdk.python"}
    own = row(2, 1, start_time=10**9, duration_ns=10**9, **told)
    record = row(3, trace_id=b"b" * 16, start_time=10**9 + 11 * 10**6, duration_ns=10**9, output="[3]", **RECORD)
    sheets = sheets_from_rows([request, own, record])
    count_once(sheets)
    rows = rows_of(sheets)
    assert [rows[at].get("usage_counted", True) for at in (1, 2, 3)] == [False, True, False]
    assert (rows[2]["input"], rows[2]["output"]) == ("[1]", "[3]")


def test_a_detail_without_usage_does_not_count_and_lends_its_ids() -> None:
    litellm = {"kind": "llm", "scope_name": "litellm", "response_id": "r"}
    call = row(1, **litellm, input_tokens=1, output='[{"id":null}]')
    raw = row(2, 1, **litellm, output='[{"id":"c1"}]', parameters={"reasoning_effort": "low"})
    other = row(3, 1, **litellm | {"response_id": "of another"})
    sheets = sheets_from_rows([call, raw, other])
    count_once(sheets)
    rows = rows_of(sheets)
    assert [rows[at].get("usage_counted", True) for at in (1, 2, 3)] == [True, False, True]
    assert (rows[1]["output"], rows[1]["parameters"]) == ('[{"id":"c1"}]', {"reasoning_effort": "low"})


def test_a_providers_own_span_whose_parent_is_elsewhere_counts_only_where_nobody_else_tells_calls() -> None:
    own = CALL | {"scope_name": "com.anthropic.sdk.python"}
    assert counted(row(2, 1, **own)) == [False]
    assert counted(row(2, **own)) == [True]
    assert counted(row(2, 1, **own), row(9, scope_name="app")) == [True, True]
    assert counted(row(2, 1, **own), row(9, scope_name="app"), row(8, **CALL, scope_name="x")) == [False, True, True]


def test_a_providers_own_span_without_an_answers_id_belongs_to_the_call_that_was_open() -> None:
    call = CALL | {"request_model": "m", "start_time": 100, "duration_ns": 50, "scope_name": "x"}
    own = {"request_model": "m", "scope_name": "mistralai_sdk_tracer", "trace_id": b"b" * 16, "duration_ns": 10}
    assert counted(row(1, **call), row(2, **CALL | own, start_time=120)) == [True, False]
    assert counted(row(1, **call), row(2, **CALL | own, start_time=145)) == [True, True]
    silent = {name: value for name, value in call.items() if not name.endswith("_tokens")}
    assert counted(row(1, **silent), row(2, **CALL | own, start_time=120)) == [False, True]


STACKED = [
    payload
    for payload in payloads("openinference-anthropic", "pydantic-ai", "strands-agents")
    if payload.scenario != "chat_stream_helper"  # there the provider's own span is nobody's child
]


@pytest.mark.parametrize("payload", STACKED, ids=str)
def test_usage_counts_once_when_each_span_comes_by_itself(payload: Payload) -> None:
    documents = {}
    for span in decode(payload.body).spans:
        (read,), _ = spans_from_body(body_of(span), project="p", received_ns=RECEIVED_NS, prices=PRICES)
        documents[span.span_id] = span_document(read)
    wrong = [fact for fact in facts(payload.truth, documents) if fact.field.startswith("usage.") and not fact.right]
    assert wrong == []


def test_two_libraries_that_tell_one_answer_in_traces_of_their_own_count_once() -> None:
    wrapper = row(1, **CALL, scope_name="wrapper", response_id="r", input="[1]", parameters={"stream": "true"})
    own = {"scope_name": "com.anthropic.sdk.python", "response_id": "r", "trace_id": b"b" * 16}
    sheets = sheets_from_rows([wrapper, row(2, **CALL | own, time_to_first_token_ns=7, parameters={"max_tokens": "9"})])
    count_once(sheets)
    rows = rows_of(sheets)
    assert [rows[at].get("usage_counted", True) for at in (1, 2)] == [True, False]
    assert (rows[1]["time_to_first_token_ns"], rows[1]["parameters"]) == (7, {"stream": "true", "max_tokens": "9"})
    exact = row(2, **CALL | own | {"output_tokens": 4})
    sheets = sheets_from_rows([wrapper, exact])
    count_once(sheets)
    rows = rows_of(sheets)
    assert [rows[at].get("usage_counted", True) for at in (1, 2)] == [False, True]
    assert rows[2]["input"] == "[1]"


def test_answers_of_one_library_are_never_taken_for_one() -> None:
    same = CALL | {"scope_name": "x", "response_id": "constant"}
    assert counted(row(1, **same), row(2, **same), row(3, scope_name="app")) == [True] * 3


def test_a_call_without_usage_around_calls_with_usage_does_not_count() -> None:
    wrapper = row(1, kind="llm", scope_name="instructor")
    tries = [row(2, 1, **CALL, scope_name="openai"), row(3, 1, **CALL, scope_name="openai")]
    assert counted(wrapper, *tries) == [False, True, True]
