"""The events of ``converse_stream``, put together to the answer they tell in pieces. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spanglass.clients.bedrock_fields import figures
from spanglass.clients.facts import nested
from spanglass.clients.parts import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]


def answer_from_events(events: Iterable[Json]) -> Json:
    """What ``bedrock_fields.answer_fields`` tells of a whole answer, of as much as came."""
    answer: Json = {}
    blocks: dict[int, _Block] = {}
    for event in events:
        for kind, told in event.items():  # one key, its kind
            match kind:
                case "contentBlockStart":
                    _block(blocks, told).begin(told.get("start"))
                case "contentBlockDelta":
                    _block(blocks, told).go_on(told.get("delta"))
                case "messageStop":
                    answer["stopReason"] = told.get("stopReason")
                case "metadata":
                    answer |= figures(told)
    return {**answer, "content": [blocks[index].done() for index in sorted(blocks)]}


def _block(blocks: dict[int, _Block], told: Json) -> _Block:
    index = told.get("contentBlockIndex", len(blocks))
    return blocks.setdefault(index, _Block())


class _Block:
    """A block of content that is being told: of a text or a thought only deltas come, and no beginning."""

    def __init__(self) -> None:
        self.kind = "text"
        self.begun: Json = {}
        self.pieces: list[str] = []
        self.listed: list[Any] = []  # citations; results of a tool that Bedrock ran

    def begin(self, start: object) -> None:
        """Name and id of a tool, mostly."""
        for self.kind, told in nested(start).items():
            self.begun = dict(told)

    def go_on(self, delta: object) -> None:
        """A piece of a text, of a thought or of a tool's arguments; or more of a list."""
        for kind, told in nested(delta).items():
            match kind, told:
                case "text", str():
                    self.pieces.append(told)
                case "toolUse", {"input": str() as piece}:
                    self.kind = kind
                    self.pieces.append(piece)
                case "reasoningContent", dict():
                    self.kind = kind
                    self.pieces.append(told.get("text", ""))
                case "citation", _:
                    self.kind = "citationsContent"
                    self.listed.append(told)
                case "toolResult", list():
                    self.listed += told
                case "image", dict():
                    self.begun |= told

    def done(self) -> Json:
        """The block as an answer that is not streamed has it."""
        told = "".join(self.pieces)
        match self.kind:
            case "text":
                return {"text": told}
            case "reasoningContent":
                return {"reasoningContent": {"reasoningText": {"text": told}} if told else {}}
            case "toolUse":
                return {"toolUse": {**self.begun, "input": parsed(told) if told else {}}}
            case "citationsContent":
                return {"citationsContent": {"content": [{"text": told}], "citations": self.listed}}
            case "toolResult":
                return {"toolResult": {**self.begun, "content": self.listed}}
            case _:
                return {self.kind: self.begun}
