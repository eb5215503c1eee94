"""What a dialect is: tables of words and of families of words, and a few phrases. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from spanglass_collector.decode import Attributes, Value, WireSpan
from spanglass_collector.dialects.told import FIELDS, JOINED

EVENT: str = "event:"
"""What a phrase that reads an event writes before the event's name."""


@dataclass(frozen=True, slots=True)
class Word:
    """One attribute that tells one field. ``read`` gives None where the value is unusable: it is then not understood.

    The order in a table is the precedence: of two words for one field the earlier decides.
    """

    attribute: str
    field: str
    read: Callable[[Value], Any]

    def __post_init__(self) -> None:
        if self.field not in FIELDS:
            msg = f"{self.attribute} tells {self.field}, which is no canonical field"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Family:
    """Attributes whose names begin alike and tell an entry each of one field that is a map: the rest of the name is
    the key. ``read`` gives the entry's text, None where there is nothing in it. ``besides`` are keys that tell
    something else, or with a dot or an underscore at the end the beginnings of such.

    Without a prefix: names without a namespace, which no convention has and applications give.
    """

    prefix: str
    field: str
    read: Callable[[Value], str | None]
    besides: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.field not in JOINED:
            msg = f"{self.prefix} tells {self.field}, which is no map"
            raise ValueError(msg)

    def key(self, name: str) -> str:
        """The key that the attribute of this name tells; empty where it is not of the family."""
        if self.prefix:
            rest = name[len(self.prefix) :] if name.startswith(self.prefix) else ""
        else:
            rest = "" if "." in name or ":" in name else name
        return "" if rest in self.besides or rest.startswith(self._beginnings) else rest

    @property
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(key for key in self.besides if key.endswith((".", "_")))


@dataclass(frozen=True, slots=True)
class Found:
    """One field, and the attributes that told it, which need not be kept again.

    Without a field: attributes that say nothing that is not kept elsewhere already. With the value that stands for
    nothing (None, an empty text): the field is unknown, whatever others tell.
    """

    field: str
    value: Any
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrase:
    """What takes more than one attribute to understand.

    ``reads`` are names of attributes, beginnings of names (with a dot at the end), or ``event:`` and the name of an
    event: where none of them is on a span, ``read`` is not asked. Whatever else it looks at, its answer may depend
    on the values of one span only. With ``scopes`` only spans are asked whose instrumentation scope's name begins so.

    Spans that a phrase applies to are read one by one, at three times the time: a phrase that reads a name which many
    libraries use names its scopes.
    """

    reads: tuple[str, ...]
    read: Callable[[WireSpan], Iterable[Found]]
    scopes: tuple[str, ...] = ()

    def applies(self, names: Iterable[str], scope_name: str) -> bool:
        """Whether one of ``names``, of attributes and (with ``event:``) of events, is one that it reads."""
        return (not self.scopes or scope_name.startswith(self.scopes)) and any(
            name in self._exact or name.startswith(self._beginnings) for name in names
        )

    @property
    def _exact(self) -> frozenset[str]:
        return frozenset(self.reads)

    @property
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(name for name in self.reads if name.endswith("."))


@dataclass(frozen=True, slots=True)
class Dialect:
    """A convention: spoken where the name of an attribute begins with one of ``prefixes``, or that of the
    instrumentation scope with one of ``scopes``; with ``only_scopes`` the latter alone counts.

    An event counts as an attribute with ``event:`` before its name. ``alone`` are attributes, and beginnings of names
    (with a dot at the end), that dialects after this one are not asked about, because there they would say too much.
    """

    name: str
    prefixes: tuple[str, ...]
    words: tuple[Word, ...] = ()
    families: tuple[Family, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    scopes: tuple[str, ...] = ()
    only_scopes: bool = False
    alone: tuple[str, ...] = ()

    def spoken_by(self, names: Iterable[str], scope_name: str) -> bool:
        """Whether a span with attributes (and events) of these names, from this scope, speaks it."""
        if self.scopes and scope_name.startswith(self.scopes):
            return True
        return not self.only_scopes and any(name.startswith(self.prefixes) for name in names)

    def leaves(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of ``names`` that the dialects after this one are asked about."""
        beginnings = tuple(name for name in self.alone if name.endswith("."))
        return tuple(name for name in names if name not in self.alone and not name.startswith(beginnings))


def prefixed(attributes: Attributes, prefix: str) -> dict[str, Value]:
    """Attributes whose name begins so, without the prefix."""
    return {name[len(prefix) :]: value for name, value in attributes.items() if name.startswith(prefix)}
