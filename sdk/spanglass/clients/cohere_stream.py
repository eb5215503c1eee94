"""The events of ``chat_stream``, put together to the reply they tell in pieces. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanglass.clients.facts import dicts, nested
from spanglass.clients.models import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Json = dict[str, Any]


def reply_from_events(events: Iterable[Any]) -> Json:
    """The reply as far as it came, in the shape of the one of ``chat``."""
    building = _Building()
    for event in events:
        if take := _EVENTS.get(getattr(event, "type", "")):
            told = plain(event)
            take(building, told, nested(nested(told.get("delta")).get("message")))
    return building.done()


class _Building:
    """A reply that is being told. Each method takes an event and the piece of message in it."""

    def __init__(self) -> None:
        self.reply: Json = {}
        self.plan: list[str] = []
        self.blocks: dict[int, Json] = {}
        self.calls: dict[int, Json] = {}
        self.citations: list[Json] = []

    def start(self, event: Json, _message: Json) -> None:
        """The id."""
        self.reply["id"] = event.get("id")

    def content(self, event: Json, message: Json) -> None:
        """A block of text or of thinking begins, or goes on."""
        told = nested(message.get("content"))
        block = self.blocks.setdefault(event.get("index") or 0, {"text": [], "thinking": []})
        for name in ("text", "thinking"):
            if told.get(name):
                block[name].append(told[name])

    def planned(self, _event: Json, message: Json) -> None:
        """What the model means to do with its tools."""
        self.plan.append(message.get("tool_plan") or "")

    def call(self, event: Json, message: Json) -> None:
        """A tool call begins, or its arguments go on."""
        told = nested(message.get("tool_calls"))
        function = nested(told.get("function"))
        call = self.calls.setdefault(event.get("index") or 0, {"arguments": []})
        call |= {"id": told["id"]} if told.get("id") else {}
        call |= {"name": function["name"]} if function.get("name") else {}
        call["arguments"].append(function.get("arguments") or "")

    def cited(self, _event: Json, message: Json) -> None:
        """Where what was said comes from."""
        citation = message.get("citations")
        self.citations += [citation] if isinstance(citation, dict) else dicts(citation)

    def end(self, event: Json, _message: Json) -> None:
        """Why it ended, and what it came to."""
        delta = nested(event.get("delta"))
        self.reply |= {"finish_reason": delta.get("finish_reason"), "usage": delta.get("usage")}

    def done(self) -> Json:
        """The reply so far."""
        content = [
            {"type": name, name: "".join(block[name])}
            for _, block in sorted(self.blocks.items())
            for name in ("thinking", "text")
            if block[name]
        ]
        calls = [
            {"id": call.get("id"), "function": {"name": call.get("name"), "arguments": "".join(call["arguments"])}}
            for _, call in sorted(self.calls.items())
        ]
        said = {
            "tool_plan": "".join(self.plan),
            "content": content,
            "tool_calls": calls,
            "citations": self.citations,
        }
        told = {name: value for name, value in said.items() if value}
        return {**self.reply, "message": {"role": "assistant", **told}}


_EVENTS: Final[dict[str, Callable[[_Building, Json, Json], None]]] = {
    "message-start": _Building.start,
    "content-start": _Building.content,
    "content-delta": _Building.content,
    "tool-plan-delta": _Building.planned,
    "tool-call-start": _Building.call,
    "tool-call-delta": _Building.call,
    "citation-start": _Building.cited,
    "message-end": _Building.end,
}
