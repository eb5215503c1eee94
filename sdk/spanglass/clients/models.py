"""Answers of client packages, which are pydantic models, as the values they hold. Pure; no package is needed.

Read field by field: what the packages serialise with is theirs to override, leaves fields out, and warns of others.
"""

from __future__ import annotations

from typing import Any, Final

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


def plain(value: Any) -> Any:
    """Models as dictionaries of their fields, the ones the package does not know included, at any depth."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is list:
        return [plain(item) for item in value]
    if kind is dict:
        return {name: plain(item) for name, item in value.items()}
    if hasattr(kind, "__pydantic_fields__"):
        extra = value.__pydantic_extra__
        told = {**value.__dict__, **extra} if extra else value.__dict__
        return {name: item if type(item) in _SCALARS else plain(item) for name, item in told.items()}
    return value
