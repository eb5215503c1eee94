"""Langfuse's SDKs (measured: Python 5.0, JavaScript 5.11). Pure.

One attribute holds all that was said, as JSON or as plain text. ``model.name`` is the model that *answered*, on success
(but for streams in JavaScript, which parameters tell). Python puts texts of metadata into JSON quotes, JavaScript does
not; JavaScript says of a failure only that its level is ERROR. The OpenAI integration of Python writes the parameters
that nobody gave with OpenAI's defaults.
Names: https://langfuse.com/integrations/native/opentelemetry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects.dialect import Dialect, Family, Found, Phrase, Word
from spanglass_collector.messages import parts_from_value
from spanglass_collector.provider_bodies import answered, asked
from spanglass_collector.usage import usage_told

KIND_OF_TYPE: Final[Mapping[str, Kind]] = {
    "generation": Kind.LLM,
    "embedding": Kind.EMBEDDING,
    "retriever": Kind.RETRIEVER,
    "tool": Kind.TOOL,
    "agent": Kind.AGENT,
    "chain": Kind.CHAIN,
    "guardrail": Kind.GUARDRAIL,
    "evaluator": Kind.EVALUATOR,
    "span": Kind.SPAN,
    "event": Kind.SPAN,
}
OBSERVATION: Final = "langfuse.observation."
TYPE: Final = OBSERVATION + "type"
INPUT: Final = OBSERVATION + "input"
OUTPUT: Final = OBSERVATION + "output"
LEVEL: Final = OBSERVATION + "level"
MODEL: Final = OBSERVATION + "model.name"
PARAMETERS: Final = OBSERVATION + "model.parameters"
USAGE: Final = OBSERVATION + "usage_details"
COST: Final = OBSERVATION + "cost_details"
FIRST_TOKEN: Final = OBSERVATION + "completion_start_time"
METADATA: Final = OBSERVATION + "metadata."
DEFAULTS: Final[Mapping[str, Any]] = {
    "temperature": 1,
    "max_tokens": "Infinity",
    "top_p": 1,
    "frequency_penalty": 0,
    "presence_penalty": 0,
}
"""What Python's integration writes where the application gave nothing; it always writes all of them."""
ANSWER_ID: Final = re.compile(r"(resp|chatcmpl|msg|gen)[_-]")
"""Ids of answers, which the integration keeps among the metadata."""
EMBEDDINGS: Final = "OpenAI.embeddings"
"""What JavaScript's integration calls an embedding, whose type it gives as a generation's."""


def _kind(value: Value) -> Kind | None:
    return KIND_OF_TYPE.get(value.lower()) if isinstance(value, str) else None


def _bare(value: Value) -> Value:
    """The value without the JSON quotes that Python puts around a text."""
    inner = values.from_json(value) if isinstance(value, str) and value.startswith('"') else None
    return inner if isinstance(inner, str) else value


def _text(value: Value) -> str | None:
    return values.text(_bare(value))


def _said(value: Value) -> str | None:
    return values.said(_bare(value))


def _answer_id(value: Value) -> str | None:
    found = _text(value)
    return found if found and ANSWER_ID.match(found) else None


def _model_call(span: WireSpan) -> Iterable[Found]:
    """Messages and model of a call of a model."""
    attributes = span.attributes
    kind = _kind(attributes.get(TYPE))
    if span.name == EMBEDDINGS:
        kind = Kind.EMBEDDING
        yield Found("kind", kind, (TYPE,))
    if model := values.text(attributes.get(MODEL)):
        sent = values.from_json(attributes.get(PARAMETERS))
        is_asked = attributes.get(LEVEL) == "ERROR" or kind is Kind.EMBEDDING
        is_asked = is_asked or (isinstance(sent, dict) and sent.get("stream") is True)
        yield Found("request_model" if is_asked else "response_model", model, (MODEL,))
    if kind in {Kind.LLM, Kind.EMBEDDING}:
        for field, value in asked(attributes.get(INPUT)).items():
            yield Found(field, value, (INPUT,))
    if kind is Kind.LLM:
        for field, value in answered(attributes.get(OUTPUT)).items():
            yield Found(field, value, (OUTPUT,))
    elif kind is Kind.TOOL:
        yield Found("tool_name", span.name)


def _failure(span: WireSpan) -> Iterable[Found]:
    if span.attributes[LEVEL] == "ERROR":
        yield Found("status", "error", (LEVEL,))


def _parameters(span: WireSpan) -> Iterable[Found]:
    sent = values.from_json(span.attributes[PARAMETERS])
    if isinstance(sent, dict):
        by_integration = sent.keys() >= DEFAULTS.keys()
        told = {
            name: values.as_text(value)
            for name, value in sent.items()
            if value not in (None, "") and not (by_integration and name in DEFAULTS and value == DEFAULTS[name])
        }
        yield Found("parameters", told, (PARAMETERS,))


def _usage(span: WireSpan) -> Iterable[Found]:
    for field, value in usage_told(span.attributes[USAGE]).items():
        yield Found(field, value, (USAGE,))


def _cost(span: WireSpan) -> Iterable[Found]:
    """The total, else the sum of the parts; zeros are what it writes of calls that failed."""
    told = values.from_json(span.attributes[COST])
    if isinstance(told, dict):
        parts = [dollars for part in told.values() if (dollars := values.dollars(part)) is not None]
        if cost := values.dollars(told["total"]) if "total" in told else sum(parts):
            yield Found("cost_usd", cost, (COST,))


def _first_token(span: WireSpan) -> Iterable[Found]:
    """A moment, as ISO text."""
    try:
        moment = datetime.fromisoformat(_text(span.attributes[FIRST_TOKEN]) or "")
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return
    since_ns = round(seconds * 1e6) * 1000 - span.start_ns
    if since_ns >= 0:
        yield Found("time_to_first_token_ns", since_ns, (FIRST_TOKEN,))


LANGFUSE: Final = Dialect(
    name="langfuse",
    prefixes=("langfuse.",),
    words=(
        Word(TYPE, "kind", _kind),
        Word(OBSERVATION + "status_message", "error_message", values.text),
        Word("langfuse.session.id", "session_id", values.text),
        Word("langfuse.user.id", "user_id", values.text),
        Word(METADATA + "langfuse_session_id", "session_id", _text),
        Word(METADATA + "langfuse_user_id", "user_id", _text),
        Word("langfuse.trace.tags", "tags", values.texts),
        Word(METADATA + "langfuse_tags", "tags", values.texts),
        Word(OBSERVATION + "prompt.name", "prompt_name", values.text),
        Word(OBSERVATION + "prompt.version", "prompt_version", values.text),
        Word(METADATA + "finish_reason", "finish_reasons", lambda value: values.texts(_bare(value))),
        Word(METADATA + "id", "response_id", _answer_id),
        Word(METADATA + "instructions", "system_parts", lambda value: parts_from_value(_bare(value))),
        Word(INPUT, "input_text", values.as_text),
        Word(OUTPUT, "output_text", values.as_text),
        Word("langfuse.trace.metadata", "metadata", values.text_map),
        Word(OBSERVATION + "metadata", "metadata", values.text_map),
    ),
    families=(
        Family("langfuse.trace.metadata.", "metadata", _said),
        Family(METADATA, "metadata", _said, besides=frozenset({"langfuse_", "finish_reason", "id", "instructions"})),
    ),
    phrases=(
        Phrase((TYPE,), _model_call),
        Phrase((LEVEL,), _failure),
        Phrase((PARAMETERS,), _parameters),
        Phrase((USAGE,), _usage),
        Phrase((COST,), _cost),
        Phrase((FIRST_TOKEN,), _first_token),
    ),
)
