"""Which model was asked and which answered, in OpenInference, which has one name for both. Pure.

``llm.model_name`` is the model that answered in some instrumentors and the one asked for in others; the other one, and
what the provider said besides, is in the request and the answer as they were sent, if at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from spanglass_collector import values
from spanglass_collector.decode import WireSpan
from spanglass_collector.dialects.dialect import Found
from spanglass_collector.dialects.openinference_messages import INPUT, OUTPUT
from spanglass_collector.messages import text_part
from spanglass_collector.provider_bodies import answered
from spanglass_collector.usage import usage_told

KIND: Final = "openinference.span.kind"
_CALLS: Final = frozenset({"LLM", "EMBEDDING", "RERANKER"})
INVOCATIONS: Final = ("llm.invocation_parameters", "embedding.invocation_parameters")
NAMES: Final = ("llm.model_name", "embedding.model_name", "reranker.model_name")
REQUESTED: Final = "llm.request.model_name"
PROMPT_TOKENS: Final = "llm.token_count.prompt"
NOT_PARAMETERS: Final = frozenset(
    {"model", "model_name", "messages", "tools", "functions", "input", "system", "instructions"}
)
"""Keys of the invocation parameters that have a place of their own."""
OF_ANSWERS: Final = frozenset(
    {"id", "object", "created_at", "completed_at", "status", "output", "usage", "error", "incomplete_details"}
)
"""Keys of the answer of OpenAI's responses interface, which repeats the parameters: they are no parameters."""
AN_ANSWER: Final = ({"object"}, {"id", "created_at"})
"""Keys that show that what is given as parameters is that answer, whole or in part."""
_SCOPES: Final = tuple(
    f"openinference.instrumentation.{name}"
    for name in ("agno", "dspy", "google_genai", "instructor", "litellm", "llama_index", "smolagents")
)
"""Instrumentors whose ``llm.model_name`` is what the application asked for."""
_LITELLM: Final = "openinference.instrumentation.litellm"
_PRINTED_ID: Final = re.compile(r"\bid='((?:chatcmpl|resp|msg)[-_][\w-]+)'")
"""The id of an answer in what Python prints of it."""


def facts(span: WireSpan) -> Iterable[Found]:
    """Models, parameters, and what only the answer as it was sent says."""
    sent = _invocations(span)
    parameters = {name: told for name, told in sent.items() if not any(keys <= told.keys() for keys in AN_ANSWER)}
    for name, told in sent.items():
        left_out = NOT_PARAMETERS if name in parameters else NOT_PARAMETERS | OF_ANSWERS
        kept = {key: values.as_text(value) for key, value in told.items() if value is not None and key not in left_out}
        yield Found("parameters", kept, (name,))
        if name not in parameters and (said := values.text(told.get("instructions"))):
            yield Found("system_parts", [text_part(said)])
    response = _response(span)
    yield from _models(span, parameters.values(), values.text(response.pop("response_model", None)))
    for field, value in response.items():
        yield Found(field, value)


def _invocations(span: WireSpan) -> dict[str, Mapping[str, Any]]:
    opened = ((name, values.from_json(span.attributes.get(name))) for name in INVOCATIONS)
    return {name: told for name, told in opened if isinstance(told, dict)}


def _response(span: WireSpan) -> dict[str, Any]:
    """What the answer of a model, as it was sent, says beside its messages."""
    sent = span.attributes.get(OUTPUT)
    if not _is_call(span) or not isinstance(sent, str) or not sent.startswith("{"):
        return {}
    told = answered(sent)
    found = {field: told[field] for field in _FROM_ANSWER if told.get(field)}
    if not found and isinstance(opened := values.from_json(sent), dict):
        if status := _http_status(opened):
            return {"http_status": status}
        meta, raw = opened.get("meta"), opened.get("raw")
        if isinstance(meta, dict) and PROMPT_TOKENS not in span.attributes:  # an embedder of Haystack
            return {"input_tokens": tokens} if (tokens := usage_told(meta.get("usage")).get("input_tokens")) else {}
        if isinstance(raw, str) and (printed := _PRINTED_ID.search(raw)):  # smolagents
            return {"response_id": printed[1]}
    return found


def _http_status(result: Mapping[str, Any]) -> str | None:
    """The HTTP status that LangChain's result of a failed call holds instead of an answer."""
    message: Any = result
    for step in ("generations", 0, 0, "message", "kwargs", "response_metadata"):
        try:
            message = message[step]
        except (KeyError, IndexError, TypeError):
            return None
    return values.text(message.get("status_code")) if isinstance(message, dict) else None


_FROM_ANSWER: Final = (
    "response_id",
    "response_model",
    "system_fingerprint",
    "service_tier",
    "finish_reasons",
)


def _models(span: WireSpan, parameters: Iterable[Mapping[str, Any]], responded: str | None) -> Iterable[Found]:
    """The model asked for and the one that answered, each where it is told."""
    attributes = span.attributes
    name_of = {attribute: name for attribute in NAMES if (name := values.text(attributes.get(attribute)))}
    asked = values.text(attributes.get(REQUESTED)) or _asked(span, parameters)
    for name in name_of.values():
        if _is_asked(span, name) if asked is None else asked.endswith("/" + name):  # the provider stands before it
            asked = name
        elif name != asked:
            responded = responded or name
    if asked and span.scope_name == _LITELLM:
        asked = asked.removeprefix(f"{values.lower(attributes.get('llm.provider'))}/")
    if asked:
        yield Found("request_model", asked, (REQUESTED, *name_of))
    if responded:
        yield Found("response_model", responded, tuple(name_of))


def _asked(span: WireSpan, parameters: Iterable[Mapping[str, Any]]) -> str | None:
    """The model that the parameters or the request itself name."""
    told = next((name for each in parameters for key in ("model", "model_name") if (name := values.text(each.get(key)))), None)  # fmt: skip
    if told:
        return told
    sent = span.attributes.get(INPUT) if _is_call(span) else None
    request = values.from_json(sent) if isinstance(sent, str) and sent.startswith("{") else None
    return values.text(request.get("model")) if isinstance(request, dict) else None


def _is_call(span: WireSpan) -> bool:
    """Whether it is the call of a model: whatever stands around calls repeats what they say."""
    return values.text(span.attributes.get(KIND)) in _CALLS


def _is_asked(span: WireSpan, name: str) -> bool:
    """Whether a name that nothing else explains is that of the model asked for: it is unless the answer has it too."""
    if span.scope_name.startswith(_SCOPES) or span.status_code == 2:
        return True
    if span.attributes.get(KIND) != "LLM":
        return True
    sent = span.attributes.get(OUTPUT)
    return not (isinstance(sent, str) and (f"'{name}'" in sent or f'"{name}"' in sent))
