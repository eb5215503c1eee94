from __future__ import annotations

import json

import pytest
from collector.payloads import Payload, payloads
from collector.truth import facts_of
from collector.wire import wire_span

from spanglass_collector import dialects
from spanglass_collector.dialects import DIALECTS, told_by
from spanglass_collector.dialects.dialect import Dialect, Family, Found, Phrase, Word
from spanglass_collector.dialects.indexed import tree
from spanglass_collector.dialects.plan import Plans, shape_of
from spanglass_collector.dialects.providers import provider, vendor_of
from spanglass_collector.values import whole


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


PRECEDENCE = (
    "spanglass",
    "opentelemetry",
    "langfuse",
    "langsmith",
    "vercel",
    "mlflow",
    "genkit",
    "strands",
    "litellm",
    "logfire",
    "openlit",
)
"""What says its words on purpose, then who speaks OpenTelemetry's with an accent: these before all others."""


def test_the_precedence_of_dialects_is_what_is_written_here() -> None:
    names = tuple(dialect.name for dialect in DIALECTS)
    assert names[: len(PRECEDENCE)] == PRECEDENCE
    assert names[-2:] == ("gen_ai", "gen_ai events")
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("attributes", "scope", "field", "expected", "lost"),
    [
        ({"spanglass.span.kind": "tool", "langfuse.observation.type": "agent"}, "", "kind", "tool", "langfuse.observation.type"),
        ({"session.id": "a", "langsmith.metadata.session_id": "b"}, "", "session_id", "a", "langsmith.metadata.session_id"),
        ({"langfuse.observation.type": "agent", "gen_ai.operation.name": "chat"}, "", "kind", "agent", "gen_ai.operation.name"),
        ({"ai.operationId": "ai.toolCall", "gen_ai.operation.name": "chat"}, "ai", "kind", "tool", "gen_ai.operation.name"),
        ({"openinference.span.kind": "LLM", "traceloop.span.kind": "task"}, "", "kind", "llm", "traceloop.span.kind"),
        ({"traceloop.span.kind": "task", "gen_ai.operation.name": "chat"}, "", "kind", "chain", "gen_ai.operation.name"),
    ],
)  # fmt: skip
def test_of_two_dialects_the_more_particular_decides(
    attributes: dict[str, str], scope: str, field: str, expected: str, lost: str
) -> None:
    """In whatever order the attributes come; what lost stays visible."""
    for order in (attributes, dict(reversed(attributes.items()))):
        told = told_by(wire_span(attributes=order, scope_name=scope))
        assert getattr(told, field) == expected
        assert lost not in told.understood


def test_what_a_dialect_keeps_for_itself_no_later_one_reads() -> None:
    mine = Dialect("mine", ("m.",), words=(Word("m.a", "provider", str),), alone=("m.b.", "m.c"))
    other = Dialect(
        "other", ("m.",), words=(Word("m.c", "provider", str),), families=(Family("m.b.", "metadata", str),)
    )
    plans = Plans((mine, other))
    span = wire_span(attributes={"m.b.x": "1", "m.c": "p", "m.d": "2"})
    assert not plans.of(shape_of(span)).told_by(span).understood
    assert Plans((other,)).of(shape_of(span)).told_by(span).metadata == {"x": "1"}


def test_a_dialect_may_say_that_a_field_is_unknown() -> None:
    unknown = Dialect("u", ("m.",), phrases=(Phrase(("m.n",), lambda _: [Found("input_tokens", None)]),))
    told = Dialect("t", ("m.",), words=(Word("m.n", "input_tokens", whole),))
    span = wire_span(attributes={"m.n": 7})
    found = Plans((unknown, told)).of(shape_of(span)).told_by(span)
    assert (found.input_tokens, found.understood) == (None, set())


def test_a_fault_in_a_reader_costs_a_span_nothing_but_its_canonical_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(_: object) -> None:
        raise ZeroDivisionError

    plans = Plans((Dialect("f", ("f.",), words=(Word("f.a", "provider", faulty),)),))
    monkeypatch.setattr(dialects, "_PLANS", plans)
    told = told_by(wire_span(attributes={"f.a": 1}))
    assert (told.provider, told.understood) == ("", frozenset())


def test_names_without_a_namespace_are_the_applications() -> None:
    family = Family("", "metadata", str, besides=frozenset({"tags", "x_"}))
    assert [family.key(name) for name in ("tenant", "tags", "x_y", "a.b", "a:b")] == ["tenant", "", "", "", ""]


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


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("OpenAI", "openai"),
        ("openai.chat", "openai"),
        ("google.generative-ai", "google"),
        ("az.ai.openai", "az.ai.openai"),
        ("langchain", None),
        ("strands-agents", None),
        ("", None),
        (7, "7"),
    ],
)
def test_a_provider_has_one_spelling_and_is_no_framework(told: str | int, expected: str | None) -> None:
    assert provider(told) == expected


def test_a_vendor_is_known_by_its_models() -> None:
    told = [
        vendor_of(model) for model in ("gpt-4o-mini", "anthropic/claude-sonnet-4-5", "gemini-2.5-flash", "llama-3", "")
    ]
    assert told == ["openai", "anthropic", "google", None, None]
