"""What hypothesis sends: spans with attributes of any shape, known names with wrong values among them."""

from __future__ import annotations

from hypothesis import strategies as st

from spanglass import semconv
from spanglass_collector.decode import Value, WireEvent, WireLink, WireSpan
from spanglass_collector.dialects import DIALECTS

values: st.SearchStrategy[Value] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
json_texts = st.sampled_from(
    [
        "[]",
        "{}",
        "null",
        "[null]",
        '"x"',
        "[1, [2]]",
        '[{"role": "user"}]',
        '[{"role": 7, "parts": "x"}]',
        '[{"parts": [{"type": "text"}, {"type": "tool_call"}, 4]}]',
        '{"messages": [{"content": [{"type": "image_url", "image_url": 3}]}]}',
        '[{"tool_calls": 7}, {"tool_calls": [7, {"function": 7}]}]',
        '{"choices": 7, "id": 7}',
        '{"choices": [7, {"finish_reason": {}}]}',
        "[" * 500 + "]" * 500,
        '{"a": ' * 300 + "1" + "}" * 300,
    ]
)
words = [word.attribute for dialect in DIALECTS for word in dialect.words]
flat_names = [
    "llm.input_messages.0.message.content",
    "llm.input_messages.0.message",
    "llm.input_messages.00.message.tool_calls.0.tool_call.id",
    "llm.output_messages.1.message.contents.0.message_content.type",
    "llm.output_messages.1" + ".0" * 200,
    "llm.invocation_parameters",
    "embedding.embeddings.0.embedding.text",
    "retrieval.documents.0.document",
    "gen_ai.prompt.0.content",
    "gen_ai.completion.0.tool_calls.0.name",
    "gen_ai.request.temperature",
    "gen_ai.server.time_to_first_token",
    "spanglass.metadata.x",
    "traceloop.association.properties.x",
]
kinds = st.sampled_from(["LLM", "EMBEDDING", "TOOL", "chat", "execute_tool", "llm", "agent"])
attributes = st.dictionaries(
    st.sampled_from([*words, *flat_names, semconv.SPAN_KIND]) | st.text(max_size=12),
    values | json_texts | kinds,
    max_size=8,
)
times_ns = st.integers(0, 2**64 - 1)
trace_ids = st.binary(min_size=16, max_size=16).filter(any).map(bytes.hex)
span_ids = st.binary(min_size=8, max_size=8).filter(any).map(bytes.hex)
events = st.builds(
    WireEvent,
    times_ns,
    st.sampled_from(["exception", "First Token Stream Event", ""]) | st.text(max_size=5),
    attributes,
)
wire_spans = st.builds(
    WireSpan,
    trace_id=trace_ids,
    span_id=span_ids,
    parent_span_id=st.just("") | span_ids,
    name=st.text(max_size=20),
    start_ns=times_ns,
    end_ns=times_ns,
    status_code=st.integers(0, 2),
    status_message=st.text(max_size=10),
    attributes=attributes,
    events=st.lists(events, max_size=2).map(tuple),
    links=st.lists(st.builds(WireLink, trace_ids, span_ids, attributes), max_size=2).map(tuple),
    resource=attributes,
    scope_name=st.text(max_size=10),
    scope_version=st.text(max_size=5),
)
