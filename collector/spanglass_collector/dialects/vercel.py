"""Vercel's AI SDK, versions 3 to 5 (measured: ai 5.0; from 7 on it speaks OpenTelemetry's names). Pure.

``ai.generateText`` and its like stand around the calls of a model (``….doGenerate``, ``….doStream``, ``….doEmbed``) and
repeat the usage of the last of them. Embedding vectors are not kept.
Names: https://ai-sdk.dev/docs/ai-sdk-core/telemetry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects.dialect import Dialect, Family, Found, Phrase, Word
from spanglass_collector.dialects.providers import provider
from spanglass_collector.message_parts import Part, parts_of, reasoning_part, text_part
from spanglass_collector.messages import messages_from_value
from spanglass_collector.provider_bodies import asked

OPERATION: Final = "ai.operationId"
KIND_OF_END: Final[Mapping[str, Kind]] = {
    "doGenerate": Kind.LLM,
    "doStream": Kind.LLM,
    "doEmbed": Kind.EMBEDDING,
    "doRerank": Kind.RERANK,
    "toolCall": Kind.TOOL,
}
"""By the last word of an operation; every other operation is a chain of such."""
PARAMETERS: Final[Mapping[str, str]] = {
    "maxOutputTokens": "max_tokens",
    "maxTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "stopSequences": "stop_sequences",
    "seed": "seed",
}
"""Settings that are parameters of the request, and what everybody else calls them."""
TELEMETRY: Final = "ai.telemetry.metadata."
PROMPTS: Final = ("ai.prompt.messages", "ai.prompt")
TEXTS: Final = ("ai.response.text", "ai.response.object", "ai.result.text", "ai.result.object")
CALLS: Final = ("ai.response.toolCalls", "ai.result.toolCalls")
REASONING: Final = ("ai.response.reasoning", "ai.response.reasoningText")
EMBEDDED: Final = ("ai.values", "ai.value")
VECTORS: Final = ("ai.embeddings", "ai.embedding")


def _kind(value: Value) -> Kind | None:
    return KIND_OF_END.get(value.rpartition(".")[2], Kind.CHAIN) if isinstance(value, str) else None


def _milliseconds(value: Value) -> int | None:
    found = values.number(value)
    return values.seconds_as_ns(found / 1000) if found is not None else None


def _parameter(setting: str, name: str) -> Word:
    return Word("ai.settings." + setting, "parameters", lambda value: {name: values.as_text(value)})


def _prompt(span: WireSpan) -> Iterable[Found]:
    """What was said: of a call as messages, around it as the application gave it."""
    name = next(name for name in PROMPTS if name in span.attributes)
    for field, value in asked(span.attributes[name]).items():
        yield Found(field, value, (name,))


def _answer(span: WireSpan) -> Iterable[Found]:
    """One message: what the model thought, said, and asked for."""
    attributes = span.attributes
    parts: list[Part] = []
    parts += [reasoning_part(attributes[name]) for name in REASONING if attributes.get(name)]
    parts += [text_part(attributes[name]) for name in TEXTS if attributes.get(name)]
    for name in CALLS:
        calls = values.from_json(attributes.get(name))
        if isinstance(calls, list):
            parts += parts_of([{"type": "tool-call", **call} for call in calls if isinstance(call, dict)])
    if parts:
        yield Found("output_messages", [{"role": "assistant", "parts": parts}], (*REASONING, *TEXTS, *CALLS))


def _embedded(span: WireSpan) -> Iterable[Found]:
    """The texts that were embedded: each is JSON."""
    for name in EMBEDDED:
        told = span.attributes.get(name)
        listed = [values.from_json(each) or each for each in (told if isinstance(told, list) else [told]) if each]
        if messages := messages_from_value(listed, "user"):
            yield Found("input_messages", messages, (name,))
    yield Found("", None, VECTORS)


def _streamed(span: WireSpan) -> Iterable[Found]:
    operation = span.attributes[OPERATION]
    if isinstance(operation, str) and ("stream" in operation or "Stream" in operation):
        yield Found("parameters", {"stream": "true"})


VERCEL: Final = Dialect(
    name="vercel",
    prefixes=("ai.",),
    words=(
        Word(OPERATION, "kind", _kind),
        Word("ai.model.provider", "provider", provider),
        Word("ai.model.id", "request_model", values.text),
        Word("ai.response.model", "response_model", values.text),
        Word("ai.response.id", "response_id", values.text),
        Word("ai.response.finishReason", "finish_reasons", values.texts),
        Word("ai.finishReason", "finish_reasons", values.texts),
        Word("ai.response.msToFirstChunk", "time_to_first_token_ns", _milliseconds),
        Word("ai.stream.msToFirstChunk", "time_to_first_token_ns", _milliseconds),
        Word("ai.usage.inputTokens", "input_tokens", values.whole),
        Word("ai.usage.promptTokens", "input_tokens", values.whole),
        Word("ai.usage.tokens", "input_tokens", values.whole),
        Word("ai.usage.outputTokens", "output_tokens", values.whole),
        Word("ai.usage.completionTokens", "output_tokens", values.whole),
        Word("ai.usage.cachedInputTokens", "cache_read_tokens", values.whole),
        Word("ai.usage.reasoningTokens", "reasoning_tokens", values.whole),
        Word("ai.toolCall.name", "tool_name", values.text),
        Word("ai.toolCall.args", "input_text", values.as_text),
        Word("ai.toolCall.result", "output_text", values.as_text),
        *(Word(TELEMETRY + name, "session_id", values.text) for name in ("sessionId", "session_id", "session.id")),
        *(Word(TELEMETRY + name, "user_id", values.text) for name in ("userId", "user_id", "user.id")),
        Word(TELEMETRY + "tags", "tags", values.texts),
        *(_parameter(setting, name) for setting, name in PARAMETERS.items()),
    ),
    families=(
        Family(
            TELEMETRY,
            "metadata",
            values.said,
            besides=frozenset({"sessionId", "session_id", "session.id", "userId", "user_id", "user.id", "tags"}),
        ),
    ),
    phrases=(
        Phrase(PROMPTS, _prompt),
        Phrase((*TEXTS, *CALLS, *REASONING), _answer),
        Phrase((*EMBEDDED, *VECTORS), _embedded),
        Phrase((OPERATION,), _streamed),
    ),
)
