from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import pytest
from collector.payloads import Payload, payloads
from collector.wire import wire_span

from spanglass_collector.api.documents import span_document
from spanglass_collector.dialects import DIALECTS, told_by
from spanglass_collector.dialects.dialect import Word
from spanglass_collector.dialects.indexed import tree
from spanglass_collector.pipeline import spans_from_body
from spanglass_collector.prices import GenaiPrices

RIGHT = ("openinference-openai", "otel-genai-openai-span", "traceloop-cohere", "traceloop-openai", "traceloop-sdk")
"""Libraries whose every told field must come out as it was."""
USAGE = {
    "input": "input_tokens",
    "output": "output_tokens",
    "billed_input": "input_tokens",
    "billed_output": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_creation": "cache_write_tokens",
    "reasoning": "reasoning_tokens",
}
PRICES = GenaiPrices()


@pytest.mark.parametrize("payload", payloads(), ids=str)
def test_every_recorded_payload_is_read(payload: Payload) -> None:
    """Of any library, understood or not: no span is lost, and nothing that was sent is neither told nor kept."""
    spans, rejects = spans_from_body(payload.body, project="p", received_ns=time.time_ns(), prices=PRICES)
    sent = {node["span_id"]: node for node in payload.truth["span_tree"]}
    assert rejects == ()
    assert Counter(span.span_id for span in spans) == Counter(dict.fromkeys(sent, 1))
    assert all(span.name == sent[span.span_id]["name"] for span in spans)


@pytest.mark.parametrize("payload", payloads(*RIGHT), ids=str)
def test_supported_libraries_are_understood(payload: Payload) -> None:
    spans, _ = spans_from_body(payload.body, project="p", received_ns=time.time_ns(), prices=PRICES)
    documents = {span.span_id: span_document(span) for span in spans}
    truth = payload.truth
    wrong = []
    for call in truth["calls"]:
        if call["span"] is None:  # the library made no span for this call
            continue
        document = documents[call["span"]["span_id"]]
        told = {name: value for name, value in _facts(call["expect"]) if name not in call["absent"]}
        read = dict(_read(document, call["expect"]))
        wrong += [(name, told[name], read[name]) for name in told if name in read and read[name] != told[name]]
        assert document["usage_counted"]
    assert wrong == []
    for name in ("session_id", "user_id"):
        if name in truth["declared"]["expect"] and name not in truth["declared"]["absent"]:
            assert truth["declared"]["expect"][name] in {document[name] for document in documents.values()}


def _facts(expect: dict[str, Any]) -> list[tuple[str, Any]]:
    """(name, true value) of everything compared."""
    usage = expect.get("usage", {})
    facts = [(name, expect[name]) for name in ("request_model", "response_model", "response_id") if name in expect]
    facts += [(f"usage.{name}", usage.get("input_total_with_cache", value) if name == "input" else value)
              for name, value in usage.items() if name in USAGE]  # fmt: skip
    if "provider_as_sent" in expect:
        facts.append(("provider", True))
    if "finish_reason_as_sent" in expect:
        facts.append(("finish_reason", True))
    if "output_text" in expect:
        facts.append(("output_text", expect["output_text"]))
    if "tool_calls" in expect:
        facts.append(("tool_calls", expect["tool_calls"]))
    if "input_messages" in expect:
        facts.append(("input_messages", [message["text"] for message in expect["input_messages"]]))
    if "error_message" in expect:
        facts.append(("error_message", True))
    facts += [(f"params.{k}", v) for k, v in expect.get("params", {}).items() if k in {"temperature", "max_tokens"}]
    return facts


def _read(document: dict[str, Any], expect: dict[str, Any]) -> list[tuple[str, Any]]:
    """(name, value read) of the same."""
    output = [part for message in document.get("output_messages", []) for part in message["parts"]]
    texts = [part["content"] for part in output if part["type"] == "text"]
    said = [_said(part) for message in document.get("input_messages", []) for part in message["parts"]]
    wanted = [message["text"] for message in expect.get("input_messages", [])]
    calls = [part for part in output if part["type"] == "tool_call"]
    asked = expect.get("tool_calls", [])
    return [
        *((name, document[name]) for name in ("request_model", "response_model", "response_id")),
        ("provider", document["provider"] in map(str.lower, expect.get("provider_as_sent", []))),
        *((f"usage.{name}", document["usage"][column]) for name, column in USAGE.items()),
        ("finish_reason", set(document["finish_reasons"]) <= set(expect.get("finish_reason_as_sent", []))),
        ("output_text", next((text for text in texts if text == expect.get("output_text")), texts)),
        (
            "tool_calls",
            [{name: call[name] for name in wanted_call} for call, wanted_call in zip(calls, asked, strict=False)],
        ),
        ("input_messages", [text for text in wanted if text in said or text in document["input"]]),
        (
            "error_message",
            document["status"] == "error" and expect.get("error_message", "") in document["error_message"],
        ),
        *((f"params.{name}", value) for name, value in document["parameters"].items()),
    ]


def _said(part: dict[str, Any]) -> Any:
    return part.get("content", part.get("response"))


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
