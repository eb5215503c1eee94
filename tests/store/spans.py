"""Spans made up at random, for property tests: any value a Span may hold."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from spanglass_store.rows import MAX_TOKENS
from spanglass_store.span import Cost, Event, Link, Span, Usage

YEAR_NS = 365 * 86_400 * 10**9

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
words = st.sampled_from(["", "chat", "shop", "gpt-4o", "ünï", "日本", "a b"])
maps = st.dictionaries(texts, texts, max_size=4)
lists = st.lists(words, max_size=4).map(tuple)
tokens = st.none() | st.integers(0, MAX_TOKENS)
usd = st.none() | st.integers(0, 10**15).map(lambda n: Decimal(n) / 10**9)
trace_ids = st.integers(1, 2**128 - 1).map("{:032x}".format)
span_ids = st.integers(1, 2**64 - 1).map("{:016x}".format)
times_ns = st.integers(YEAR_NS * 30, YEAR_NS * 80)

usages = st.builds(Usage, *[tokens] * 7)
costs = st.builds(Cost, *[usd] * 5, source=st.sampled_from(["", "reported", "computed"]), price_id=words)
events = st.builds(Event, time_ns=times_ns, name=texts, attributes=maps)
links = st.builds(Link, trace_id=trace_ids, span_id=span_ids, attributes=maps)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start_ns = draw(times_ns)
    return Span(
        project=draw(words),
        trace_id=draw(trace_ids),
        span_id=draw(span_ids),
        parent_span_id=draw(st.just("") | span_ids),
        start_ns=start_ns,
        end_ns=start_ns + draw(st.integers(0, 10**12)),
        name=draw(texts),
        kind=draw(words),
        status=draw(words),
        error_message=draw(texts),
        tags=draw(lists),
        metadata=draw(maps),
        input=draw(texts),
        output=draw(texts),
        parameters=draw(maps),
        finish_reasons=draw(lists),
        tool_names=draw(lists),
        usage=draw(usages),
        usage_counted=draw(st.booleans()),
        cost=draw(costs),
        time_to_first_token_ns=draw(st.none() | st.integers(0, 10**12)),
        sampling_weight=draw(st.floats(0, 1e6, allow_nan=False)),
        attributes=draw(maps),
        resource=draw(maps),
        events=draw(st.lists(events, max_size=2).map(tuple)),
        links=draw(st.lists(links, max_size=2).map(tuple)),
    )
