"""Flat names with numbers in them, ``a.0.b.1.c``, back to lists and dictionaries. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from spanglass_collector.decode import Attributes, Value

Tree: TypeAlias = dict[str, Any]
MAX_DEPTH: Final = 12
MAX_DIGITS: Final = 6


def tree(attributes: Attributes, prefix: str) -> tuple[list[Any], tuple[str, ...]]:
    """The list under ``prefix`` and the names it was made of.

    ``{"m.0.role": "user", "m.0.tools.0.id": 7}`` under ``"m."`` is ``[{"role": "user", "tools": [{"id": 7}]}]``.
    Numbers order the items and need not be without gaps. Where a name is both a value and a branch, the branch stays.
    Names with more than ``MAX_DEPTH`` dots are left alone.
    """
    root: Tree = {}
    names = tuple(name for name in attributes if name.startswith(prefix) and _is_indexed(name[len(prefix) :]))
    for name in names:
        _plant(root, name[len(prefix) :].split("."), attributes[name])
    return _lists(root) if root else [], names


def _is_indexed(rest: str) -> bool:
    return _is_number(rest.partition(".")[0]) and rest.count(".") <= MAX_DEPTH


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def _plant(node: Tree, path: list[str], value: Value) -> None:
    *branches, leaf = path
    for branch in branches:
        below = node.get(branch)
        if not isinstance(below, dict):
            below = node[branch] = {}
        node = below
    if not isinstance(node.get(leaf), dict):
        node[leaf] = value


def _lists(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    if node and all(map(_is_number, node)):
        return [_lists(node[key]) for key in sorted(node, key=int)]
    return {key: _lists(value) for key, value in node.items()}
