"""What the product answers for a recorded payload, beside the truth that lies with it, field by field.

One place for both who ask: ``test_dialects.py``, and ``make bench-dialects``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from collector.payloads import Payload

from spanglass.semconv import Kind
from spanglass_collector.api.documents import Document, span_document
from spanglass_collector.pipeline import spans_from_body
from spanglass_collector.pipeline_logs import batch_from_logs
from spanglass_collector.prices import GenaiPrices
from spanglass_store.span_details import as_read, completed

PRICES: Final = GenaiPrices()
RECEIVED_NS: Final = 1_795_400_000_000_000_000
"""In November 2026, when the payloads were recorded."""
KIND_OF_API: Final = {"embeddings": Kind.EMBEDDING, "embed": Kind.EMBEDDING, "rerank": Kind.RERANK}
"""What is called, without the provider before it; everything else is a model's text."""
USAGE: Final = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_creation": "cache_write_tokens",
    "reasoning": "reasoning_tokens",
}
INSTEAD: Final = {"input": ("input_total_with_cache", "billed_input"), "output": ("billed_output",)}
"""What the truth gives beside a number where it is not what is canonical, or not what the library has."""
TOTALS: Final = ("gen_ai.cost.total_cost", "operation.cost", "llm.cost.total", "gen_ai.usage.cost",
                 "langfuse.observation.cost_details→$.total")  # fmt: skip
"""Where a library that has a price puts the cost of the call."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of one payload. ``where`` is the scenario, the call or span, and the field."""

    field: str
    expected: Any
    got: Any
    right: bool


def documents_of(payload: Payload) -> dict[str, Document]:
    """Span id to what ``GET /api/v1/traces/{id}`` says of it: the line from the bytes to the row, without a database
    in the middle.
    """
    spans, _ = spans_from_body(payload.body, project="p", received_ns=RECEIVED_NS, prices=PRICES)
    if (logs := payload.path(".logs.pb")).exists():
        batch = batch_from_logs(logs.read_bytes(), project="p", received_ns=RECEIVED_NS)
        spans = completed(spans, map(as_read, batch.details))
    return {span.span_id: span_document(span) for span in spans}


def facts_of(payload: Payload) -> list[Fact]:
    """Everything the payload carries, and nothing beyond it, beside what was read."""
    return facts(payload.truth, documents_of(payload), payload.body)


def facts(truth: Mapping[str, Any], documents: Mapping[str, Document], body: bytes = b"") -> list[Fact]:
    """The same of documents that were read elsewhere. Span ids are looked up in lower-case hex; ``body`` is what was
    sent: a word that stands in it is not invented.
    """
    calls = [_with_its_own_cost(call, truth["calls"]) for call in truth["calls"] if _is_recorded(call)]
    found = [*_tree(truth, documents), *_declared(truth, documents), *_usage_once(truth, documents)]
    shown = [_document_of(call, documents) for call in calls]
    for number, (call, document) in enumerate(zip(calls, shown, strict=True)):
        place = f"call {number}: " if len(calls) > 1 else ""
        of_others = [other for other, same in zip(calls, shown, strict=True) if same is document and other is not call]
        read = [] if document is None else _call(call, document, of_others, body)
        found += [Fact(place + fact.field, fact.expected, fact.got, fact.right) for fact in read]
    return found


def _with_its_own_cost(call: Mapping[str, Any], calls: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The call without its cost, where the truth gives several calls of different usage one and the same."""
    cost, usage = call["expect"].get("cost_as_sent"), call["expect"].get("usage")
    same = [other["expect"].get("usage") for other in calls if other["expect"].get("cost_as_sent") == cost]
    if not cost or same.count(usage) == len(same):
        return call
    return {**call, "expect": {name: value for name, value in call["expect"].items() if name != "cost_as_sent"}}


def _document_of(call: Mapping[str, Any], documents: Mapping[str, Document]) -> Document | None:
    """The span that is the call: the one with the id of its answer, else the one that the truth names.

    The truth was found by searching values, and a later turn of a talk holds those of the earlier ones too.
    """
    response_id = call["expect"].get("response_id")
    named = documents.get(call["span"]["span_id"])
    answers = [d for d in documents.values() if response_id and d["response_id"] == response_id]
    return named if named in answers else next((d for d in answers if d["usage_counted"]), named)


def _is_recorded(call: Mapping[str, Any]) -> bool:
    """Whether some span is the call. A library that makes none may still say its words on the span of something else:
    LangChain's retriever embeds a question, and tells of it nothing but the question.
    """
    own = {"request_model", "response_model", "usage.input", "error_message", "output_text"}
    return call["span"] is not None and not own.isdisjoint(call["where"])


def _is(field: str, expected: Any, got: Any) -> Fact:
    return Fact(field, expected, got, expected == got)


def _call(
    call: Mapping[str, Any], document: Document, others: Sequence[Mapping[str, Any]], body: bytes
) -> Iterator[Fact]:
    """``others`` are calls that the library tells on the same span."""
    expect, absent = call["expect"], set(call["absent"])
    vendor, _, called = expect["api"].partition(".")
    yield _is("kind", KIND_OF_API.get(called, Kind.LLM), document["kind"])
    if told_usage(call) or not _is_blind(call):
        yield _is("usage_counted", expected=True, got=document["usage_counted"])
    if expect.get("provider_as_sent", [""]) != [""]:
        yield _is("provider", vendor, document["provider"])
    for name in ("request_model", "response_model", "response_id"):
        if name in expect and name not in absent:
            yield _is(name, expect[name], document[name])
    for read in (_input, _output, _usage, _parameters, _error, _timing, _cost):
        yield from read(call, document)
    if not others:
        yield from _nothing_invented(call, document, body)


def _input(call: Mapping[str, Any], document: Document) -> Iterator[Fact]:
    wanted = [(_role(m["role"]), m["text"]) for m in call["expect"].get("input_messages", ())]
    if wanted:
        said = [(_role(m["role"]), text) for m in document.get("input_messages", ()) for text in _said(m)]
        if "input" in dict(wanted):  # texts to embed or to rank have no role, and no order
            texts = [part["content"] for part in _parts(document, "input_messages", "text")]
            wanted, said = (sorted(("input", text) for text in each) for each in ([w[1] for w in wanted], texts))
        kept = [each for each in said if each in wanted]
        others = any(name.startswith("input_messages") for name in call["absent"])
        surplus = [] if others else [each for each in said if each not in wanted]
        yield Fact("input_messages", wanted, said, kept == wanted and not surplus)
    if ids := call["expect"].get("input_tool_call_ids"):
        answers = _parts(document, "input_messages", "tool_call_response")
        yield _is("input_tool_call_ids", ids, [part["id"] for part in answers])


def _role(role: str) -> str:
    return {"developer": "system", "query": "user", "document": "input"}.get(role, role)


def _said(message: Mapping[str, Any]) -> Iterator[str]:
    """Texts and answers of tools of one message."""
    texts = [part["content"] for part in message["parts"] if part.get("type") == "text" and part.get("content")]
    if texts:
        yield "\n".join(texts)
    for part in message["parts"]:
        if part.get("type") == "tool_call_response":
            response = part["response"]
            yield response if isinstance(response, str) else json.dumps(response, separators=(",", ":"))


def _parts(document: Document, side: str, kind: str) -> list[dict[str, Any]]:
    return [part for message in document.get(side, ()) for part in message["parts"] if part.get("type") == kind]


def _output(call: Mapping[str, Any], document: Document) -> Iterator[Fact]:
    expect, absent = call["expect"], call["absent"]
    for name, kind in (("output_text", "text"), ("reasoning_text", "reasoning")):
        if name in expect and name not in absent:
            yield _is(name, [expect[name]], [part["content"] for part in _parts(document, "output_messages", kind)])
    if calls := expect.get("tool_calls"):
        read = _parts(document, "output_messages", "tool_call")
        got = [{name: part.get(name) for name in wanted} for part, wanted in zip(read, calls, strict=False)]
        yield Fact("tool_calls", calls, got or read, got == calls and len(read) == len(calls))
        yield _is(
            "tool_names", sorted({each["name"] for each in calls if "name" in each}), sorted(document["tool_names"])
        )
    if reasons := expect.get("finish_reason_as_sent"):
        got = document["finish_reasons"]
        yield Fact("finish_reason", reasons, got, bool(got) and set(got) <= {*reasons, expect["finish_reason"]})


def told_usage(call: Mapping[str, Any]) -> dict[str, int]:
    """Canonical usage that the payload holds for a call."""
    usage, absent = call["expect"].get("usage", {}), call["absent"]
    told = {column: usage[name] for name, column in USAGE.items() if name in usage and f"usage.{name}" not in absent}
    told |= {USAGE[name]: usage[other] for name, others in INSTEAD.items() for other in others if other in usage}
    return told


def _usage(call: Mapping[str, Any], document: Document) -> Iterator[Fact]:
    told = told_usage(call)
    for column, value in told.items():
        yield _is(f"usage.{column}", value, document["usage"][column])
    if "total" in call["expect"].get("usage", {}) and "usage.total" not in call["absent"] and "input_tokens" in told:
        read = document["usage"]
        total = (read["input_tokens"] or 0) + (read["output_tokens"] or 0)
        yield _is("usage.total", call["expect"]["usage"]["total"], total)


def _parameters(call: Mapping[str, Any], document: Document) -> Iterator[Fact]:
    parameters = document["parameters"]
    for name, value in call["expect"].get("params", {}).items():
        if f"params.{name}" in call["absent"]:
            continue
        names = (name, "max_tokens") if name == "max_completion_tokens" else (name,)
        got = [parameters[each] for each in names if each in parameters]
        if name == "user":
            got.append(document["user_id"])
        yield Fact(f"params.{name}", value, got, value in got)
    if "stream_flag" in call["where"]:
        yield _is("stream", expected=True, got=parameters.get("stream"))
    elif not call["expect"]["stream"]:
        yield _is("stream", expected=False, got=bool(parameters.get("stream")))


def _error(call: Mapping[str, Any], document: Document) -> Iterator[Fact]:
    expect = call["expect"]
    if "error_message" in expect:
        yield _is("error.status", "error", document["status"])
        yield Fact("error.message", expect["error_message"], document["error_message"],
                   expect["error_message"] in document["error_message"])  # fmt: skip
    if types := expect.get("error_type_as_sent"):
        yield Fact("error.type", types, document["error_type"], document["error_type"] in types)
    if "http_status_code" in expect:
        got = document["attributes"].get("http.response.status_code")
        yield _is("error.http_status", str(expect["http_status_code"]), got)
    if expect["http_status"] == 200:
        yield Fact("status", "no error", document["status"], document["status"] != "error")


def _timing(call: Mapping[str, Any], document: Document) -> Iterator[Fact]:
    if sent := call["expect"].get("time_to_first_token_as_sent"):
        got = document["time_to_first_token_seconds"]
        expected = {seconds for value in sent for seconds in _seconds(value, document)}
        close = got is not None and any(math.isclose(got, each, abs_tol=1e-6) for each in expected)
        yield Fact("time_to_first_token", sorted(expected), got, close)


def _seconds(value: Any, document: Document) -> Iterator[float]:
    """What a time to first token may mean: seconds, milliseconds, or a moment."""
    if isinstance(value, str):
        moment = datetime.fromisoformat(value.strip('"'))
        yield moment.timestamp() - int(document["start_ns"]) / 1e9
    else:
        yield value if isinstance(value, float) and value < 60 else value / 1000


def _cost(call: Mapping[str, Any], document: Document) -> Iterator[Fact]:
    sent = call["expect"].get("cost_as_sent", {})
    for name in TOTALS:
        if sent.get(name):
            got = document["cost_usd"], document["cost_source"]
            close = got[0] is not None and math.isclose(got[0], sent[name], rel_tol=1e-6)  # kept in billionths
            yield Fact("cost", (sent[name], "reported"), got, close and got[1] == "reported")
            return


def _nothing_invented(call: Mapping[str, Any], document: Document, body: bytes) -> Iterator[Fact]:
    """Fields the library does not send are empty, or say what it says in another way: ``openai/gpt-4o`` tells a model.

    Not so a text or a reason to finish, which may be there in another form: the beginning of a stream that was
    abandoned; nor a time to the first token, which may stand on an event.
    """
    expect, told = call["expect"], told_usage(call)
    empty = {name: document[name] for name in ("request_model", "response_model", "response_id", "provider")}
    empty |= {f"usage.{name}": document["usage"][column] for name, column in USAGE.items() if column not in told}
    for name in call["absent"]:
        if name in empty and not (name == "provider" and "provider_as_sent" in expect):
            told_so = name == "request_model" and str(empty[name]).encode() in body
            yield Fact(f"absent {name}", None, empty[name], not empty[name] or told_so)


def _tree(truth: Mapping[str, Any], documents: Mapping[str, Document]) -> Iterator[Fact]:
    nodes = {node["span_id"]: node for node in truth["span_tree"]}
    yield _is("span_tree.count", truth["counts"]["spans"], len(documents))
    yield _is("span_tree.traces", truth["traces"], len({document["trace_id"] for document in documents.values()}))
    for name, key in (("names", "name"), ("parents", "parent_span_id"), ("trace ids", "trace_id")):
        expected = {span_id: node[key] for span_id, node in nodes.items()}
        got = {span_id: document[key] for span_id, document in documents.items()}
        yield _is(f"span_tree.{name}", expected, got)


def _usage_once(truth: Mapping[str, Any], documents: Mapping[str, Document]) -> Iterator[Fact]:
    """Usage counts on the span that is the call, and nowhere else: copies do not, and sums come out.

    Where the truth has no usage of a call, a span that it did not find for it may still tell some.
    """
    told = [each for each in map(told_usage, truth["calls"]) if each]
    told += [{USAGE[k]: v for k, v in each["usage"].items() if k in USAGE}
             for each in truth["declared"]["expect"].get("declared_calls", ())]  # fmt: skip
    missed = sum(not told_usage(call) and _is_blind(call) for call in truth["calls"])
    counted = [document for document in documents.values() if _counts(document)]
    once = len(told) <= len(counted) <= len(told) + missed
    yield Fact("usage.once", len(told), [document["name"] for document in counted], once)
    if len(counted) == len(told):
        for column in ("input_tokens", "output_tokens"):
            yield _is(f"usage.sum of {column}", sum(each.get(column, 0) for each in told),
                      sum(document["usage"][column] or 0 for document in counted))  # fmt: skip


def _is_blind(call: Mapping[str, Any]) -> bool:
    """Whether the truth, which was found by searching values, names a span that is not the call: one of a tool or an
    agent with the same words, or LiteLLM's raw one, which has everything as Python writes it.
    """
    return call["span"] is None or "request_model" in call["absent"] or call["span"]["name"] == "raw_gen_ai_request"


def _counts(document: Document) -> bool:
    return bool(document["usage_counted"] and any(document["usage"].values()))


def _declared(truth: Mapping[str, Any], documents: Mapping[str, Document]) -> Iterator[Fact]:
    """Session, user, tags and metadata on every span of a trace that tells them."""
    expect, where = truth["declared"]["expect"], truth["declared"]["where"]
    absent = truth["declared"]["absent"]
    for name in ("session_id", "user_id"):
        if name in expect and name not in absent:
            got = {document[name] for document in _of_traces(where[f"{name}.spans"], documents)}
            yield _is(name, {expect[name]}, got)
        elif name in absent:
            yield _is(f"absent {name}", {""}, {document[name] for document in documents.values()})
    told_on = where.get("session_id.spans") or where.get("user_id.spans") or ()
    if "tags" in expect and "tags" not in absent:
        shown = [set(document["tags"]) for document in _of_traces(told_on, documents)]
        yield Fact("tags", expect["tags"], shown, all(set(expect["tags"]) <= tags for tags in shown))
    for name, value in expect.get("metadata", {}).items():
        if f"metadata.{name}" not in absent:
            shown = [document["metadata"].get(name) for document in _of_traces(told_on, documents)]
            yield _is(f"metadata.{name}", {value}, set(shown))
    yield from _prompt(expect.get("prompt", {}), documents)
    if error := expect.get("tool_error"):
        failed = [d for d in documents.values() if d["kind"] == Kind.TOOL and d["status"] == "error"]
        got = [(document["error_type"].rpartition(".")[2], document["error_message"]) for document in failed]
        right = any(error["message"] in message for _, message in got)
        yield Fact("tool_error", error, got, right)
    for call in expect.get("declared_calls", ()):
        yield from _declared_call(call, documents)


def _of_traces(names: Iterable[str], documents: Mapping[str, Document]) -> list[Document]:
    told_on = set(names)
    traces = {document["trace_id"] for document in documents.values() if document["name"] in told_on}
    return [document for document in documents.values() if document["trace_id"] in traces]


def _prompt(prompt: Mapping[str, Any], documents: Mapping[str, Document]) -> Iterator[Fact]:
    for name, field in (("name", "prompt_name"), ("version", "prompt_version")):
        if name in prompt:
            got = {document[field] for document in documents.values()}
            yield Fact(f"prompt.{name}", prompt[name], sorted(got), str(prompt[name]) in got)
    if "template" in prompt:
        got = {text for document in documents.values() for text in document["attributes"].values()}
        yield Fact("prompt.template", prompt["template"], None, prompt["template"] in got)


def _declared_call(call: Mapping[str, Any], documents: Mapping[str, Document]) -> Iterator[Fact]:
    """A call that the application itself told."""
    found = next((d for d in documents.values() if call["output_text"] in d["output"]), None)
    yield _is("declared.found", expected=True, got=found is not None)
    if found is None:
        return
    yield _is("declared.kind", Kind.LLM, found["kind"])
    yield Fact("declared.model", call["model"], (found["request_model"], found["response_model"]),
               call["model"] in {found["request_model"], found["response_model"]})  # fmt: skip
    for name, column in USAGE.items():
        if name in call["usage"]:
            yield _is(f"declared.{column}", call["usage"][name], found["usage"][column])
    yield _is("declared.cost", (call["cost"]["total"], "reported"), (found["cost_usd"], found["cost_source"]))
