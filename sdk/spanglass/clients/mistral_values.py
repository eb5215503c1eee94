"""Arguments, answers and chunks of the mistralai package as JSON values; vectors never.

The package fills counts that the server did not tell with 0. Only what was told is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from spanglass.clients.sparse import sparse

Json = dict[str, Any]

_NO_ID: Final = "null"


def request_values(arguments: Json, _content: bool) -> Json:
    """The arguments that were given, models among them without the fields that were not."""
    told: Json = sparse(arguments)
    return told


def answer_values(answer: Any, content: bool) -> Json:
    """A chat completion; without ``content`` its figures."""
    choices = [_choice(choice, "message", content) for choice in answer.choices or ()]
    return {**_figures(answer), "choices": choices}


def joined_chunks(events: Sequence[Any], content: bool) -> Json:
    """The answer that the events of a stream tell in pieces: figures as told last, texts and arguments joined."""
    answer: Json = {}
    choices: dict[int, Json] = {}
    for event in events:
        chunk = event.data
        answer |= _figures(chunk)
        for choice in chunk.choices or ():
            whole = choices.setdefault(choice.index, {"pieces": []})
            piece = _choice(choice, "delta", content)
            whole["pieces"].append(piece.pop("delta", {}))
            whole |= {name: value for name, value in piece.items() if value is not None}
    return answer | {"choices": [_joined(choices[index], content) for index in sorted(choices)]}


def embedding_values(answer: Any, _content: bool) -> Json:
    """How many vectors there are, how long they are, and what they took; never the vectors."""
    vectors = answer.data or ()
    length = len(vectors[0].embedding or ()) if vectors else 0
    return {**_figures(answer), "vectors": len(vectors), "dimensions": length or None}


def _figures(answer: Any) -> Json:
    told: Json = {"id": answer.id, "model": answer.model}
    usage = answer.usage
    if usage is not None:
        given = usage.model_fields_set
        told["usage"] = {name: value for name, value in sparse(usage).items() if name in given}
    return told


def _choice(choice: Any, name: str, content: bool) -> Json:
    told: Json = {"finish_reason": choice.finish_reason}
    if content:
        told |= {key: sparse(said) for key in (name, "messages") if (said := getattr(choice, key, None)) is not None}
    return told


def _joined(choice: Json, content: bool) -> Json:
    pieces: list[Json] = choice.pop("pieces")
    if not content:
        return choice
    message = {
        "role": next((piece["role"] for piece in pieces if piece.get("role")), "assistant"),
        "content": _joined_blocks(block for piece in pieces for block in _blocks(piece.get("content"))),
        "tool_calls": _joined_calls(call for piece in pieces for call in piece.get("tool_calls") or ()),
    }
    return {**choice, "message": message}


def _blocks(content: Any) -> list[Json]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content or []


def _joined_blocks(blocks: Iterable[Json]) -> list[Json]:
    """Texts in a row are one text, thoughts in a row are one thought."""
    joined: list[Json] = []
    for kind, group in groupby(blocks, lambda block: block.get("type")):
        pieces = list(group)
        if kind == "text":
            joined.append({"type": kind, "text": "".join(piece["text"] for piece in pieces)})
        elif kind == "thinking":
            thought = [step for piece in pieces for step in piece.get("thinking") or ()]
            joined.append({"type": kind, "thinking": _joined_blocks(thought)})
        else:
            joined += pieces
    return joined


def _joined_calls(calls: Iterable[Json]) -> list[Json]:
    """A call that comes with an id of its own begins; one without goes on with the arguments of the one before it."""
    joined: list[Json] = []
    for call in calls:
        before = next((each for each in reversed(joined) if each.get("index") == call.get("index")), None)
        if before is not None and call.get("id") in {_NO_ID, None, before.get("id")}:
            before["function"] = _continued(before["function"], call["function"])
        else:
            joined.append({**call})
    return joined


def _continued(before: Json, more: Json) -> Json:
    told, rest = before.get("arguments"), more.get("arguments")
    both_text = isinstance(told, str) and isinstance(rest, str)
    return {**before, "arguments": told + rest if both_text else rest or told}  # type: ignore[operator]
