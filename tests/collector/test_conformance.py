"""The report of what became of each attribute, held to what is really told; and the files it reads."""

from __future__ import annotations

import gzip
import json

import pytest
from collector.log_records import logs_body, logs_request, record
from collector.payloads import Payload, payloads
from collector.wire import as_otlp_json, body_of, request_of, wire_span

from spanglass_collector.decode import decode
from spanglass_collector.dialects import told_by
from spanglass_collector.dialects.conformance import Name, groups_of, names_of
from spanglass_collector.errors import Rejected
from spanglass_collector.otlp_file import otlp_from_bytes

CALL = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}


@pytest.mark.parametrize("payload", payloads(), ids=str)
def test_the_report_says_what_is_really_understood(payload: Payload) -> None:
    for span in decode(payload.body).spans:
        understood = {name.name for name in names_of(span) if name.verdict == "understood"}
        assert understood == set(told_by(span).understood) & set(span.attributes)


def test_each_name_has_its_fate() -> None:
    attributes = CALL | {
        "spanglass.span.kind": "tool",
        "gen_ai.system": "langchain",
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.prompt_tokens": 4,
        "gen_ai.usage.completion_tokens": "many",
        "gen_ai.request.temperature": 1,
        "mine": "x",
    }
    assert names_of(wire_span(attributes=attributes)) == [
        Name("gen_ai.operation.name", "contradictory", "kind", "gen_ai", "spanglass.span.kind"),
        Name("gen_ai.request.model", "understood", "request_model", "gen_ai"),
        Name("spanglass.span.kind", "understood", "kind", "spanglass"),
        Name("gen_ai.system", "ignored", "provider", "gen_ai"),
        Name("gen_ai.usage.input_tokens", "understood", "input_tokens", "gen_ai"),
        Name("gen_ai.usage.prompt_tokens", "contradictory", "input_tokens", "gen_ai", "gen_ai.usage.input_tokens"),
        Name("gen_ai.usage.completion_tokens", "ignored", "output_tokens", "gen_ai"),
        Name("gen_ai.request.temperature", "understood", "parameters", "gen_ai"),
        Name("mine", "ignored"),
    ]


def test_spans_are_together_by_service_and_scope_and_numbers_are_one_name() -> None:
    indexed = {f"llm.input_messages.{n}.message.{key}": "user" for n in (0, 1) for key in ("role", "content")}
    shop = {"resource": {"service.name": "shop"}, "scope_name": "a", "scope_version": "1"}
    groups = groups_of([
        wire_span(attributes=indexed, **shop), wire_span(attributes={"b": 1}, **shop), wire_span(attributes={"c": 1}),
    ])  # fmt: skip
    assert [(g.service, g.scope_name, g.scope_version, g.spans) for g in groups] == [
        ("", "", "", 1),
        ("shop", "a", "1", 2),
    ]
    assert dict(groups[1].names) == {
        Name("llm.input_messages.N.message.role", "understood", "input_messages", "openinference"): 1,
        Name("llm.input_messages.N.message.content", "understood", "input_messages", "openinference"): 1,
        Name("b", "ignored"): 1,
    }


SPANS = [wire_span(attributes=CALL), wire_span(attributes={"b": 1})]
LOGS = [record("gen_ai.user.message", body={"content": "Hi"}), record(body="GET /")]


@pytest.mark.parametrize("data", [
    body_of(*SPANS),
    gzip.compress(body_of(*SPANS)),
    json.dumps(as_otlp_json(request_of(SPANS))).encode(),
    json.dumps(as_otlp_json(request_of(SPANS), snake_case=True), indent=2).encode(),
    b"\n".join(json.dumps(as_otlp_json(request_of([span]))).encode() for span in SPANS) + b"\n",
    json.dumps([as_otlp_json(request_of([span])) for span in SPANS]).encode(),
])  # fmt: skip
def test_spans_are_found_in_files_of_every_form(data: bytes) -> None:
    held = otlp_from_bytes(data)
    assert [span.attributes for span in held.spans] == [CALL, {"b": 1}]
    assert (held.events, held.records) == ((), 0)


@pytest.mark.parametrize("data", [logs_body(*LOGS), json.dumps(as_otlp_json(logs_request(*LOGS))).encode()])
def test_log_records_come_as_the_spans_they_tell_of(data: bytes) -> None:
    held = otlp_from_bytes(data)
    (group,) = groups_of(held.events)
    assert (group.service, held.records, held.spans) == ("shop", 2, ())
    assert list(group.names) == [Name("gen_ai.input.messages", "understood", "input_messages", "gen_ai")]


@pytest.mark.parametrize(("data", "sentence"), [
    (b"", "no spans"), (b"{}", "no spans"), (b"[1, 2]", "no spans"), (b'{"a": ', "JSON"), (b"{}\n{]", "JSON"),
    (b"root:x:0:0", "protobuf"), (b"\x1f\x8bxx", "gzip"), (b'{"resourceSpans": 7}', "traces"),
])  # fmt: skip
def test_a_file_of_something_else_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence):
        otlp_from_bytes(data)
