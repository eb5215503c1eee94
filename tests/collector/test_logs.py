"""Log records on their line: which are read, what they become, which are told apart. Pure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from collector.log_records import logs_body, logs_request, record
from collector.payloads import CORPUS
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanglass_collector.caps import Caps
from spanglass_collector.decode_logs import decode_logs
from spanglass_collector.errors import Rejected
from spanglass_collector.evaluation_events import score_from_event
from spanglass_collector.message_events import attributes_of_event
from spanglass_collector.messages import messages_from_value
from spanglass_collector.metrics import Metrics
from spanglass_collector.pipeline_logs import LogBatch, as_span, batch_from_logs
from spanglass_collector.receive.keep import changes
from spanglass_collector.redaction import Redaction

NOW_NS = 1_790_000_000 * 10**9
DETAILS = "gen_ai.client.inference.operation.details"


def batch(*records: Any) -> LogBatch:
    return batch_from_logs(logs_body(*records), project="p", received_ns=NOW_NS)


def said(name: str, body: Any = None, **attributes: Any) -> list[dict[str, Any]]:
    """The messages that an event tells."""
    told = attributes_of_event(name, body, attributes)
    assert len(told) == 1
    (messages,) = told.values()
    return messages_from_value(messages, "user") or []


def text(content: str) -> list[dict[str, str]]:
    return [{"type": "text", "content": content}]


CALLS = [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}]
CALL = {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Oslo"}}


@pytest.mark.parametrize(("name", "body", "message"), [
    ("gen_ai.system.message", {"content": "Be terse."}, {"role": "system", "parts": text("Be terse.")}),
    ("gen_ai.user.message", {"content": "Hi"}, {"role": "user", "parts": text("Hi")}),
    ("gen_ai.user.message", '{"content": "Hi", "role": "developer"}', {"role": "developer", "parts": text("Hi")}),
    ("gen_ai.user.message", "just text", {"role": "user", "parts": text("just text")}),
    ("gen_ai.user.message", {"content": ["a", {"type": "text", "text": "b"}]}, {"role": "user", "parts": text("a") + text("b")}),
    ("gen_ai.assistant.message", {"tool_calls": CALLS},
     {"role": "assistant", "parts": [CALL]}),
    ("gen_ai.tool.message", {"content": "[17.5]", "id": "c1"},
     {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "[17.5]"}]}),
    ("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "[1, 2]"}},
     {"role": "assistant", "parts": text("[1, 2]"), "finish_reason": "stop"}),
    ("gen_ai.choice", {"message": {"role": "assistant", "tool_calls": CALLS}, "finish_reason": "tool_calls"},
     {"role": "assistant", "parts": [CALL], "finish_reason": "tool_calls"}),
    ("gen_ai.choice", {"finish_reason": "stop", "message": "Hello."},
     {"role": "assistant", "parts": text("Hello."), "finish_reason": "stop"}),
])  # fmt: skip
def test_an_event_of_one_message_is_that_message(name: str, body: Any, message: dict[str, Any]) -> None:
    assert said(name, body) == [message]


def test_a_message_may_be_told_by_attributes_alone() -> None:
    assert said("gen_ai.user.message", None, content="Hi", role="user") == [{"role": "user", "parts": text("Hi")}]
    content = json.dumps({"message": {"content": "Hello.", "tool_calls": CALLS}, "finish_reason": "tool_calls"})
    (message,) = said("gen_ai.choice", None, **{"gen_ai.event.content": content})
    assert [part["type"] for part in message["parts"]] == ["text", "tool_call"]


def test_the_name_may_be_an_attribute_as_it_once_was() -> None:
    assert [e.name for e in decode_logs(logs_body(
        record(attributes={"event.name": "gen_ai.user.message"}, body={"content": "Hi"}),
        record(attributes={"event.name": "exception", "x": "gen_ai.user.message"}),
        record(attributes={"event.name": 7}),
        record("gen_ai.choice"),
        record("http.request"),
        record(body="gen_ai.user.message"),
    )).events] == ["gen_ai.user.message", "gen_ai.choice"]  # fmt: skip


def test_what_is_no_event_of_a_call_is_counted_and_not_kept() -> None:
    found = batch(
        record(body="GET /"),
        record("gen_ai.user.message", body={"content": "kept"}),
        record("gen_ai.user.message", body={"content": "of no span"}, span_id=""),
        record(DETAILS, trace_id="0" * 32),
        record("gen_ai.something.new"),
        record("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "no result", "error.type": "timeout"}),
    )
    assert [(block.table, block.rows) for block in found.blocks] == [("span_details", 1)]
    assert (found.records, found.kept, found.homeless, found.unread) == (6, 1, 2, 3)


@pytest.mark.parametrize("body", [b"\xff\xff", b"\x0a\x05ab", b"garbage"])
def test_bytes_that_are_no_logs_request_are_refused(body: bytes) -> None:
    with pytest.raises(Rejected, match="OTLP logs export request"):
        decode_logs(body)


def test_a_trace_request_is_no_logs_request_and_yields_nothing() -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(name="x", trace_id=b"1" * 16, span_id=b"2" * 8)
    assert batch_from_logs(request.SerializeToString(), project="p", received_ns=NOW_NS).blocks == ()


def test_the_same_request_gives_the_same_rows_wherever_it_arrives() -> None:
    request = logs_request(*(record("gen_ai.user.message", body={"content": "Hi"}) for _ in range(3)))
    twice = request.resource_logs[0].scope_logs[0].log_records
    twice.add().CopyFrom(twice[0])  # two that are the same to the letter are two
    body = request.SerializeToString()
    here, there = (batch_from_logs(body, project="p", received_ns=NOW_NS) for _ in range(2))
    assert here.blocks == there.blocks
    assert here.kept == 4


def evaluation(**attributes: Any) -> Any:
    named = {f"gen_ai.evaluation.{name.replace('__', '.')}": value for name, value in attributes.items()}
    event = decode_logs(logs_body(record("gen_ai.evaluation.result", named | {"gen_ai.response.id": "r1"}))).events[0]
    return score_from_event(as_span(event, NOW_NS), "p", "id")


@pytest.mark.parametrize(("told", "value", "label", "data_type"), [
    ({"score__value": 0.75}, 0.75, "", "numeric"),
    ({"score__value": 4, "score__label": "good"}, 4.0, "", "numeric"),
    ({"score__value": True}, 1.0, "", "boolean"),
    ({"score__label": "pass"}, None, "pass", "categorical"),
    ({"score__value": float("nan"), "score__label": "pass"}, None, "pass", "categorical"),
])  # fmt: skip
def test_an_evaluation_is_a_score(told: dict[str, Any], value: float | None, label: str, data_type: str) -> None:
    score = evaluation(name="relevance", explanation="It is.", **told)
    assert (score.name, score.value, score.text_value, score.data_type) == ("relevance", value, label, data_type)
    assert (score.comment, score.evaluator_id, score.source) == ("It is.", "test", "code")
    assert score.metadata["gen_ai.response.id"] == "r1"
    assert len(score.trace_id + score.span_id) == 48


@pytest.mark.parametrize("told", [{"name": "x"}, {"score__value": 1.0}, {"name": "x", "score__value": "much"}])
def test_an_evaluation_without_name_or_result_is_none(told: dict[str, Any]) -> None:
    assert evaluation(**told) is None


def test_rules_and_caps_hold_for_what_records_say(tmp_path: Any) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[rules]]\nname = "r"\npatterns = ["email"]\npaths = ["*.password"]\n')
    change = changes(Caps(4096, 60, 10, 10), Redaction(path, Metrics()), project="p", body_bytes=10**6)
    whole = {"gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "ada@example.org"}]}]}
    body = logs_body(
        record("gen_ai.user.message", body={"content": "I am ada@example.org " + "x" * 100}),
        record("gen_ai.assistant.message", body={"tool_calls": [
            {"id": "c", "function": {"name": "login", "arguments": '{"password": "hunter2"}'}}]}),
        record(DETAILS, whole),
        record("gen_ai.evaluation.result", {
            "gen_ai.evaluation.name": "pii", "gen_ai.evaluation.score.value": 1,
            "gen_ai.evaluation.explanation": "ada@example.org is in it"}),
    )  # fmt: skip
    found = batch_from_logs(body, project="p", received_ns=NOW_NS, change=change)
    kept = b"".join(block.body for block in found.blocks)
    assert found.kept == 4
    assert b"ada@" not in kept
    assert b"hunter2" not in kept
    assert kept.count(b"[masked:email]") >= 3
    assert b"more characters]" in kept
    assert b"x" * 100 not in kept


def test_recorded_events_are_all_read() -> None:
    files = sorted(CORPUS.glob("*/*.logs.pb"))
    if not files:
        pytest.skip("the collection of payloads is not beside this repository")
    for path in files:
        found = batch_from_logs(path.read_bytes(), project="p", received_ns=NOW_NS)
        assert found.unread == 0, path
        assert found.kept + found.homeless == found.records, path
