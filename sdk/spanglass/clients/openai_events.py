"""A response of OpenAI as JSON values: of the object, or of the events of its stream. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanglass.clients.models import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]

_FIGURES: Final = ("id", "model", "status", "service_tier", "incomplete_details", "usage", "conversation")
_PARSED: Final = frozenset({"parsed", "parsed_arguments", "logprobs"})
"""What ``parse`` adds is the text again, as the application's own type."""

_TEXTS: Final = {
    "response.output_text.delta": ("content", "content_index", "output_text", "text"),
    "response.refusal.delta": ("content", "content_index", "refusal", "refusal"),
    "response.reasoning_text.delta": ("content", "content_index", "reasoning_text", "text"),
    "response.reasoning_summary_text.delta": ("summary", "summary_index", "summary_text", "text"),
}
"""Event -> list of the item, the event's field with the place in it, the kind of part there, its field."""

_ARGUMENTS: Final = {
    "response.function_call_arguments.delta": "arguments",
    "response.mcp_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "input",
    "response.code_interpreter_call_code.delta": "code",
}
"""Event -> the field of the item that it continues."""


def response_values(response: Any, content: bool) -> Json:
    """A ``Response``; without ``content`` only its figures."""
    told = {name: plain(getattr(response, name, None)) for name in _FIGURES}
    if content:
        told["output"] = [_item(item) for item in getattr(response, "output", None) or ()]
    return told


def response_from_events(events: Sequence[Any], content: bool) -> Json:
    """The response that these ``ResponseStreamEvent`` objects end with, or as far as they tell it."""
    told = [event.response for event in events if getattr(event, "response", None) is not None]
    if told and told[-1].status not in {"in_progress", "queued"}:
        return response_values(told[-1], content)
    return {
        **(response_values(told[-1], content=False) if told else {}),
        **({"output": _items(events)} if content else {}),
    }


def failure(answer: Any) -> tuple[str, str] | None:
    """Code and message of a response that failed, or of the event that tells of it."""
    if getattr(answer, "type", None) == "error":
        return str(answer.code or "error"), str(answer.message)
    response = getattr(answer, "response", answer)
    error = getattr(response, "error", None)
    return None if error is None else (str(error.code), str(error.message))


def _item(item: Any) -> Json:
    told: Json = plain({name: value for name, value in _told(item).items() if name not in _PARSED})
    if isinstance(told.get("content"), list):
        told["content"] = [
            {name: value for name, value in part.items() if name not in _PARSED} for part in told["content"]
        ]
    return told


def _items(events: Sequence[Any]) -> list[Json]:
    items: dict[int, Json] = {}
    for event in events:
        match event.type:
            case "response.output_item.added" | "response.output_item.done":
                items[event.output_index] = _item(event.item)
            case kind if kind in _TEXTS:
                listed, place, part_kind, name = _TEXTS[kind]
                said = items.setdefault(event.output_index, {"type": "message"})
                _continue(_part(said, listed, getattr(event, place), part_kind), name, event.delta)
            case kind if kind in _ARGUMENTS:
                _continue(items.setdefault(event.output_index, {}), _ARGUMENTS[kind], event.delta)
    return [items[index] for index in sorted(items)]


def _part(item: Json, listed: str, place: int, kind: str) -> Json:
    found: list[Json] = item.get(listed) or []
    item[listed] = found
    while len(found) <= place:
        found.append({"type": kind})
    return found[place]


def _continue(told: Json, name: str, delta: str) -> None:
    told[name] = (told.get(name) or "") + delta


def _told(item: Any) -> Json:
    return item if isinstance(item, dict) else {**vars(item), **(getattr(item, "__pydantic_extra__", None) or {})}
