"""Paths of keys, with wildcards -> what they match. Pure.

A path names the end of where a value stands: the name of an attribute, then keys and list positions in its JSON.
``password`` and ``*.password`` are every key of that name, ``spanglass.metadata.email`` one attribute,
``messages.*.content`` what lies under ``messages``, however deep. ``*`` alone stands for one or more keys, ``*`` and
``?`` beside letters for letters of one key. Capital letters do not count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_WILD: Final = re.compile(r"[*?]")


class Paths:
    """Several paths as one question."""

    __slots__ = ("_keys", "_plain", "found")

    def __init__(self, paths: Sequence[str]) -> None:
        split = [_segments(path) for path in paths]
        self.found = re.compile(rf"(?:^|\.)(?:{'|'.join(map(_expression, split))})\Z", re.IGNORECASE | re.DOTALL).search
        self._plain = frozenset(path.lower() for path in paths if not _WILD.search(path))
        last = "|".join(next((_key(key) for key in reversed(keys) if key != "*"), "[^\"']*") for keys in split)
        self._keys = re.compile(rf"""["'](?:{last})\\?["']\s*:""", re.IGNORECASE)

    def spell_out(self, name: str) -> bool:
        """Whether one of them is this very name, without a wildcard."""
        return name.lower() in self._plain

    def may_be_in(self, text: str) -> bool:
        """Whether a text that should be JSON and cannot be read as such may hold one of the keys."""
        return self._keys.search(text) is not None


def _segments(path: str) -> list[str]:
    keys = path.split(".")
    if not all(keys):
        message = f"{path!r} is no path of keys: a key between two dots is missing"
        raise ValueError(message)
    return keys[1:] if keys[0] == "*" and len(keys) > 1 else keys


def _expression(keys: Sequence[str]) -> str:
    return r"\.".join(".+" if key == "*" else _key(key) for key in keys)


def _key(key: str) -> str:
    return _WILD.sub(
        lambda wild: "[^.]*" if wild[0] == "*" else "[^.]", re.escape(key).replace(r"\*", "*").replace(r"\?", "?")
    )
