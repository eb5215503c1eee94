"""Ended spans of every shape, and requests made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from spanglass.export import wire
from spanglass.export.parcel import Goods, Parcel

NO_LIMIT = 1 << 30
HERE = Resource({"service.name": "shop", "host.cores": 8}, "https://example.org/schema")
SCOPES = (None, InstrumentationScope("a"), InstrumentationScope("b", "1.2", "https://example.org", {"k": [1, 2]}))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
int64s = st.integers(-(2**63), 2**63 - 1)
scalars = texts | st.booleans() | int64s | st.floats(allow_nan=False) | st.binary(max_size=60)
values = st.recursive(
    scalars | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
attributes = st.dictionaries(texts, scalars | st.lists(values, max_size=4) | st.dictionaries(texts, values, max_size=3))
times = st.integers(1, 2**63)
contexts = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    st.booleans(),
    st.just(TraceFlags(TraceFlags.SAMPLED)),
)
states = st.builds(
    TraceState,
    st.lists(
        st.tuples(st.sampled_from(["a", "b@c", "d"]), st.sampled_from(["1", "x y"])), unique_by=lambda pair: pair[0]
    ),
)
counted = st.builds(
    lambda told, most: BoundedAttributes(most, told),
    st.dictionaries(st.text("xyz", min_size=1), int64s),
    st.integers(0, 2),
)
spans = st.builds(
    ReadableSpan,
    texts,
    st.builds(
        lambda told, state: SpanContext(told.trace_id, told.span_id, is_remote=False, trace_state=state),
        contexts,
        states,
    ),
    st.none() | contexts,
    st.just(HERE),
    attributes,
    st.lists(st.builds(Event, texts, attributes | counted, times), max_size=3),
    st.lists(st.builds(Link, contexts, attributes | counted), max_size=3),
    st.sampled_from(SpanKind),
    status=st.builds(Status, st.just(StatusCode.ERROR), texts) | st.builds(Status, st.sampled_from(StatusCode)),
    start_time=times,
    end_time=times,
    instrumentation_scope=st.sampled_from(SCOPES),
)


def a_span(told: Mapping[str, Any] | None = None, name: str = "s", span_id: int = 1, **more: Any) -> ReadableSpan:
    """One with these attributes; trace 7."""
    own = SpanContext(7, span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return ReadableSpan(name, own, resource=HERE, attributes=told, start_time=1, end_time=2, **more)


def request(ended: Sequence[ReadableSpan], max_bytes: int = NO_LIMIT) -> bytes:
    """The body of a request with these spans, each encoded by hand."""
    gathered = wire.Request()
    for span in ended:
        gathered.add(
            wire.resource_head(span.resource, max_bytes),
            wire.scope_head(span.instrumentation_scope, max_bytes),
            wire.span(span, wire.ids(span), span.attributes or {}, max_bytes),
        )
    return bytes(gathered.body())


def parcel(ended: Sequence[ReadableSpan]) -> Parcel:
    """The same, ready to be sent."""
    return Parcel(Goods.SPANS, request(ended), len(ended))
