"""What a visit in the past would have left behind: the spans `shop` makes, with the times they would have had. Pure.

The SDK cannot travel in time, so the same steps are walked on a tape whose clock is moved by hand. The words come from
the same models, and the attributes of a model call from the SDK's own functions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from spanglass import messages as wire
from spanglass import semconv
from spanglass.clients.openai_embeddings import embedding_request, embedding_response
from spanglass_cli.demo import catalogue, model, provider
from spanglass_cli.demo.judge import Score, judge
from spanglass_cli.demo.shop import FALLBACK_MODEL, TEMPERATURE, TOOL_DEFINITIONS, TOOLS
from spanglass_cli.demo.visits import PROMPT_NAME, PROMPTS, SECOND_NS, Visit

ERROR_TYPES: Mapping[int, str] = {429: "openai.RateLimitError", 500: "openai.InternalServerError"}


@dataclass(slots=True)
class PastSpan:
    """A span with its times, nanoseconds since 1970 UTC. Ids are lower-case hex, ``parent_id`` empty for the root."""

    span_id: str
    parent_id: str
    name: str
    kind: semconv.Kind
    start_ns: int
    end_ns: int = 0
    attributes: dict[str, Any] = field(default_factory=dict)
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class PastTrace:
    """One visit's spans (root first) and its scores, given at ``scored_ns``."""

    trace_id: str
    spans: tuple[PastSpan, ...]
    scores: tuple[Score, ...]
    scored_ns: int


def relive(visit: Visit, *, changed: bool) -> PastTrace:
    """The trace of ``visit``; always the same for the same visit. ``changed``: was the model replaced by then?"""
    tape = _Tape(visit)
    try:
        answer = _answer(tape, visit, changed=changed)
    except model.Refusal:
        scores: list[Score] = []
    else:
        scores = judge(visit, answer)
    return PastTrace(tape.trace_id, tuple(tape.spans), tuple(scores), scored_ns=tape.now_ns)


class _Tape:
    """Spans nested by ``with``, as in the application, on a clock that only moves when told to."""

    def __init__(self, visit: Visit) -> None:
        self.now_ns = visit.at_ns
        self.chance = visit.chance
        self.trace_id = hashlib.sha256(f"demo {visit.number}".encode()).hexdigest()[:32]
        self.spans: list[PastSpan] = []
        self._open: list[PastSpan] = []
        self._ambient = {
            semconv.USER_ID: visit.user_id,
            semconv.SESSION_ID: visit.session_id,
            semconv.PROMPT_NAME: PROMPT_NAME,
            semconv.PROMPT_VERSION: visit.prompt_version,
            semconv.TAGS: list(visit.tags),
            f"{semconv.METADATA_PREFIX}plan": visit.plan,
        }

    def pass_time(self, seconds: float) -> None:
        """Move the clock."""
        self.now_ns += int(seconds * SECOND_NS)

    @contextmanager
    def span(self, name: str, kind: semconv.Kind) -> Iterator[PastSpan]:
        """A span from now until the end of the block; what ends it by exception is recorded and passes on."""
        constants: dict[str, Any] = {semconv.SPAN_KIND: kind.value}
        if operation := semconv.OPERATION_OF_KIND.get(kind):
            constants[semconv.OPERATION_NAME] = operation
        if kind is semconv.Kind.TOOL:
            constants[semconv.TOOL_NAME] = name
        span = PastSpan(
            span_id=f"{self.chance.getrandbits(64) or 1:016x}",
            parent_id=self._open[-1].span_id if self._open else "",
            name=name,
            kind=kind,
            start_ns=self.now_ns,
            attributes=constants | self._ambient,
        )
        self.spans.append(span)
        self._open.append(span)
        try:
            yield span
        except (model.Refusal, LookupError) as error:
            span.error_message = str(error)
            status = getattr(error, "status", 0)
            span.attributes[semconv.ERROR_TYPE] = ERROR_TYPES.get(status, type(error).__name__)
            raise
        finally:
            self.pass_time(self.chance.uniform(0.001, 0.004))
            span.end_ns = self.now_ns
            self._open.pop()


def _answer(tape: _Tape, visit: Visit, *, changed: bool) -> str:
    with tape.span("shop-assistant", semconv.Kind.AGENT) as span:
        span.attributes[semconv.INPUT] = visit.question
        articles = _find_articles(tape, visit.question)
        system = PROMPTS[visit.prompt_version].format(articles="\n".join(f"- {article}" for article in articles))
        messages: list[dict[str, Any]] = [
            {"role": "system", "content": system},
            {"role": "user", "content": visit.question},
        ]
        needs_tool = bool(catalogue.topic_of(visit.question).tool)
        ask = _with_tools if needs_tool else _stream
        answer = ask(tape, visit.model, messages, changed=changed)
        span.attributes[semconv.OUTPUT] = answer
        return answer


def _find_articles(tape: _Tape, question: str) -> list[str]:
    with tape.span("find-articles", semconv.Kind.RETRIEVER) as span:
        span.attributes[semconv.INPUT] = question
        request = {"model": model.EMBEDDING_MODEL, "input": question}
        with tape.span(f"embeddings {model.EMBEDDING_MODEL}", semconv.Kind.EMBEDDING) as embedding:
            embedding.attributes |= {semconv.PROVIDER_NAME: "openai"} | _texts(embedding_request(request))
            tape.pass_time(tape.chance.uniform(0.03, 0.09))
            answer = {
                "model": model.EMBEDDING_MODEL,
                "usage": {"prompt_tokens": model.tokens_of(question)},
                "vectors": 1,
                "dimensions": model.EMBEDDING_DIMENSIONS,
            }
            embedding.attributes |= embedding_response(answer)
        found = catalogue.search(question)
        tape.pass_time(tape.chance.uniform(0.004, 0.02))
        span.attributes[semconv.OUTPUT] = json.dumps([{"article": t.name, "score": score} for t, score in found])
        return [topic.article for topic, _ in found]


def _with_tools(tape: _Tape, name: str, messages: list[dict[str, Any]], *, changed: bool) -> str:
    reply = _chat(tape, name, messages, tools=True, stream=False, changed=changed)
    if not reply.tool_calls:
        return reply.text
    messages.append(provider.completion(reply)["choices"][0]["message"])
    for call in reply.tool_calls:
        result = _run_tool(tape, call)
        messages.append({"role": "tool", "tool_call_id": call.call_id, "content": result})
    return _stream(tape, name, messages, changed=changed)


def _run_tool(tape: _Tape, call: model.ToolCall) -> str:
    try:
        with tape.span(call.name, semconv.Kind.TOOL) as span:
            span.attributes[semconv.INPUT] = call.arguments
            tape.pass_time(tape.chance.uniform(0.02, 0.15))
            result = json.dumps(TOOLS[call.name](json.loads(call.arguments)))
            span.attributes[semconv.OUTPUT] = result
    except LookupError as error:
        return json.dumps({"error": str(error)})
    return result


def _stream(tape: _Tape, name: str, messages: list[dict[str, Any]], *, changed: bool) -> str:
    try:
        return _chat(tape, name, messages, tools=False, stream=True, changed=changed).text
    except model.Refusal as refusal:
        if refusal.status != 429:
            raise
        return _chat(tape, FALLBACK_MODEL, messages, tools=False, stream=True, changed=changed).text


def _texts(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The SDK's functions give long texts as UTF-8 bytes."""
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in attributes.items()}


def _chat(
    tape: _Tape, name: str, messages: list[dict[str, Any]], *, tools: bool, stream: bool, changed: bool
) -> model.Reply:
    request: dict[str, Any] = {"model": name, "messages": messages, "temperature": TEMPERATURE, "stream": stream}
    if tools:
        request["tools"] = TOOL_DEFINITIONS
    with tape.span(f"chat {name}", semconv.Kind.LLM) as span:
        span.attributes |= {semconv.PROVIDER_NAME: "openai"} | _texts(wire.request_attributes(request))
        try:
            reply = model.answer(name, messages, tuple(TOOLS) if tools else (), changed=changed, chance=tape.chance)
        except model.Refusal as refusal:
            span.attributes[semconv.HTTP_STATUS] = refusal.status
            tape.pass_time(tape.chance.uniform(0.05, 0.2))
            raise
        tape.pass_time(reply.seconds)
        span.attributes |= _texts(wire.response_attributes(provider.completion(reply)))
        if stream:
            span.attributes[semconv.TIME_TO_FIRST_CHUNK] = reply.first_token_seconds
        return reply
