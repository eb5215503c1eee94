"""OpenTelemetry's instrumentor of OpenAI's agents: tool calls and thoughts come as Python prints them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from spanglass import semconv
from spanglass_collector.decode import WireSpan
from spanglass_collector.dialects.dialect import Dialect, Found, Phrase
from spanglass_collector.message_parts import reasoning_part, tool_call
from spanglass_collector.messages import Part, messages_from_value
from spanglass_collector.python_repr import CLASS, from_repr

SCOPE: Final = "opentelemetry.instrumentation.openai_agents"
_PRINTED: Final = ("ResponseFunctionToolCall(", "ResponseReasoningItem(")


def _output(span: WireSpan) -> Iterable[Found]:
    told = messages_from_value(span.attributes.get(semconv.OUTPUT_MESSAGES), "assistant") or []
    if any(_is_printed(part) for message in told for part in message["parts"]):
        read = [{**message, "parts": [_part(part) for part in message["parts"]]} for message in told]
        yield Found("output_messages", read, (semconv.OUTPUT_MESSAGES,))


def _model(span: WireSpan) -> Iterable[Found]:
    """Of the responses interface it knows the model that answered only, and writes it for both."""
    told = span.attributes
    if told[semconv.RESPONSE_MODEL] == told.get(semconv.REQUEST_MODEL):
        yield Found("request_model", "")


def _is_printed(part: Part) -> bool:
    content = part.get("content")
    return part.get("type") == "text" and isinstance(content, str) and content.startswith(_PRINTED)


def _part(part: Part) -> Part:
    opened: Any = from_repr(part["content"]) if _is_printed(part) else None
    if not isinstance(opened, dict):
        return part
    if opened.get(CLASS) == "ResponseReasoningItem":
        return reasoning_part(opened.get("summary"))
    return tool_call(opened.get("call_id"), opened.get("name"), opened.get("arguments"))


OPENAI_AGENTS: Final = Dialect(
    name="openai_agents",
    prefixes=(),
    scopes=(SCOPE,),
    only_scopes=True,
    phrases=(Phrase((semconv.OUTPUT_MESSAGES,), _output), Phrase((semconv.RESPONSE_MODEL,), _model)),
)
