from __future__ import annotations

import json

import pytest
from collector.payloads import Payload, payloads
from collector.truth import facts_of
from collector.wire import wire_span

from spanglass_collector.dialects import DIALECTS, told_by
from spanglass_collector.dialects.dialect import Word
from spanglass_collector.dialects.indexed import tree


@pytest.mark.parametrize("payload", payloads(), ids=str)
def test_every_recorded_payload_is_understood(payload: Payload) -> None:
    """No span is lost, every field that the library tells is told as it was, nothing is invented, usage counts once."""
    assert [fact for fact in facts_of(payload) if not fact.right] == []


def test_the_earlier_dialect_wins_and_what_lost_stays_visible() -> None:
    told = told_by(wire_span(attributes={"spanglass.span.kind": "tool", "gen_ai.operation.name": "chat"}))
    assert told.kind == "tool"
    assert "gen_ai.operation.name" not in told.understood
    agreed = told_by(wire_span(attributes={"spanglass.span.kind": "llm", "gen_ai.operation.name": "chat"}))
    assert "gen_ai.operation.name" in agreed.understood


def test_maps_are_joined_over_dialects() -> None:
    attributes = {
        "spanglass.metadata.plan": "pro",
        "metadata": '{"plan": "free", "tenant": "acme"}',
        "openinference.span.kind": "LLM",
    }
    assert told_by(wire_span(attributes=attributes)).metadata == {"plan": "pro", "tenant": "acme"}


def test_names_of_yesterday_are_read() -> None:
    attributes = {
        "gen_ai.system": "OpenAI",
        "gen_ai.usage.prompt_tokens": 12.0,
        "gen_ai.usage.completion_tokens": "7",
        "gen_ai.usage.cache_write.input_tokens": 3,
        "gen_ai.response.finish_reasons": '["stop"]',
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "Hello?",
    }
    told = told_by(wire_span(attributes=attributes))
    assert (told.provider, told.input_tokens, told.output_tokens, told.cache_write_tokens) == ("openai", 12, 7, 3)
    assert told.finish_reasons == ("stop",)
    assert told.input_messages == [{"role": "user", "parts": [{"type": "text", "content": "Hello?"}]}]


def test_messages_are_read_from_text_and_from_structure() -> None:
    messages = [{"role": "user", "parts": [{"type": "text", "content": "Hello?"}]}]
    as_text = told_by(wire_span(attributes={"gen_ai.input.messages": json.dumps(messages)}))
    as_values = told_by(wire_span(attributes={"gen_ai.input.messages": messages}))
    assert as_text.input_messages == as_values.input_messages == messages


@pytest.mark.parametrize(
    ("value", "streamed", "expected_ns"), [(0.25, True, 250_000_000), (0.25, False, None), (250, False, 250_000_000)]
)
def test_time_to_first_token_of_a_server_has_two_units(value: float, streamed: bool, expected_ns: int | None) -> None:
    attributes = {"gen_ai.server.time_to_first_token": value, "gen_ai.request.stream": streamed}
    assert told_by(wire_span(attributes=attributes)).time_to_first_token_ns == expected_ns


def test_numbered_names_become_lists() -> None:
    attributes = {"m.1.role": "user", "m.0.tools.0.id": 7, "m.10.role": "last", "m.x": 1, "other": 2, "m.0": "lost"}
    listed, names = tree(attributes, "m.")
    assert listed == [{"tools": [{"id": 7}]}, {"role": "user"}, {"role": "last"}]
    assert set(names) == {"m.1.role", "m.0.tools.0.id", "m.10.role", "m.0"}


def test_a_word_for_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no canonical field"):
        Word("a", "no_such_field", str)


def test_no_dialect_says_the_same_word_twice() -> None:
    for dialect in DIALECTS:
        told = [(word.attribute, word.field) for word in dialect.words]
        assert len(told) == len(set(told))
