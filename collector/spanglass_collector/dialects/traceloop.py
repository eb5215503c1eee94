"""OpenLLMetry (Traceloop): what it says beside ``gen_ai.*``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Value
from spanglass_collector.dialects.dialect import Dialect, Family, Word

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
_SESSION = ASSOCIATION + "session_id"
_USER = ASSOCIATION + "user_id"


def _kind_of_span(value: Value) -> Kind | None:
    return KIND_OF_SPAN.get(value) if isinstance(value, str) else None


def _kind_of_request(value: Value) -> Kind | None:
    return KIND_OF_REQUEST.get(value) if isinstance(value, str) else None


TRACELOOP: Final = Dialect(
    name="traceloop",
    prefixes=("traceloop.", "llm.request.type"),
    words=(
        Word("traceloop.span.kind", "kind", _kind_of_span),
        Word("llm.request.type", "kind", _kind_of_request),
        Word(_SESSION, "session_id", values.text),
        Word(_USER, "user_id", values.text),
        Word("traceloop.entity.input", "input_text", values.as_text),
        Word("traceloop.entity.output", "output_text", values.as_text),
        Word("traceloop.prompt.key", "prompt_name", values.text),
        Word("traceloop.prompt.version", "prompt_version", values.text),
    ),
    families=(Family(ASSOCIATION, "metadata", values.as_text, besides=frozenset({"session_id", "user_id"})),),
)
