"""``@spanglass.observe`` on a class: each of its public methods is observed, under the name ``Class.method``."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from spanglass.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Callable

OBSERVED: Final = "__spanglass_observed__"
"""Attribute of a function that is observed; a decorator around it passes it on, as ``functools.wraps`` does."""


def observe_methods(cls: type, name: str, decorate: Callable[[Any, str], Any]) -> None:
    """Replace the methods that ``cls`` itself defines by what ``decorate`` makes of each and its name.

    Public ones, and ``__call__``, whose name is that of the class. Those with a decorator of their own keep that;
    properties, nested classes, functions that are fields of a dataclass, and what is inherited stay as they are.
    """
    fields = {*vars(cls).get("__annotations__", ()), *getattr(cls, "__dataclass_fields__", ())}
    for attribute, member in list(vars(cls).items()):
        public = not attribute.startswith("_") or attribute == "__call__"
        if public and attribute not in fields and _is_method(member):
            with guarded("observe.class"):  # a metaclass may not like it
                setattr(cls, attribute, decorate(member, name if attribute == "__call__" else f"{name}.{attribute}"))


def _is_method(member: object) -> bool:
    function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
    return isinstance(function, FunctionType) and not hasattr(function, OBSERVED)
