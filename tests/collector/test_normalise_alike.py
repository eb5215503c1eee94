"""Spans that are read together must become the very rows that they become one by one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from collector.strategies import attributes, times_ns, values, words
from collector.wire import body_of, model_call, request_of, wire_span
from hypothesis import given
from hypothesis import strategies as st

from spanglass import semconv
from spanglass_collector.decode import Decoded, WireSpan, decode
from spanglass_collector.dialects import told_together
from spanglass_collector.pipeline import sheets_from_decoded
from spanglass_store.rows import DEFAULTS
from spanglass_store.sheet import Row

NOW_NS = 1_800_000_000_000_000_000
MESSAGES = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Sky?"}]}])
usual = {
    semconv.OPERATION_NAME: st.sampled_from(["chat", "embeddings", "execute_tool"]),
    semconv.PROVIDER_NAME: st.sampled_from(["openai", "anthropic"]),
    semconv.REQUEST_MODEL: st.just("gpt-4o-mini"),
    semconv.INPUT_TOKENS: st.integers(0, 9),
    semconv.INPUT_MESSAGES: st.sampled_from([MESSAGES, "said"]),
    semconv.OUTPUT_MESSAGES: st.sampled_from(
        [MESSAGES, '[{"role":"assistant","parts":[{"type":"tool_call","name":"f"}],"finish_reason":"stop"}]']
    ),
    semconv.SYSTEM_INSTRUCTIONS: st.just('[{"type":"text","content":"Be brief."}]'),
    semconv.TOOL_NAME: st.sampled_from(["f", "g"]),
    semconv.SESSION_ID: st.sampled_from(["s1", "s2"]),
    semconv.COST_USD: st.floats(0, 1),
    semconv.ERROR_TYPE: st.just("timeout"),
    "gen_ai.request.temperature": st.floats(0, 1),
    "gen_ai.request.top_k": st.integers(0, 5),
    "spanglass.metadata.plan": st.just("pro"),
    "input.value": st.text(max_size=5),
    "x": values,
}


@st.composite
def requests(draw: st.DrawFn) -> list[WireSpan]:
    """Spans of a few shapes and one name, most values usual, some not."""
    spans = []
    called = f"n{draw(st.integers(0, 10**12))}"  # a name whose spans were not alike before is looked at more closely
    for _ in range(draw(st.integers(1, 3))):
        names = draw(st.lists(st.sampled_from(sorted(usual) + words[:20]), max_size=7, unique=True))
        odd = draw(st.sampled_from(["", "", *names]))
        for _ in range(draw(st.integers(1, 4))):
            told = {name: draw(values if name == odd else usual.get(name, values)) for name in names}
            status, message = draw(st.sampled_from([(0, ""), (1, ""), (2, "late")]))
            start_ns = draw(st.just(NOW_NS) | times_ns)
            parent = draw(st.sampled_from(["", "ab" * 8]))
            fields: dict[str, Any] = {"status_code": status, "status_message": message, "parent_span_id": parent}
            spans.append(wire_span(called, told, start_ns=start_ns, end_ns=start_ns, **fields))
    return spans


def rows_of(decoded: Decoded) -> dict[int, Row]:
    sheets = sheets_from_decoded(decoded, project="p", received_ns=NOW_NS)
    rows = [_plain({**DEFAULTS, **row}) for sheet in sheets for row in sheet.rows()]
    return {row["span_id"]: row for row in sorted(rows, key=lambda row: row["span_id"])}


def _plain(row: Row) -> Row:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}


def read_both_ways(body: bytes) -> tuple[dict[int, Row], dict[int, Row]]:
    decoded = decode(body)
    return rows_of(decoded), rows_of(Decoded((), decoded.spans, ()))


def one_scope(spans: list[WireSpan]) -> bytes:
    request = request_of(spans)
    for of_resource in request.resource_spans[1:]:
        request.resource_spans[0].scope_spans[0].spans.extend(of_resource.scope_spans[0].spans)
    del request.resource_spans[1:]
    return request.SerializeToString()


@given(requests())
def test_together_and_one_by_one_are_the_same(spans: list[WireSpan]) -> None:
    together, alone = read_both_ways(one_scope(spans))
    assert repr(together) == repr(alone)  # NaN is not equal to itself


@given(st.lists(attributes, max_size=4))
def test_so_they_are_whatever_is_sent(sent: list[dict[str, Any]]) -> None:
    together, alone = read_both_ways(one_scope([wire_span(attributes=each) for each in sent] or [wire_span()]))
    assert repr(together) == repr(alone)


def test_spans_of_one_shape_are_read_together() -> None:
    decoded = decode(one_scope([model_call(), model_call(attributes={"gen_ai.usage.input_tokens": 7}), wire_span()]))
    assert [len(alike) for alike in decoded.alike] == [2, 1]
    assert decoded.others == []


def test_spans_of_one_name_that_only_seem_alike_are_told_apart() -> None:
    """As many attributes, under other names: seen while they are read, and from then on at once."""
    told = ({"gen_ai.request.model": "a", "session.id": "s"}, {"gen_ai.request.model": "b", "user.id": "u"})
    body = one_scope([wire_span("seems alike", each) for each in told] * 3)
    together, alone = read_both_ways(body)
    assert together == alone
    assert {(row["request_model"], row["session_id"], row["user_id"]) for row in together.values()} == {
        ("a", "s", ""),
        ("b", "", "u"),
    }
    assert [len(alike) for alike in decode(body).alike] == [3, 3]


def test_a_name_told_twice_and_events_are_read_one_by_one() -> None:
    request = request_of([model_call()])
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.attributes.add(key="gen_ai.request.model").value.string_value = "last"
    (row,) = rows_of(decode(request.SerializeToString())).values()
    assert row["request_model"] == "last"
    span.attributes.pop()
    span.events.add(name="exception")
    assert [len(decode(body).others) for body in (request.SerializeToString(), body_of(model_call()))] == [1, 0]


PLAIN_CALL = {
    semconv.OPERATION_NAME: "chat",
    semconv.PROVIDER_NAME: "openai",
    semconv.REQUEST_MODEL: "gpt-4o-mini",
    semconv.RESPONSE_MODEL: "gpt-4o-mini",
    semconv.RESPONSE_ID: "chatcmpl-1",
    semconv.FINISH_REASONS: ["stop"],
    semconv.INPUT_TOKENS: 7,
    semconv.OUTPUT_TOKENS: 8,
    semconv.INPUT_MESSAGES: MESSAGES,
    semconv.OUTPUT_MESSAGES: MESSAGES,
    semconv.SESSION_ID: "s1",
    "gen_ai.request.temperature": 0.7,
}
STEP = {"input.value": '{"q": 1}', "output.value": '{"a": 2}', semconv.SESSION_ID: "s1", "tag": "x"}


@pytest.mark.parametrize("attributes", [PLAIN_CALL, STEP], ids=["call", "step"])
def test_plain_spans_are_read_together(attributes: dict[str, Any]) -> None:
    """A phrase that applies to them would have each read by itself, which takes three times as long."""
    decoded = decode(one_scope([wire_span("n", attributes, start_ns=NOW_NS, end_ns=NOW_NS) for _ in range(3)]))
    (alike,) = decoded.alike
    assert told_together(alike) is not None
