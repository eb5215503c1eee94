"""OpenInference (Arize Phoenix): flat names with numbers in them, and the raw request and response as JSON. Pure.

Names after https://github.com/Arize-ai/openinference, ``semantic_conventions.md``. Three habits that matter:
``llm.model_name`` is the model that *answered*, the one asked for is inside the invocation parameters;
``llm.token_count.prompt`` includes cached tokens; ``input.value`` and ``output.value`` of a model call repeat its
messages and are not kept twice. Embedding vectors are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects.dialect import EVENT, Dialect, Found, Phrase, Word
from spanglass_collector.dialects.indexed import tree
from spanglass_collector.messages import messages_from_value

KIND: Final = "openinference.span.kind"
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
INPUT: Final = "input.value"
OUTPUT: Final = "output.value"
INVOCATIONS: Final = ("llm.invocation_parameters", "embedding.invocation_parameters")
NOT_PARAMETERS: Final = frozenset({"model", "model_name", "messages", "tools", "functions", "input", "system"})
"""Keys of the invocation parameters that have a place of their own."""
FIRST_TOKEN_EVENT: Final = "First Token Stream Event"  # noqa: S105  (the name of a span event)


def _kind(value: Value) -> Kind | None:
    return KIND_OF_SPAN.get(value.upper()) if isinstance(value, str) else None


def _messages(span: WireSpan) -> Iterable[Found]:
    """``llm.input_messages.0.message.content`` and its kind, and the raw values that repeat them."""
    for prefix, field, role, raw in (
        ("llm.input_messages.", "input_messages", "user", INPUT),
        ("llm.output_messages.", "output_messages", "assistant", OUTPUT),
    ):
        listed, names = tree(span.attributes, prefix)
        messages = messages_from_value([_plain_message(item) for item in listed if isinstance(item, dict)], role)
        if messages:
            yield Found(field, messages, (*names, raw))


def _plain_message(item: dict[str, Any]) -> dict[str, Any]:
    """A message as OpenAI writes it: content or contents, tool calls without their wrappers."""
    message = item.get("message")
    if not isinstance(message, dict):
        return {}
    calls = message.get("tool_calls")
    contents = message.get("contents")
    return {
        "role": message.get("role"),
        "name": message.get("name"),
        "content": [content for c in contents if not _is_call(content := _unwrapped(c, "message_content"))]
        if isinstance(contents, list)
        else message.get("content"),
        "tool_call_id": message.get("tool_call_id"),
        "tool_calls": [_unwrapped(call, "tool_call") for call in calls] if isinstance(calls, list) else [],
    }


def _is_call(content: Any) -> bool:
    """Whether this part of a content is a tool call, which is told apart, with its arguments."""
    return isinstance(content, dict) and str(content.get("type")) in {"tool_use", "tool_call"}


def _unwrapped(item: Any, name: str) -> Any:
    inner = item.get(name, item) if isinstance(item, dict) else item
    if isinstance(inner, dict) and isinstance(inner.get("image"), dict):
        return {"type": "image_url", "image_url": inner["image"].get("image", inner["image"])}
    return inner


def _invocation(span: WireSpan) -> Iterable[Found]:
    """The request parameters, and the model that was asked for."""
    for name in INVOCATIONS:
        sent = values.from_json(span.attributes.get(name))
        if isinstance(sent, dict):
            told = {k: values.as_text(v) for k, v in sent.items() if v is not None and k not in NOT_PARAMETERS}
            yield Found("parameters", told, (name,))
            if model := values.text(sent.get("model")) or values.text(sent.get("model_name")):
                yield Found("request_model", model)


def _raw_response(span: WireSpan) -> Iterable[Found]:
    """What only the raw request and response of a model call say: the model asked for, the id, the fingerprint."""
    if _kind(span.attributes.get(KIND)) not in {Kind.LLM, Kind.EMBEDDING}:
        return
    request = values.from_json(span.attributes.get(INPUT))
    if isinstance(request, dict) and (model := values.text(request.get("model"))):
        yield Found("request_model", model)
    response = values.from_json(span.attributes.get(OUTPUT))
    if not isinstance(response, dict):
        return
    for key, field in (
        ("id", "response_id"),
        ("system_fingerprint", "system_fingerprint"),
        ("model", "response_model"),
    ):
        if isinstance(told := response.get(key), str) and told:
            yield Found(field, told)
    if isinstance(tier := response.get("service_tier"), str) and tier:
        yield Found("service_tier", tier)
    choices = response.get("choices")
    reasons = (
        [choice.get("finish_reason") for choice in choices if isinstance(choice, dict)]
        if isinstance(choices, list)
        else []
    )
    if told_reasons := values.texts(reasons) or values.texts(response.get("stop_reason")):
        yield Found("finish_reasons", told_reasons)


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


def _mime_types(span: WireSpan) -> Iterable[Found]:
    """Nothing that the value does not say itself."""
    names = tuple(name for name in ("input.mime_type", "output.mime_type") if name in span.attributes)
    if names:
        yield Found("", None, names)


_PROMPT = "llm.token_count.prompt"
_COMPLETION = "llm.token_count.completion"

OPENINFERENCE: Final = Dialect(
    name="openinference",
    prefixes=("openinference.", "llm.", "input.value", "output.value", "embedding.", "retrieval.", "reranker."),
    words=(
        Word(KIND, "kind", _kind),
        Word("llm.provider", "provider", values.lower),
        Word("llm.system", "provider", values.lower),
        Word("llm.request.model_name", "request_model", values.text),
        Word("llm.response.model_name", "response_model", values.text),
        Word("llm.model_name", "response_model", values.text),
        Word("embedding.model_name", "response_model", values.text),
        Word("reranker.model_name", "response_model", values.text),
        Word(_PROMPT, "input_tokens", values.whole),
        Word(_COMPLETION, "output_tokens", values.whole),
        Word(_PROMPT + "_details.cache_read", "cache_read_tokens", values.whole),
        Word(_PROMPT + "_details.cache_write", "cache_write_tokens", values.whole),
        Word(_PROMPT + "_details.audio", "input_audio_tokens", values.whole),
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
        Phrase(("llm.input_messages.", "llm.output_messages."), _messages),
        Phrase(INVOCATIONS, _invocation),
        Phrase(("embedding.embeddings.",), _embeddings),
        Phrase(("retrieval.documents.", "reranker.output_documents."), _documents),
        Phrase((EVENT + FIRST_TOKEN_EVENT,), _first_token),
        Phrase(("input.mime_type", "output.mime_type"), _mime_types),
        Phrase((KIND,), _raw_response),
    ),
)
