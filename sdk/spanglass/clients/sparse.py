"""Objects of client packages as JSON values, without the fields that say nothing. Pure; no package is needed.

Some packages fill every field of every model, most with None or a mark of their own for "not given". Carrying only what
is there keeps a snapshot of a call several times smaller than a dump of its models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_ATOMS: Final = frozenset({str, int, float, bool, bytes})
_MODEL: Final = "__pydantic_fields__"
_NOT_GIVEN: Final = "Unset"
"""Class of mistralai's mark; its fields hold it, and so may a caller's arguments."""


def sparse(value: Any, hidden: frozenset[str] = frozenset()) -> Any:
    """Models as dictionaries of the fields they have, at any depth; without the fields named ``hidden``.

    What is no model, dictionary or list stays as it is: the snapshot knows what to say of it.
    """
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is list or kind is tuple:
        return [sparse(item, hidden) for item in value]
    if kind is dict:
        return {name: sparse(item, hidden) for name, item in value.items()}
    if _MODEL not in kind.__dict__:
        return value
    told = {
        name: item if type(item) in _ATOMS else sparse(item, hidden)
        for name, item in value.__dict__.items()
        if item is not None and name not in hidden and type(item).__name__ != _NOT_GIVEN
    }
    extra = value.__pydantic_extra__
    return {**told, **sparse(extra, hidden)} if extra else told


def given(told: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is None."""
    return {name: value for name, value in told.items() if value is not None}
