"""OpenTelemetry GenAI, names of today and of yesterday (semantic conventions v1.27 to v1.41.1). Pure.

Here ``input_tokens`` includes cached and ``output_tokens`` includes reasoning tokens, which is the canonical rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from spanglass import semconv
from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects.dialect import Dialect, Family, Found, Phrase, Word
from spanglass_collector.dialects.indexed import tree
from spanglass_collector.dialects.providers import provider
from spanglass_collector.messages import input_messages, messages_from_value, output_messages, parts_from_value

KIND_OF_OPERATION: Final[Mapping[str, Kind]] = {
    "chat": Kind.LLM,
    "text_completion": Kind.LLM,
    "generate_content": Kind.LLM,
    "completion": Kind.LLM,
    "responses": Kind.LLM,
    "embeddings": Kind.EMBEDDING,
    "embedding": Kind.EMBEDDING,
    "rerank": Kind.RERANK,
    "retrieval": Kind.RETRIEVER,
    "execute_tool": Kind.TOOL,
    "invoke_agent": Kind.AGENT,
    "create_agent": Kind.AGENT,
    "invoke_workflow": Kind.CHAIN,
    "agent_step": Kind.CHAIN,
    "execute_event_loop_cycle": Kind.CHAIN,
}
PYDANTIC_AI: Final = "pydantic-ai"
UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_DETAILS = "gen_ai.usage.details."


def _kind(value: Value) -> Kind | None:
    return KIND_OF_OPERATION.get(value) if isinstance(value, str) else None


def _indexed_messages(span: WireSpan) -> Iterable[Found]:
    """``gen_ai.prompt.0.content`` and ``gen_ai.completion.0.content``, the form before v1.28."""
    for prefix, field, role in (
        ("gen_ai.prompt.", "input_messages", "user"),
        ("gen_ai.completion.", "output_messages", "assistant"),
    ):
        listed, names = tree(span.attributes, prefix)
        for message in listed:
            if isinstance(message, dict) and isinstance(blocks := values.from_json(message.get("content")), list):
                message["content"] = blocks
        messages = messages_from_value(listed, role)
        if messages:
            yield Found(field, messages, names)


def _conversation(span: WireSpan) -> Iterable[Found]:
    """The conversation is the session, but for the one that pydantic-ai makes up for a run that has none."""
    told = values.text(span.attributes.get(semconv.CONVERSATION_ID))
    if told and not (span.scope_name == PYDANTIC_AI and UUID7.fullmatch(told)):
        yield Found("session_id", told, (semconv.CONVERSATION_ID,))


def _first_token_of_server(span: WireSpan) -> Iterable[Found]:
    """``gen_ai.server.time_to_first_token``: a float is seconds, and says something only of a stream; an int is
    milliseconds.
    """
    name = "gen_ai.server.time_to_first_token"
    value = span.attributes.get(name)
    if isinstance(value, float) and values.flag(span.attributes.get(semconv.REQUEST_STREAM)):
        yield Found("time_to_first_token_ns", values.seconds_as_ns(value), (name,))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield Found("time_to_first_token_ns", values.seconds_as_ns(value / 1000), (name,))


GEN_AI: Final = Dialect(
    name="gen_ai",
    prefixes=("gen_ai.",),
    words=(
        Word(semconv.OPERATION_NAME, "kind", _kind),
        Word(semconv.PROVIDER_NAME, "provider", provider),
        Word("gen_ai.system", "provider", provider),
        Word(semconv.REQUEST_MODEL, "request_model", values.text),
        Word(semconv.RESPONSE_MODEL, "response_model", values.text),
        Word(semconv.RESPONSE_ID, "response_id", values.text),
        Word(semconv.FINISH_REASONS, "finish_reasons", values.texts),
        Word(semconv.SYSTEM_FINGERPRINT, "system_fingerprint", values.text),
        Word("gen_ai.openai.response.system_fingerprint", "system_fingerprint", values.text),
        Word(semconv.SERVICE_TIER, "service_tier", values.text),
        Word("gen_ai.openai.response.service_tier", "service_tier", values.text),
        Word("anthropic.response.service_tier", "service_tier", values.text),
        Word(semconv.TIME_TO_FIRST_CHUNK, "time_to_first_token_ns", values.seconds_as_ns),
        Word("gen_ai.client.operation.time_to_first_chunk", "time_to_first_token_ns", values.seconds_as_ns),
        Word(semconv.INPUT_TOKENS, "input_tokens", values.whole),
        Word("gen_ai.usage.prompt_tokens", "input_tokens", values.whole),
        Word(semconv.OUTPUT_TOKENS, "output_tokens", values.whole),
        Word("gen_ai.usage.completion_tokens", "output_tokens", values.whole),
        Word(semconv.CACHE_READ_TOKENS, "cache_read_tokens", values.whole),
        Word("gen_ai.usage.cache_read_input_tokens", "cache_read_tokens", values.whole),
        Word(semconv.CACHE_WRITE_TOKENS, "cache_write_tokens", values.whole),
        Word("gen_ai.usage.cache_write.input_tokens", "cache_write_tokens", values.whole),
        Word("gen_ai.usage.cache_creation_input_tokens", "cache_write_tokens", values.whole),
        Word("gen_ai.usage.cache_write_input_tokens", "cache_write_tokens", values.whole),
        Word(semconv.REASONING_TOKENS, "reasoning_tokens", values.whole),
        Word("gen_ai.usage.reasoning_tokens", "reasoning_tokens", values.whole),
        Word(_DETAILS + "reasoning_tokens", "reasoning_tokens", values.whole),
        Word(semconv.INPUT_AUDIO_TOKENS, "input_audio_tokens", values.whole),
        Word(semconv.OUTPUT_AUDIO_TOKENS, "output_audio_tokens", values.whole),
        Word("gen_ai.usage.cost", "cost_usd", values.dollars_not_zero),
        Word("gen_ai.cost.total_cost", "cost_usd", values.dollars_not_zero),
        Word("operation.cost", "cost_usd", values.dollars_not_zero),
        Word(semconv.SYSTEM_INSTRUCTIONS, "system_parts", parts_from_value),
        Word(semconv.INPUT_MESSAGES, "input_messages", input_messages),
        Word(semconv.OUTPUT_MESSAGES, "output_messages", output_messages),
        Word(semconv.TOOL_NAME, "tool_name", values.text),
        Word("gen_ai.tool.call.arguments", "input_text", values.as_text),
        Word("gen_ai.tool.call.result", "output_text", values.as_text),
        Word("gen_ai.retrieval.query.text", "input_text", values.as_text),
        Word("gen_ai.retrieval.documents", "output_text", values.as_text),
        Word(semconv.PROMPT_NAME, "prompt_name", values.text),
        Word(semconv.PROMPT_VERSION, "prompt_version", values.text),
    ),
    families=(Family(semconv.REQUEST_PREFIX, "parameters", values.said, besides=frozenset({"model"})),),
    phrases=(
        Phrase(("gen_ai.prompt.", "gen_ai.completion."), _indexed_messages),
        Phrase(("gen_ai.server.time_to_first_token",), _first_token_of_server),
        Phrase((semconv.CONVERSATION_ID,), _conversation),
    ),
)
