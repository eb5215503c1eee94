"""Genkit (measured: genkit 1.42). Pure.

What a span is stands in ``genkit:metadata:subtype``, its input and output whole as JSON. A model's name has the plugin
that serves it before it: ``googleai/gemini-2.5-flash``. What the provider answered lies in the output once more as it
came, which has the exact usage, and the id.
Names: https://github.com/firebase/genkit (``docs/telemetry``), ``js/core/src/tracing/instrumentation.ts``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects.dialect import Dialect, Found, Phrase, Word
from spanglass_collector.provider_bodies import answered, asked

KIND_OF_SUBTYPE: Final[Mapping[str, Kind]] = {
    "model": Kind.LLM,
    "background-model": Kind.LLM,
    "embedder": Kind.EMBEDDING,
    "reranker": Kind.RERANK,
    "retriever": Kind.RETRIEVER,
    "tool": Kind.TOOL,
    "tool.v2": Kind.TOOL,
    "agent": Kind.AGENT,
    "flow": Kind.CHAIN,
    "evaluator": Kind.EVALUATOR,
    "prompt": Kind.PROMPT,
    "executable-prompt": Kind.PROMPT,
}
KIND_OF_TYPE: Final[Mapping[str, Kind]] = {
    "flow": Kind.CHAIN,
    "flowStep": Kind.CHAIN,
    "util": Kind.CHAIN,
    "promptTemplate": Kind.PROMPT,
}
SUBTYPE: Final = "genkit:metadata:subtype"
NAME: Final = "genkit:name"
INPUT: Final = "genkit:input"
OUTPUT: Final = "genkit:output"
STATE: Final = "genkit:state"


def _kind(value: Value) -> Kind | None:
    return KIND_OF_SUBTYPE.get(value) if isinstance(value, str) else None


def _kind_of_type(value: Value) -> Kind | None:
    return KIND_OF_TYPE.get(value) if isinstance(value, str) else None


def _action(span: WireSpan) -> Iterable[Found]:
    """What an action was given and gave back: of a model as messages."""
    attributes = span.attributes
    kind = _kind(attributes.get(SUBTYPE))
    name = values.text(attributes.get(NAME)) or span.name
    if kind is Kind.TOOL:
        yield Found("tool_name", name, (NAME,))
    if kind not in {Kind.LLM, Kind.EMBEDDING}:
        return
    plugin, _, model = name.rpartition("/")
    yield Found("request_model", model, (NAME,))
    if plugin:
        yield Found("provider", plugin.lower(), (NAME,))
    for field, value in asked(attributes.get(INPUT)).items():
        yield Found(field, value, (INPUT,))
    if kind is Kind.EMBEDDING:
        yield Found("output_text", "", (OUTPUT,))  # vectors are not kept
        return
    output = values.from_json(attributes.get(OUTPUT))
    for place in (output.get("raw") or output.get("custom") if isinstance(output, dict) else None, output):
        for field, value in answered(place).items() if isinstance(place, dict) else ():
            if place is output or field != "output_messages":
                yield Found(field, value, (OUTPUT,))


def _failure(span: WireSpan) -> Iterable[Found]:
    if span.attributes[STATE] == "error":
        yield Found("status", "error", (STATE,))


GENKIT: Final = Dialect(
    name="genkit",
    prefixes=("genkit:",),
    words=(
        Word(SUBTYPE, "kind", _kind),
        Word("genkit:type", "kind", _kind_of_type),
        Word("genkit:sessionId", "session_id", values.text),
        Word(INPUT, "input_text", values.as_text),
        Word(OUTPUT, "output_text", values.as_text),
    ),
    phrases=(
        Phrase((SUBTYPE,), _action),
        Phrase((STATE,), _failure),
    ),
)
