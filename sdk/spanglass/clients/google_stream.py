"""The chunks of a streamed answer of google-genai, put together to the answer they tell in pieces. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from spanglass.clients.google_values import answer_values

Json = dict[str, Any]

_PLAIN_TEXT: Final = frozenset({"text", "thought"})
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[['\"](.*?)['\"]\]")
"""One step of a JSON path such as ``$.stops[0].city``."""


def joined_chunks(chunks: Sequence[Any], content: bool) -> Json:
    """The answer as far as it came: figures as told last, texts and the arguments of calls joined."""
    answer: Json = {}
    usage: Json = {}
    candidates: dict[int, Json] = {}
    for chunk in chunks:
        told = answer_values(chunk, content)
        usage |= told.pop("usage", {})
        for piece in told.pop("candidates"):
            whole = candidates.setdefault(piece.get("index", 0), {"parts": []} if content else {})
            if content:
                whole["parts"] += piece.pop("parts")
            whole |= piece
        answer |= told
    for whole in candidates.values() if content else ():
        whole["parts"] = _joined(whole["parts"])
    return {**answer, "usage": usage, "candidates": [candidates[index] for index in sorted(candidates)]}


def _joined(parts: Iterable[Json]) -> list[Json]:
    """Texts in a row are one text, thoughts in a row are one thought, and a call goes on until it is told whole."""
    joined: list[Json] = []
    for (is_text, _), group in groupby(parts, _text_kind):
        pieces = list(group)
        joined += [{**pieces[0], "text": "".join(piece["text"] for piece in pieces)}] if is_text else _calls(pieces)
    return joined


def _text_kind(part: Json) -> tuple[bool, bool]:
    return "text" in part and part.keys() <= _PLAIN_TEXT, bool(part.get("thought"))


def _calls(parts: list[Json]) -> list[Json]:
    whole: list[Json] = []
    goes_on = False
    for part in parts:
        call = part.get("function_call")
        if call is None:
            whole.append(part)
            continue
        if not goes_on:
            whole.append({"function_call": {name: call[name] for name in ("id", "name", "args") if name in call}})
        for piece in call.get("partial_args") or ():
            begun = whole[-1].setdefault("function_call", {})
            begun["args"] = _put(begun.get("args"), _steps(piece.get("json_path", "")), piece)
        goes_on = bool(call.get("will_continue"))
    return whole


def _steps(path: str) -> list[str | int]:
    return [int(index) if index else name or quoted for name, index, quoted in _STEP.findall(path)]


def _put(into: Any, steps: list[str | int], piece: Json) -> Any:
    """``into`` with the piece at the end of the path; a text that is there already goes on."""
    if not steps:
        value = next((piece[name] for name in ("string_value", "number_value", "bool_value") if name in piece), None)
        return into + value if isinstance(into, str) and isinstance(value, str) else value
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        held = into if isinstance(into, dict) else {}
        return {**held, step: _put(held.get(step), rest, piece)}
    items = into if isinstance(into, list) else []
    items = [*items, *[None] * (step + 1 - len(items))]
    return [*items[:step], _put(items[step], rest, piece), *items[step + 1 :]]
