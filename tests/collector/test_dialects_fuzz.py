"""Whatever a client puts under the names of the dialects: nothing is lost and nothing breaks."""

from __future__ import annotations

import json
from typing import Any

from collector.truth import PRICES
from collector.wire import body_of, wire_span
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spanglass_collector.api.documents import span_document
from spanglass_collector.decode import WireEvent
from spanglass_collector.dialects import DIALECTS
from spanglass_collector.dialects.dialect import EVENT
from spanglass_collector.dialects.plan import Plans, shape_of
from spanglass_collector.pipeline import spans_from_body

READS = sorted({read for dialect in DIALECTS for phrase in dialect.phrases for read in phrase.reads})
NAMES = sorted({
    *(word.attribute for dialect in DIALECTS for word in dialect.words),
    *(name for name in READS if not name.startswith(EVENT) and not name.endswith(".")),
})  # fmt: skip
BEGINNINGS = sorted({
    *(family.prefix for dialect in DIALECTS for family in dialect.families),
    *(name for name in READS if name.endswith(".")),
})  # fmt: skip
EVENTS = sorted(name.removeprefix(EVENT) for name in READS if name.startswith(EVENT))
SCOPES = sorted(
    {scope for dialect in DIALECTS for scope in dialect.scopes} | {"", "langsmith", "gen_ai", "com.anthropic.sdk.x"}
)
INSIDE = ("role", "content", "parts", "type", "text", "messages", "message", "choices", "usage", "input", "output", "kwargs",
          "id", "generations", "tool_calls", "function", "arguments", "summary", "raw", "data", "toolUse", "error", "total",
          "input_tokens", "args", "tags", "model", "finish_reason", "body", "response_metadata", "thought")  # fmt: skip
WORDS = st.sampled_from(("", "LLM", "llm", "generation", "model", "ERROR", "chat", "true", "log", "2026-11-23T03:48:31Z", "0001-01-01",
                         "[{'a': 1}]", '[{"a', "GeneratorExit(", "ResponseFunctionToolCall(x=1)", "{[1]: 2}", "1e999", "nan", "tool"))  # fmt: skip
PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=9) | WORDS
TREES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INSIDE), inner, max_size=4),
    max_leaves=12,
)
VALUES = TREES | TREES.map(json.dumps) | PLAIN.map(lambda plain: json.dumps(json.dumps(plain)))
ATTRIBUTES = st.dictionaries(
    st.sampled_from(NAMES)
    | st.builds(
        str.__add__,
        st.sampled_from(BEGINNINGS),
        st.sampled_from(
            (
                "0.message.content",
                "0.role",
                "0.content",
                "0.function_call.name",
                "x",
                "mlflow.x",
                "openai.messages",
                "openai.choices",
            )
        ),
    ),
    VALUES,
    max_size=9,
)


@given(
    attributes=ATTRIBUTES,
    events=st.lists(
        st.tuples(
            st.sampled_from((*EVENTS, "exception")),
            st.dictionaries(st.sampled_from(("content", "message", "id", "exception.message")), VALUES),
        ),
        max_size=3,
    ),
    scope=st.sampled_from(SCOPES),
    status=st.integers(0, 3),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_any_value_under_any_name_is_read_or_kept(
    attributes: dict[str, Any], events: list[tuple[str, dict[str, Any]]], scope: str, status: int
) -> None:
    told = tuple(WireEvent(at, name, inner) for at, (name, inner) in enumerate(events))
    above = wire_span("above", {"gen_ai.operation.name": "chat"}, scope_name=scope)
    span = wire_span(attributes=attributes, events=told, scope_name=scope, status_code=status,
                     trace_id=above.trace_id, parent_span_id=above.span_id)  # fmt: skip
    assert (
        Plans(DIALECTS).of(shape_of(span)).told_by(span) is not None
    )  # by itself: the line survives faults of readers
    spans, rejects = spans_from_body(body_of(above, span), project="p", received_ns=span.end_ns, prices=PRICES)
    assert (len(spans), rejects) == (2, ())
    for each in spans:
        json.dumps(span_document(each))
