"""OpenInference (Arize Phoenix): flat names with numbers in them, and the raw request and response as JSON. Pure.

Names after https://github.com/Arize-ai/openinference, ``semantic_conventions.md``. Two habits that matter:
``llm.token_count.prompt`` includes cached tokens; ``input.value`` and ``output.value`` of a model call repeat its
messages and are not kept twice. Embedding vectors are not kept. Which model a name means: ``openinference_models``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects.dialect import EVENT, Dialect, Found, Phrase, Word
from spanglass_collector.dialects.indexed import tree
from spanglass_collector.dialects.openinference_messages import (
    INPUT,
    INSTRUCTOR_MODEL,
    OUTPUT,
    instructions,
    messages,
    structured_output,
)
from spanglass_collector.dialects.openinference_models import INVOCATIONS, KIND, NAMES, PROMPT_TOKENS, REQUESTED, facts
from spanglass_collector.dialects.providers import provider

KIND_OF_SPAN: Final[Mapping[str, Kind]] = {
    "LLM": Kind.LLM,
    "EMBEDDING": Kind.EMBEDDING,
    "RERANKER": Kind.RERANK,
    "RETRIEVER": Kind.RETRIEVER,
    "TOOL": Kind.TOOL,
    "AGENT": Kind.AGENT,
    "CHAIN": Kind.CHAIN,
    "GUARDRAIL": Kind.GUARDRAIL,
    "EVALUATOR": Kind.EVALUATOR,
    "PROMPT": Kind.PROMPT,
}
LANGCHAIN: Final = "openinference.instrumentation.langchain"
FIRST_TOKEN_EVENT: Final = "First Token Stream Event"  # noqa: S105  (the name of a span event)


def _kind(value: Value) -> Kind | None:
    return KIND_OF_SPAN.get(value.upper()) if isinstance(value, str) else None


def _embeddings(span: WireSpan) -> Iterable[Found]:
    """The embedded texts: one as it is, several as a JSON list. Vectors are dropped."""
    listed, names = tree(span.attributes, "embedding.embeddings.")
    inner = [item.get("embedding") for item in listed if isinstance(item, dict)]
    texts = [item["text"] for item in inner if isinstance(item, dict) and isinstance(item.get("text"), str)]
    if texts:
        yield Found("input_text", texts[0] if len(texts) == 1 else values.to_json(texts), (*names, INPUT, OUTPUT))


def _documents(span: WireSpan) -> Iterable[Found]:
    """Documents found, or put in order, as a JSON list of ``{content, id, score, metadata}``."""
    for prefix in ("retrieval.documents.", "reranker.output_documents."):
        listed, names = tree(span.attributes, prefix)
        documents = [item["document"] for item in listed if isinstance(item, dict) and "document" in item]
        if documents:
            yield Found("output_text", values.to_json(documents), (*names, OUTPUT))


def _first_token(span: WireSpan) -> Iterable[Found]:
    for event in span.events:
        if event.name == FIRST_TOKEN_EVENT and event.time_ns >= span.start_ns:
            yield Found("time_to_first_token_ns", event.time_ns - span.start_ns)
            return


def _config_of_langchain(span: WireSpan) -> Iterable[Found]:
    """User and session where an application put them among the metadata of LangChain's configuration."""
    told = values.from_json(span.attributes.get("metadata"))
    if isinstance(told, dict):
        for key, field in (("user_id", "user_id"), ("session_id", "session_id")):
            if found := values.text(told.get(key)):
                yield Found(field, found)


def _mime_types(span: WireSpan) -> Iterable[Found]:
    """Nothing that the value does not say itself."""
    names = tuple(name for name in ("input.mime_type", "output.mime_type") if name in span.attributes)
    if names:
        yield Found("", None, names)


_COMPLETION = "llm.token_count.completion"

OPENINFERENCE: Final = Dialect(
    name="openinference",
    prefixes=("openinference.", "llm.", "input.value", "output.value", "embedding.", "retrieval.", "reranker."),
    words=(
        Word(KIND, "kind", _kind),
        Word("llm.provider", "provider", provider),
        Word("llm.system", "provider", provider),
        Word("llm.response.model_name", "response_model", values.text),
        Word(PROMPT_TOKENS, "input_tokens", values.whole),
        Word(_COMPLETION, "output_tokens", values.whole),
        Word(PROMPT_TOKENS + "_details.cache_read", "cache_read_tokens", values.whole),
        Word(PROMPT_TOKENS + "_details.cache_write", "cache_write_tokens", values.whole),
        Word(PROMPT_TOKENS + "_details.audio", "input_audio_tokens", values.whole),
        Word(_COMPLETION + "_details.reasoning", "reasoning_tokens", values.whole),
        Word(_COMPLETION + "_details.audio", "output_audio_tokens", values.whole),
        Word("llm.cost.total", "cost_usd", values.dollars_not_zero),
        Word("llm.finish_reason", "finish_reasons", values.texts),
        Word("llm.prompt_template.version", "prompt_version", values.text),
        Word("tag.tags", "tags", values.texts),
        Word("metadata", "metadata", values.text_map),
        Word("tool.name", "tool_name", values.text),
        Word("reranker.query", "input_text", values.as_text),
        Word(INPUT, "input_text", values.as_text),
        Word(OUTPUT, "output_text", values.as_text),
        Word("tool.parameters", "input_text", values.as_text),
    ),
    phrases=(
        Phrase((INSTRUCTOR_MODEL,), structured_output),
        Phrase(("llm.input_messages.", "llm.output_messages."), messages),
        Phrase(("llm.input_messages.",), instructions),
        Phrase((KIND, REQUESTED, *NAMES, *INVOCATIONS), facts),
        Phrase(("embedding.embeddings.",), _embeddings),
        Phrase(("retrieval.documents.", "reranker.output_documents."), _documents),
        Phrase((EVENT + FIRST_TOKEN_EVENT,), _first_token),
        Phrase(("input.mime_type", "output.mime_type"), _mime_types),
        Phrase(("metadata",), _config_of_langchain, scopes=(LANGCHAIN,)),
    ),
)
