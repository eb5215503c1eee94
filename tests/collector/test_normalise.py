from __future__ import annotations

import json
import time
from typing import Any

import pytest
from collector.strategies import wire_spans
from collector.wire import model_call, wire_span
from hypothesis import given

from spanglass_collector.api.documents import span_document
from spanglass_collector.decode import WireEvent, WireSpan
from spanglass_collector.dialects import told_by
from spanglass_collector.normalise import SENT_START, origin_row, row_from_wire
from spanglass_store.rows import block_from_rows, span_from_sparse
from spanglass_store.span import Span


def normal(wire: WireSpan, received_ns: int | None = None) -> Span:
    row = row_from_wire(wire, told_by(wire), origin_row(wire, "p"), received_ns=received_ns or time.time_ns())
    assert block_from_rows([row]).rows == 1
    return span_from_sparse(row)


@given(wire_spans)
def test_nothing_a_client_sends_makes_it_raise(wire: WireSpan) -> None:
    json.dumps(span_document(normal(wire)))


def test_a_model_call_is_told_in_canonical_words() -> None:
    span = normal(model_call(resource={"service.name": "shop", "service.version": "1.2"}))
    assert (span.kind, span.provider, span.request_model) == ("llm", "openai", "gpt-4o-mini")
    assert span.response_model == "gpt-4o-mini-2024-07-18"
    assert (span.usage.input_tokens, span.usage.output_tokens, span.usage.cache_read_tokens) == (1000, 500, None)
    assert (span.service, span.release, span.environment) == ("shop", "1.2", "")
    assert (span.input_preview, span.output_preview) == ("Hello?", "Hi.")
    assert span.attributes == {}


def test_what_is_not_understood_is_kept_as_text() -> None:
    span = normal(model_call(attributes={"a": 1, "b": [1, {"c": True}], "gen_ai.usage.input_tokens": -5}))
    assert span.attributes == {"a": "1", "b": '[1,{"c":true}]', "gen_ai.usage.input_tokens": "-5"}
    assert span.usage.input_tokens is None


def test_previews_are_short_and_of_roots_only() -> None:
    long = wire_span(attributes={"spanglass.input": "x" * 500})
    assert normal(long).input_preview == "x" * 200
    child = wire_span(attributes={"spanglass.input": "x"}, parent_span_id="ab" * 8)
    assert normal(child).input_preview == ""


def test_the_preview_is_the_last_thing_the_user_said() -> None:
    told = [
        {"role": "user", "parts": [{"type": "text", "content": "first"}]},
        {"role": "assistant", "parts": [{"type": "text", "content": "answer"}]},
        {"role": "user", "parts": [{"type": "text", "content": "second"}]},
    ]
    span = normal(model_call(attributes={"gen_ai.input.messages": json.dumps(told)}))
    assert span.input_preview == "second"


def test_a_call_of_a_tool_is_readable_and_named() -> None:
    call = {"type": "tool_call", "id": "c1", "name": "weather", "arguments": '{"city": "Oslo"}'}
    messages = json.dumps([{"role": "assistant", "parts": [call], "finish_reason": "tool_calls"}])
    span = normal(model_call(attributes={"gen_ai.output.messages": messages}))
    assert span.output_preview == 'weather({"city":"Oslo"})'
    assert (span.tool_names, span.finish_reasons) == (("weather",), ("tool_calls",))


def test_system_instructions_told_apart_come_first_and_once() -> None:
    system = '[{"type": "text", "content": "Be terse."}]'
    span = normal(model_call(attributes={"gen_ai.system_instructions": system}))
    assert [m["role"] for m in json.loads(span.input)] == ["system", "user"]
    both = json.dumps([{"role": "system", "parts": json.loads(system)}, {"role": "user", "parts": []}])
    span = normal(model_call(attributes={"gen_ai.system_instructions": system, "gen_ai.input.messages": both}))
    assert [m["role"] for m in json.loads(span.input)] == ["system", "user"]


@pytest.mark.parametrize(
    ("attributes", "counted"),
    [
        ({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5}, True),
        ({"gen_ai.operation.name": "embeddings", "gen_ai.usage.input_tokens": 5}, True),
        ({"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 5}, False),
        ({"openinference.span.kind": "CHAIN", "llm.token_count.prompt": 5}, False),
        ({"spanglass.span.kind": "agent", "spanglass.cost_usd": 0.5}, False),
        ({"spanglass.span.kind": "tool", "spanglass.cost_usd": 0.5}, True),
        ({"spanglass.span.kind": "agent"}, True),
        ({"gen_ai.operation.name": "chat", "spanglass.usage.counted": False}, False),
        ({"gen_ai.operation.name": "invoke_agent", "spanglass.usage.counted": True}, True),
    ],
)
def test_usage_counts_where_the_model_was_called(attributes: dict[str, Any], counted: bool) -> None:
    assert normal(wire_span(attributes=attributes)).usage_counted is counted


def test_an_error_has_the_type_and_message_of_its_exception() -> None:
    exception = WireEvent(1, "exception", {"exception.type": "ValueError", "exception.message": "no"})
    failed = normal(wire_span(status_code=2, events=(exception,)))
    assert (failed.status, failed.error_type, failed.error_message) == ("error", "ValueError", "no")
    handled = normal(wire_span(status_code=1, events=(exception,)))
    assert (handled.status, handled.error_type, handled.error_message) == ("ok", "", "")
    told = normal(wire_span(attributes={"error.type": "timeout"}, status_code=2, status_message="late"))
    assert (told.error_type, told.error_message) == ("timeout", "late")


NOW_NS = 1_800_000_000_000_000_000
YEAR_NS = 366 * 86_400 * 10**9


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ((NOW_NS - 5, NOW_NS), (NOW_NS - 5, NOW_NS)),
        ((NOW_NS, NOW_NS - 5), (NOW_NS, NOW_NS)),
        ((NOW_NS, 2**64 - 1), (NOW_NS, NOW_NS)),
        ((0, NOW_NS - 9), (NOW_NS - 9, NOW_NS - 9)),
        ((0, 0), (NOW_NS, NOW_NS)),
        ((2**64 - 1, 2**64 - 1), (NOW_NS, NOW_NS)),
        ((NOW_NS + 2 * YEAR_NS, NOW_NS + 3 * YEAR_NS), (NOW_NS, NOW_NS)),
    ],
)
def test_times_that_cannot_be_true_are_replaced_and_marked(sent: tuple[int, int], kept: tuple[int, int]) -> None:
    span = normal(wire_span(start_ns=sent[0], end_ns=sent[1]), received_ns=NOW_NS)
    assert (span.start_ns, span.end_ns) == kept
    assert span.attributes == ({} if sent[0] == kept[0] else {SENT_START: str(sent[0])})


def test_a_reported_cost_is_kept_and_zero_of_those_who_do_not_know_is_not() -> None:
    assert normal(model_call(attributes={"spanglass.cost_usd": 0.25})).cost.source == "reported"
    assert normal(model_call(attributes={"gen_ai.usage.cost": 0})).cost.source == ""
    assert normal(model_call(attributes={"spanglass.cost_usd": float("nan")})).cost.source == ""
