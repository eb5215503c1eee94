"""Messages of OpenInference: flat names with numbers in them, and what some instrumentors leave to the raw values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from spanglass.semconv import Kind
from spanglass_collector import values
from spanglass_collector.decode import Attributes, WireSpan
from spanglass_collector.dialects.dialect import Found
from spanglass_collector.dialects.indexed import tree
from spanglass_collector.messages import messages_from_value
from spanglass_collector.provider_bodies import asked
from spanglass_collector.python_repr import CLASS, from_repr

INPUT: Final = "input.value"
OUTPUT: Final = "output.value"
SYSTEM: Final = frozenset({"system", "developer"})
STRAY_CALLS: Final = "message.tool_calls."
"""Where google_genai puts the calls it made by itself: the name lacks which message they belong to."""
HAYSTACK: Final = "openinference.instrumentation.haystack"
OPENAI_AGENTS: Final = "openinference.instrumentation.openai_agents"
INSTRUCTOR: Final = "openinference.instrumentation.instructor"
INSTRUCTOR_MODEL: Final = "instructor.response_model"
_SIDES: Final = (
    ("llm.input_messages.", "input_messages", "user", INPUT, "messages"),
    ("llm.output_messages.", "output_messages", "assistant", OUTPUT, "replies"),
)


def messages(span: WireSpan) -> Iterable[Found]:
    """``llm.input_messages.0.message.content`` and its kind, and the raw values that repeat them."""
    for prefix, field, role, raw, key in _SIDES:
        listed, names = tree(span.attributes, prefix)
        told: list[Any] = [_plain_message(item) for item in listed if isinstance(item, dict)]
        sent = values.from_json(span.attributes.get(raw)) if told else None
        whole = sent.get(key) if isinstance(sent, dict) else None
        if isinstance(whole, list) and len(whole) == len(told):
            if span.scope_name == HAYSTACK:
                told = _of_haystack(whole) or told
            else:
                _name_answers(told, whole)
        if span.scope_name == OPENAI_AGENTS and raw == INPUT:
            told += _said_in_one_text(span, told)
        if field == "output_messages" and told:
            calls, stray = tree(span.attributes, STRAY_CALLS)
            told[0].setdefault("tool_calls", []).extend(_unwrapped(call, "tool_call") for call in calls)
            names = (*names, *stray)
        if found := messages_from_value(told, role):
            yield Found(field, found, (*names, raw))


def instructions(span: WireSpan) -> Iterable[Found]:
    """The system instructions of a request as it was sent, where no message has them."""
    attributes = span.attributes
    if any(role in SYSTEM for name, role in attributes.items() if name.endswith(".message.role")):
        return
    sent = attributes.get(INPUT)
    if isinstance(sent, str) and sent.startswith("{") and (parts := asked(sent).get("system_parts")):
        yield Found("system_parts", parts)


def structured_output(span: WireSpan) -> Iterable[Found]:
    """Instructor: a call of a model whose answer was read into an object, told as the tool call it is underneath."""
    name = values.text(span.attributes.get(INSTRUCTOR_MODEL))
    if span.scope_name != INSTRUCTOR or not name:
        return
    yield Found("kind", Kind.LLM, ("openinference.span.kind",))
    if output := values.text(span.attributes.get(OUTPUT)):
        call: Any = {"function": {"name": name, "arguments": output}}
        answer = messages_from_value([{"role": "assistant", "tool_calls": [call]}], "assistant")
        yield Found("output_messages", answer, (OUTPUT, INSTRUCTOR_MODEL))


def _plain_message(item: dict[str, Any]) -> Any:
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


def _name_answers(told: list[dict[str, Any]], sent: list[Any]) -> None:
    """Say which call each answer of a tool is for, where only the raw request does."""
    for message, raw in zip(told, sent, strict=True):
        if message.get("role") == "tool" and not message.get("tool_call_id") and isinstance(raw, dict):
            message["tool_call_id"] = raw.get("tool_call_id")


def _said_in_one_text(span: WireSpan, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a user said, where the messages hold the instructions alone and the raw value is one text."""
    said = span.attributes.get(INPUT)
    plain = isinstance(said, str) and span.attributes.get("input.mime_type") != "application/json"
    return [{"role": "user", "content": said}] if plain and not any(m.get("role") == "user" for m in told) else []


def _of_haystack(printed: list[Any]) -> list[dict[str, Any]] | None:
    """Haystack's messages, which are recorded as Python prints them. None where one cannot be read back."""
    parsed: list[Any] = [from_repr(each) if isinstance(each, str) else None for each in printed]
    if not all(isinstance(each, dict) and each.get(CLASS) == "ChatMessage" for each in parsed):
        return None
    return [{"role": each.get("_role"), "name": each.get("_name"), "parts": _parts(each)} for each in parsed]


def _parts(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = message.get("_content")
    return [_part(part) for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _part(part: Attributes) -> dict[str, Any]:
    match part.get(CLASS):
        case "TextContent":
            return {"type": "text", "content": part.get("text")}
        case "ReasoningContent":
            return {"type": "reasoning", "content": part.get("reasoning_text")}
        case "ToolCall":
            return {"type": "tool_call", "id": part.get("id"), "name": part.get("tool_name"), "arguments": part.get("arguments")}  # fmt: skip
        case "ToolCallResult":
            origin = part.get("origin")
            call_id = origin.get("id") if isinstance(origin, dict) else None
            return {"type": "tool_call_response", "id": call_id, "response": part.get("result")}
    return dict(part)
