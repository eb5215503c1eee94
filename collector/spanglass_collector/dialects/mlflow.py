"""MLflow Tracing (measured: mlflow 3.17). Pure.

Every attribute's value is JSON by itself, a text in quotes; but tags of the trace, which lie on its root, are not.
Inputs and outputs of a model call are the request and the answer whole, and each parameter of the request is an
attribute once more. A chunk of a stream is an event.
Names: https://mlflow.org/docs/latest/genai/tracing, ``mlflow.tracing.constant``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects.dialect import EVENT, Dialect, Family, Found, Phrase, Word
from spanglass_collector.dialects.providers import provider
from spanglass_collector.provider_bodies import answered, asked
from spanglass_collector.usage import usage_told

KIND_OF_TYPE: Final[Mapping[str, Kind]] = {
    "LLM": Kind.LLM,
    "CHAT_MODEL": Kind.LLM,
    "EMBEDDING": Kind.EMBEDDING,
    "RERANKER": Kind.RERANK,
    "RETRIEVER": Kind.RETRIEVER,
    "TOOL": Kind.TOOL,
    "AGENT": Kind.AGENT,
    "CHAIN": Kind.CHAIN,
    "WORKFLOW": Kind.CHAIN,
    "TASK": Kind.CHAIN,
    "PARSER": Kind.CHAIN,
    "GUARDRAIL": Kind.GUARDRAIL,
    "EVALUATOR": Kind.EVALUATOR,
}
TYPE: Final = "mlflow.spanType"
INPUTS: Final = "mlflow.spanInputs"
OUTPUTS: Final = "mlflow.spanOutputs"
USAGE: Final = "mlflow.chat.tokenUsage"
COST: Final = "mlflow.llm.cost"
MODEL: Final = "mlflow.llm.model"
TAG: Final = "mlflow.traceTag."
FIRST_CHUNK: Final = "mlflow.chunk.item.0"
MODEL_TYPES: Final = frozenset({Kind.LLM, Kind.EMBEDDING, Kind.RERANK})


def _inner(value: Value) -> Value:
    """The value out of its JSON; what is no JSON is told as it is."""
    inner: Value = values.from_json(value)
    return value if inner is None and isinstance(value, str) else inner


def _text(value: Value) -> str | None:
    return values.text(_inner(value))


def _said(value: Value) -> str | None:
    return values.said(_inner(value))


def _provider(value: Value) -> str | None:
    return provider(_inner(value))


def _kind(value: Value) -> Kind | None:
    told = _text(value)
    return KIND_OF_TYPE.get(told.upper()) if told else None


def _model_call(span: WireSpan) -> Iterable[Found]:
    """The request and the answer of a call of a model, and the attributes that repeat the parameters."""
    attributes = span.attributes
    kind = _kind(attributes.get(TYPE))
    if kind not in MODEL_TYPES:
        if kind is Kind.TOOL:
            yield Found("tool_name", span.name)
        return
    sent = _inner(attributes.get(INPUTS))
    for field, value in asked(sent).items():
        yield Found(field, value, (INPUTS,))
    if isinstance(sent, dict):
        yield Found("", None, tuple(name for name in sent if name in attributes))
    told = answered(_inner(attributes.get(OUTPUTS))) if OUTPUTS in attributes else {}
    for field, value in told.items():
        yield Found(field, value, (OUTPUTS,))
    if kind is Kind.EMBEDDING and told:
        yield Found("output_text", "", (OUTPUTS,))  # vectors are not kept


def _model(span: WireSpan) -> Iterable[Found]:
    """The model that answered; of a call without an answer the one that was asked."""
    if model := _text(span.attributes[MODEL]):
        yield Found("response_model" if OUTPUTS in span.attributes else "request_model", model, (MODEL,))


def _usage(span: WireSpan) -> Iterable[Found]:
    for field, value in usage_told(span.attributes[USAGE]).items():
        yield Found(field, value, (USAGE,))


def _cost(span: WireSpan) -> Iterable[Found]:
    told = values.from_json(span.attributes[COST])
    cost: Decimal | None = values.dollars_not_zero(told.get("total_cost")) if isinstance(told, dict) else None
    if cost is not None:
        yield Found("cost_usd", cost, (COST,))


def _tags(span: WireSpan) -> Iterable[Found]:
    """Tags with names become metadata, and their values tags."""
    told = {name: values.as_text(value) for name, value in span.attributes.items() if name.startswith(TAG)}
    tags = tuple(value for name, value in told.items() if value and not name.startswith(TAG + "mlflow."))
    if tags:
        yield Found("tags", tags)


def _first_chunk(span: WireSpan) -> Iterable[Found]:
    for event in span.events:
        if event.name == FIRST_CHUNK and event.time_ns >= span.start_ns:
            yield Found("time_to_first_token_ns", event.time_ns - span.start_ns)
            return


MLFLOW: Final = Dialect(
    name="mlflow",
    prefixes=("mlflow.",),
    words=(
        Word(TYPE, "kind", _kind),
        Word("model", "request_model", _text),
        Word("mlflow.llm.provider", "provider", _provider),
        Word("mlflow.trace.session", "session_id", _text),
        Word("mlflow.trace.user", "user_id", _text),
        Word("user", "user_id", _text),
        Word(INPUTS, "input_text", _said),
        Word(OUTPUTS, "output_text", _said),
    ),
    families=(Family(TAG, "metadata", values.said, besides=frozenset({"mlflow."})),),
    phrases=(
        Phrase((TYPE,), _model_call),
        Phrase((MODEL,), _model),
        Phrase((USAGE,), _usage),
        Phrase((COST,), _cost),
        Phrase((TAG,), _tags),
        Phrase((EVENT + FIRST_CHUNK,), _first_chunk),
    ),
)
