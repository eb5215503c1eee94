"""Spans completed by what log records tell of them: the values alone, and on the real engine."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from spanglass_store.connection import Store
from spanglass_store.queries import trace, traces
from spanglass_store.query import Filters, Query, Window
from spanglass_store.rows import block_from_spans, span_from_row
from spanglass_store.span import Span, Usage
from spanglass_store.span_details import FILLED, WHOLE, block_from_details, completed

SECOND_NS = 10**9
NOW_NS = 1_790_000_000 * SECOND_NS
TRACE = "1" * 32
CALL = Span(
    "p", TRACE, f"{7:016x}", "", NOW_NS, NOW_NS + SECOND_NS, "chat", kind="llm", request_model="m", usage=Usage(3, 4)
)


def talk(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def row(name: str, position: int = 0, *, span_id: int = 7, at_ns: int = NOW_NS, **told: Any) -> dict[str, Any]:
    """A row on its way in."""
    ids = {"project": "p", "trace_id": bytes.fromhex(TRACE), "span_id": span_id, "record_id": bytes([position] * 16)}
    return {**ids, "start_time": at_ns, "position": position, "name": name, **told}


def shown(*rows: dict[str, Any]) -> Span:
    """The call as it is read with these rows beside it, without a database."""
    blank: dict[str, Any] = dict.fromkeys(FILLED, "")
    blank |= {"tags": [], "finish_reasons": [], "tool_names": [], "metadata": {}, "parameters": {}, "attributes": {}}
    (span,) = completed([CALL], [{**blank, **each, "span_id_hex": f"{each['span_id']:016x}"} for each in rows])
    return span


def test_messages_that_came_one_by_one_are_one_talk() -> None:
    span = shown(
        row("gen_ai.user.message", 0, input=talk("user", "Hi"), input_preview="Hi"),
        row("gen_ai.choice", 1, output=talk("assistant", "One"), finish_reasons=["stop"], tool_names=["a"]),
        row("gen_ai.choice", 2, output=talk("assistant", "Two"), finish_reasons=["length"], tool_names=["a", "b"]),
        row("gen_ai.user.message", 3, input=talk("user", "of another span"), span_id=8),
    )
    assert span.input == json.dumps(json.loads(talk("user", "Hi")), separators=(",", ":"))
    assert [m["parts"][0]["content"] for m in json.loads(span.output)] == ["One", "Two"]
    assert (span.finish_reasons, span.tool_names, span.input_preview) == (("stop", "length"), ("a", "b"), "Hi")


def test_a_whole_call_goes_before_its_messages_and_is_not_added_to_them() -> None:
    whole = row(WHOLE, 0, input=talk("user", "whole"), finish_reasons=["stop"])
    part = row("gen_ai.user.message", 1, input=talk("user", "part"), output=talk("assistant", "said"))
    span = shown(whole, part)
    assert (span.input, json.loads(span.output)) == (talk("user", "whole"), json.loads(talk("assistant", "said")))
    assert shown(whole, replace_in(whole, input=talk("user", "later"))).input == talk("user", "later")


def replace_in(told: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**told, **changes}


def test_what_the_span_says_itself_stays_and_figures_are_never_taken() -> None:
    rows = [
        row(WHOLE, 0, request_model="other", response_model="m-1", attributes={"a": "1", "b": "2"})
        | {"input_tokens": 9}
    ]
    said = replace(CALL, input="mine", attributes={"a": "own"})
    blank: dict[str, Any] = {**dict.fromkeys(FILLED, ""), "metadata": {}, "parameters": {}}
    (span,) = completed([said], [{**blank, **rows[0], "span_id_hex": CALL.span_id}])
    assert (span.input, span.request_model, span.response_model) == ("mine", "m", "m-1")
    assert (span.attributes, span.usage) == ({"a": "own", "b": "2"}, Usage(3, 4))


def test_what_is_no_list_is_kept_as_one_message() -> None:
    assert json.loads(shown(row("gen_ai.user.message", input='"[nested too deeply to be kept]"')).input) == [
        "[nested too deeply to be kept]"
    ]


@pytest.mark.clickhouse
def test_rows_come_back_in_their_order_each_once(store: Store) -> None:
    records = [
        row("gen_ai.system.message", 0, input=talk("system", "Be terse.")),
        row("gen_ai.user.message", 1, input=talk("user", "Where?"), input_preview="Where?"),
        row("gen_ai.choice", 2, output=talk("assistant", "There."), output_preview="There.", finish_reasons=("stop",)),
        row("gen_ai.user.message", 3, span_id=9, input=talk("user", "of a span that is not here")),
    ]
    store.insert(block_from_details(records[2:]), token="later half, first")
    store.insert(block_from_details(records[:2]), token="first half")
    store.insert(block_from_details(records), token="all of it, from another collector")
    store.insert(block_from_spans([CALL]), token="span")
    found = store.fetch_rows(trace.details("p", TRACE))
    assert [each["name"] for each in found] == [each["name"] for each in records]
    (span,) = completed(map(span_from_row, store.fetch_rows(trace.spans("p", TRACE))), found)
    assert [m["role"] for m in json.loads(span.input)] == ["system", "user"]
    assert (span.output, span.finish_reasons) == (
        json.dumps(json.loads(talk("assistant", "There.")), separators=(",", ":")),
        ("stop",),
    )
    assert not store.fetch_rows(trace.details("another", TRACE))
    (listed,) = store.fetch_rows(traces.find("p", Window(NOW_NS - 1, NOW_NS + SECOND_NS), Filters()))
    assert (listed["input_preview"], listed["output_preview"]) == ("Where?", "There.")
    store.execute("OPTIMIZE TABLE span_details FINAL")
    (left,) = store.fetch_rows(Query("rows left", "SELECT count() AS rows FROM span_details"))
    assert left["rows"] == 4
