"""Other people's text, made safe to show: names, messages and ids come from outside. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

MAX_INLINE: Final = 500
_PUNCTUATION: Final = re.compile(r"([!-/:-@\[-`{-~])")
_LINK: Final = re.compile(r"(?<=:)(?=//)|(?<=[wW]{3})(?=\.)|(?<=@)")
"""Where an address is taken apart with a word joiner, which nobody sees: escaped or not, it would become a link."""
_SPACE: Final = re.compile(r"\s+")


def plain(text: str, limit: int = MAX_INLINE) -> str:
    """``text`` on one line for a place that reads Markdown: every mark of Markdown, LaTeX or a directive is escaped."""
    line = clipped(_SPACE.sub(" ", text).strip(), limit)
    return _PUNCTUATION.sub(r"\\\1", _LINK.sub("\u2060", line))


def clipped(text: str, limit: int) -> str:
    """``text`` cut to ``limit`` characters, with an ellipsis where something is missing."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def as_json(text: str) -> Any | None:
    """The object or list that ``text`` is; None for anything else, numbers and plain words included."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def pretty(value: Any) -> str:
    """``value`` as indented JSON; a text that is itself JSON is opened first, any other text is left alone."""
    if isinstance(value, str):
        parsed = as_json(value)
        if parsed is None:
            return value
        value = parsed
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str).decode()
