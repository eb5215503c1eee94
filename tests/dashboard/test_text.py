"""Text from outside: messages read, marks escaped, facts told."""

from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_dashboard import facts
from spanglass_dashboard.messages import Chat, Part, chat_from_text
from spanglass_dashboard.plain import as_json, clipped, plain, pretty
from spanglass_store.span import Cost, Span, Usage

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "parts", "type", "content"]), inner)
    ),
)


def test_messages_of_every_part():
    text = json.dumps(
        [
            {"role": "system", "parts": [{"type": "text", "content": "Be kind."}]},
            {"role": "user", "content": "Hello"},
            {
                "role": "assistant",
                "parts": [
                    {"type": "reasoning", "content": "Greet."},
                    {"type": "tool_call", "id": "1", "name": "now", "arguments": '{"zone": "UTC"}'},
                    {"type": "uri", "modality": "image", "uri": "https://x.example/a.png"},
                    {"type": "blob", "mime_type": "image/png", "content": "aaaa"},
                ],
            },
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "1", "response": {"hour": 9}}]},
        ]
    )
    assert chat_from_text(text) == (
        Chat("system", (Part("text", "Be kind."),)),
        Chat("user", (Part("text", "Hello"),)),
        Chat(
            "assistant",
            (
                Part("reasoning", "Greet."),
                Part("tool_call", '{\n  "zone": "UTC"\n}', "now"),
                Part("other", "https://x.example/a.png", "image"),
                Part("other", "image/png, 4 characters of base64", "data"),
            ),
        ),
        Chat("tool", (Part("tool_result", '{\n  "hour": 9\n}', "now"),)),
    )


@pytest.mark.parametrize("text", ["", "plain words", "17", "[1, 2]", "{}", "[]", '[{"content": "no role"}]', "[{"])
def test_what_is_no_list_of_messages_is_none(text: str):
    assert chat_from_text(text) is None


@given(json_values | st.lists(json_values, max_size=3))
def test_reading_messages_never_fails(value: object):
    found = chat_from_text(json.dumps(value))
    assert found is None or all(isinstance(message, Chat) for message in found)


@given(st.text(max_size=60))
def test_escaped_text_keeps_its_words_and_loses_its_marks(text: str):
    escaped = plain(text)
    unescaped = escaped
    for mark in "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~":
        unescaped = unescaped.replace(f"\\{mark}", mark)
    assert unescaped.replace("\\\\", "\\").replace("\u2060", "") == " ".join(text.split()).replace("\u2060", "")
    assert "\n" not in escaped


@pytest.mark.parametrize("parts", [7, True, "text", {"a": 1}, None, [None, 3, {"type": 5}]])
def test_parts_of_any_shape_are_read(parts: object):
    found = chat_from_text(json.dumps([{"role": "user", "parts": parts}]))
    assert found is not None
    assert found[0].role == "user"


def test_clipping_says_so():
    assert clipped("abc", 3) == "abc"
    assert clipped("abcd", 3) == "ab…"


def test_json_is_opened_and_text_is_left():
    assert as_json("12") is None
    assert pretty('{"a":1}') == '{\n  "a": 1\n}'
    assert pretty("a b") == "a b"


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.0123", "$0.0123"), ("3", "$3.00"), ("1234.5", "$1,234.50"), ("0.000000001", "$0.000000001"), ("0", "$0.00")],
)
def test_an_amount_has_every_digit_and_at_least_cents(amount: str, text: str):
    assert facts.usd(Decimal(amount)) == text


def span(**fields: object) -> Span:
    return Span("p", "ab" * 16, "01" * 8, "", 0, 10**9, "chat", "llm", **fields)  # type: ignore[arg-type]


def rows(of: Span) -> dict[str, str]:
    return {name: value for _, group in facts.details(of) for name, value in group}


def test_an_unknown_price_is_told_as_unknown():
    assert rows(span(usage=Usage(10, 2)))["Total"] == "unknown: no price for this model"
    assert "Total" not in rows(span())
    assert rows(span(cost=Cost(total_usd=Decimal(0))))["Total"] == "$0.00"


def test_another_model_than_asked_for_is_pointed_out():
    told = rows(span(request_model="a", response_model="b"))
    assert told["Model that answered"] == "b (not the one asked for)"


def test_usage_told_twice_is_told_to_be_so():
    assert "no:" in rows(span(usage=Usage(1, 1), usage_counted=False))["Counted"]


def test_a_span_can_be_shown_raw():
    assert json.loads(pretty(asdict(span(cost=Cost(total_usd=Decimal("0.1"))))))["cost"]["total_usd"] == "0.1"
