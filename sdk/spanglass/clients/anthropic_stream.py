"""The events of a streamed message, put together to the message they tell in pieces. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanglass.clients.models import plain
from spanglass.clients.parts import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Json = dict[str, Any]

_PIECES: Final = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("input", "partial_json"),
}
"""Kind of delta -> field of the block that it continues, and its own field that says with what."""

_PROVISIONAL: Final = ("output_tokens", "output_tokens_details")
"""Counts of the first event that are only placeholders for those of the last but one."""


def message_from_events(events: Iterable[Any]) -> Json:
    """The message as far as it came: texts and arguments joined, figures as they were told last."""
    building = _Building()
    for event in events:
        if take := _EVENTS.get(getattr(event, "type", "")):
            take(building, event)
    return building.done()


class _Building:
    """A message that is being told."""

    def __init__(self) -> None:
        self.message: Json = {}
        self.usage: Json = {}
        self.blocks: dict[int, Json] = {}
        self.pieces: dict[tuple[int, str], list[str]] = {}

    def start(self, event: Any) -> None:
        """What is known from the beginning: id, model, tokens read."""
        self.message = plain(event.message)
        self.blocks = dict(enumerate(self.message.pop("content", None) or ()))
        told = self.message.pop("usage", None) or {}
        self.usage = {name: value for name, value in told.items() if name not in _PROVISIONAL}

    def block(self, event: Any) -> None:
        """A block begins; what another model went on with is that model's message."""
        self.blocks[event.index] = block = plain(event.content_block)
        if block.get("type") == "fallback":
            self.message["model"] = (block.get("to") or {}).get("model") or self.message.get("model")

    def delta(self, event: Any) -> None:
        """A block goes on."""
        delta = event.delta
        if names := _PIECES.get(delta.type):
            field, piece = names
            self.pieces.setdefault((event.index, field), []).append(getattr(delta, piece))
        elif delta.type == "citations_delta":
            block = self.blocks.setdefault(event.index, {"type": "text"})
            block["citations"] = [*(block.get("citations") or ()), plain(delta.citation)]
        elif delta.type == "compaction_delta":
            self.blocks.setdefault(event.index, {"type": "compaction"})["content"] = delta.content

    def figures(self, event: Any) -> None:
        """How it ended, and what it came to: counts are totals so far, and one that is left out has not changed."""
        self.message |= {name: value for name, value in plain(event.delta).items() if value is not None}
        self.usage |= {name: value for name, value in plain(event.usage).items() if value is not None}

    def done(self) -> Json:
        """The message so far."""
        for (index, field), pieces in self.pieces.items():
            block = self.blocks.setdefault(index, {})
            begun = block.get(field)
            told = "".join(pieces) if field == "input" else f"{begun or ''}{''.join(pieces)}"
            block[field] = parsed(told) if field == "input" and told else told or begun
        content = [self.blocks[index] for index in sorted(self.blocks)]
        return {**self.message, "usage": self.usage, "content": content}


_EVENTS: Final[dict[str, Callable[[_Building, Any], None]]] = {
    "message_start": _Building.start,
    "content_block_start": _Building.block,
    "content_block_delta": _Building.delta,
    "message_delta": _Building.figures,
}
