from __future__ import annotations

from typing import Any

import pytest
from collector.strategies import wire_spans
from collector.wire import body_of, wire_span
from hypothesis import given
from hypothesis import strategies as st

from spanglass_collector.caps import CUT_ATTRIBUTES, CUT_EVENTS, CUT_LINKS, Caps, capped, cut_text
from spanglass_collector.decode import WireEvent, WireLink, WireSpan, decode

CAPS = Caps(attributes=3, attribute_bytes=20, events=2, links=1)


def told(*spans: WireSpan, caps: Caps = CAPS) -> list[WireSpan]:
    body = body_of(*spans)
    return list(capped(decode(body), caps, len(body)).spans)


def test_what_is_within_its_caps_is_the_same_object() -> None:
    body = body_of(wire_span("s", {"a": "x" * 5, "b": [1, "y" * 5]}, resource={"r": 1}), wire_span("t", {"a": "z"}))
    decoded = decode(body)
    assert capped(decoded, CAPS, len(body)) is decoded


def test_attributes_beyond_the_cap_are_counted_on_the_span() -> None:
    attributes = {f"a{number}": number for number in range(10_000)}
    (span,) = told(wire_span("s", attributes, resource=attributes))
    assert span.attributes == span.resource == {"a0": 0, "a1": 1, "a2": 2, CUT_ATTRIBUTES: 9997}


def test_long_values_are_cut_with_a_mark_wherever_they_stand() -> None:
    long, cut = "x" * 50, "x" * 20 + "…[30 more characters]"
    event = WireEvent(1, "e", {"m": long})
    (span,) = told(wire_span("s", {"a": long, "b": [long, {"c": long}], "d": b"y" * 50}, resource={"r": long},
                             status_message=long, status_code=2, events=(event,)))  # fmt: skip
    assert span.attributes == {"a": cut, "b": [cut, {"c": cut}], "d": b"y" * 20}
    assert (span.resource, span.status_message, span.events[0].attributes) == ({"r": cut}, cut, {"m": cut})


def test_events_and_links_beyond_the_cap_are_counted_on_the_span() -> None:
    events = tuple(WireEvent(number, f"e{number}", {}) for number in range(5))
    links = tuple(WireLink("a" * 32, "b" * 16, {}) for _ in range(5))
    (span,) = told(wire_span("s", {"a": 1}, events=events, links=links))
    assert ([event.name for event in span.events], len(span.links)) == (["e0", "e1"], 1)
    assert span.attributes == {"a": 1, CUT_EVENTS: 3, CUT_LINKS: 4}


def test_only_the_spans_beyond_are_changed() -> None:
    spans = told(*(wire_span(f"s{number}", {"a": "x" * length}) for number, length in enumerate((1, 50, 2))))
    assert {span.name: len(str(span.attributes["a"])) for span in spans} == {"s0": 1, "s1": 41, "s2": 2}


@pytest.mark.parametrize(
    ("text", "max_bytes", "cut"),
    [("abc", 3, "abc"), ("abcd", 3, "abc…[1 more characters]"), ("äöü", 5, "äö…[1 more characters]"), ("", 0, "")],
)
def test_text_is_cut_between_letters(text: str, max_bytes: int, cut: str) -> None:
    assert cut_text(text, max_bytes) == cut


@given(st.lists(wire_spans, max_size=4), st.integers(1, 4), st.integers(1, 30))
def test_nothing_is_beyond_its_caps_afterwards(spans: list[Any], most: int, most_bytes: int) -> None:
    caps = Caps(most, most_bytes, most, most)
    for span in told(*spans, caps=caps):
        assert len(set(span.attributes) - {CUT_ATTRIBUTES, CUT_EVENTS, CUT_LINKS}) <= most
        assert max(len(span.events), len(span.links)) <= most
        for value in span.attributes.values():
            assert not isinstance(value, str) or len(value.encode().partition("…[".encode())[0]) <= most_bytes
