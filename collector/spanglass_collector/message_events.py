"""GenAI's events that tell one message each (semantic conventions v1.28 to v1.36), as the attributes of today. Pure.

An instrumentation writes them as log records, with the message in the body, or as events of a span, with the message
in their attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from spanglass import semconv
from spanglass_collector.decode import Attributes, Value
from spanglass_collector.values import from_json

CHOICE: Final = "gen_ai.choice"
ROLES: Final[Mapping[str, str]] = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    CHOICE: "assistant",
}
"""Name of an event to who says its message, where the event does not say so itself."""
CONTENT: Final = "gen_ai.event.content"
"""Attribute that holds the body where the event is one of a span, which has none."""
FACTS: Final = frozenset({"role", "content", "tool_calls", "id", "name", "index", "finish_reason", "message"})
"""What an event says of its message; any other attribute tells something else."""


def attributes_of_event(name: str, body: Value, attributes: Attributes) -> dict[str, Value]:
    """The attributes that say the same of the call; those of the event that are not about the message stay.

    Raises KeyError for the name of another event.
    """
    role = ROLES[name]
    body = body or attributes.get(CONTENT)
    told = {key: value for key, value in attributes.items() if key in FACTS}
    opened = from_json(body) if body else told
    side = semconv.OUTPUT_MESSAGES if name == CHOICE else semconv.INPUT_MESSAGES
    kept = {key: value for key, value in attributes.items() if key not in FACTS and key != CONTENT}
    return {**kept, side: [_message(opened if isinstance(opened, dict) else {**told, "content": body}, role)]}


def _message(told: Mapping[str, Any], role: str) -> dict[str, Value]:
    """A message as OpenAI writes it; a choice has it in ``message``, beside why the model stopped."""
    inner = told.get("message")
    said = {**told, **inner} if isinstance(inner, dict) else {"content": inner, **told}
    calls = from_json(said.get("tool_calls"))
    return {
        "role": said.get("role") or role,
        "content": said.get("content"),
        "tool_calls": calls if isinstance(calls, list) else None,
        "tool_call_id": said.get("id") if role == "tool" else None,
        "name": said.get("name"),
        "finish_reason": said.get("finish_reason"),
    }
