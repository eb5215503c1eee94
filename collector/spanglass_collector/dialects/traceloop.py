"""OpenLLMetry (Traceloop): what it says beside ``gen_ai.*``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from spanglass import semconv
from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Value, WireSpan
from spanglass_collector.dialects import langchain
from spanglass_collector.dialects.dialect import EVENT, Dialect, Family, Found, Phrase, Word

KIND_OF_SPAN: Final[Mapping[str, Kind]] = {
    "workflow": Kind.CHAIN,
    "task": Kind.CHAIN,
    "agent": Kind.AGENT,
    "tool": Kind.TOOL,
}
KIND_OF_REQUEST: Final[Mapping[str, Kind]] = {
    "chat": Kind.LLM,
    "completion": Kind.LLM,
    "embedding": Kind.EMBEDDING,
    "rerank": Kind.RERANK,
}
ASSOCIATION: Final = "traceloop.association.properties."
ENTITY_INPUT: Final = "traceloop.entity.input"
LANGCHAIN: Final = "opentelemetry.instrumentation.langchain"
STREAMING: Final = ("gen_ai.is_streaming", "llm.is_streaming")
CHUNKS: Final = ("gen_ai.content.completion.chunk", "llm.content.completion.chunk")
"""Names of the events, one for each piece of a stream."""
NO_METADATA: Final = frozenset({"session_id", "thread_id", "user_id", *langchain.METADATA})
_SESSION = ASSOCIATION + "session_id"
_USER = ASSOCIATION + "user_id"


def _kind_of_span(value: Value) -> Kind | None:
    return KIND_OF_SPAN.get(value) if isinstance(value, str) else None


def _kind_of_request(value: Value) -> Kind | None:
    return KIND_OF_REQUEST.get(value) if isinstance(value, str) else None


def _streams(value: Value) -> dict[str, str] | None:
    told = values.flag(value)
    return None if told is None else {"stream": values.as_text(told)}


def _config_of_langchain(span: WireSpan) -> Iterable[Found]:
    """The tags of LangChain's configuration, which come with the input; not those that LangChain gives itself."""
    entity = values.from_json(span.attributes.get(ENTITY_INPUT))
    told = values.texts(entity.get("tags")) if isinstance(entity, dict) else None
    if tags := langchain.tags_given(told or ()):
        yield Found("tags", tags)


def _model_of_langchain(span: WireSpan) -> Iterable[Found]:
    """Where there was no answer to read it from, the model that was asked for stands as the one that answered."""
    told = span.attributes
    if semconv.RESPONSE_ID not in told and told[semconv.RESPONSE_MODEL] == told.get(semconv.REQUEST_MODEL):
        yield Found("response_model", "")


def _first_token(span: WireSpan) -> Iterable[Found]:
    """The first of the events that stand for pieces of a stream."""
    for event in span.events:
        if event.name in CHUNKS and event.time_ns >= span.start_ns:
            yield Found("time_to_first_token_ns", event.time_ns - span.start_ns)
            return


TRACELOOP: Final = Dialect(
    name="traceloop",
    prefixes=("traceloop.", "llm.request.type", *STREAMING, *(EVENT + name for name in CHUNKS)),
    words=(
        Word("traceloop.span.kind", "kind", _kind_of_span),
        Word("llm.request.type", "kind", _kind_of_request),
        Word(_SESSION, "session_id", values.text),
        Word(ASSOCIATION + "thread_id", "session_id", values.text),
        Word(_USER, "user_id", values.text),
        Word("gen_ai.user", "user_id", values.text),
        *(Word(name, "parameters", _streams) for name in STREAMING),
        Word(ENTITY_INPUT, "input_text", values.as_text),
        Word("gen_ai.task.input", "input_text", values.as_text),
        Word("traceloop.entity.output", "output_text", values.as_text),
        Word("gen_ai.task.output", "output_text", values.as_text),
        Word("traceloop.prompt.key", "prompt_name", values.text),
        Word("traceloop.prompt.version", "prompt_version", values.text),
    ),
    phrases=(
        Phrase(tuple(EVENT + name for name in CHUNKS), _first_token),
        Phrase((ENTITY_INPUT,), _config_of_langchain, scopes=(LANGCHAIN,)),
        Phrase((semconv.RESPONSE_MODEL,), _model_of_langchain, scopes=(LANGCHAIN,)),
    ),
    families=(Family(ASSOCIATION, "metadata", values.as_text, besides=NO_METADATA),),
)
