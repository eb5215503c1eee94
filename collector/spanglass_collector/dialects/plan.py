"""What to ask of a span is decided once for all spans of one shape: same scope, same names. Pure.

An application has few shapes and many spans, and whether a word or a phrase applies depends on names alone
(``Dialect``): the search through all tables is made for the first span of a shape, and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from spanglass_collector.decode import WireSpan
from spanglass_collector.dialects.dialect import EVENT, Dialect, Found
from spanglass_collector.dialects.told import JOINED, Told

Shape: TypeAlias = tuple[str, tuple[str, ...], tuple[str, ...]]
"""Name of the scope, names of the attributes, names of the events."""
MAX_SHAPES: Final = 4096
"""Names come from clients: what is remembered about them is bounded."""


Step: TypeAlias = tuple[str, str, str, Callable[[Any], Any]]
"""Attribute, field, key and reader: of a word without a key, of a member of a family with one; of a phrase the reader
alone.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of a span, by falling precedence."""

    steps: tuple[Step, ...]

    def told_by(self, span: WireSpan) -> Told:
        """What the span tells. Never raises but by a fault of a reader.

        An attribute that lost to another which says something else is not understood: it stays visible.
        """
        attributes = span.attributes
        told: dict[str, Any] = {}
        understood: set[str] = set()
        for name, field, key, read in self.steps:
            if not name:
                for found in read(span):
                    if _add(told, found):
                        understood.update(found.attributes)
                continue
            value = read(attributes[name])
            if value is None:
                continue
            if key:
                entries = told.get(field)
                if entries is None:
                    told[field] = {key: value}
                else:
                    entries.setdefault(key, value)
            elif field not in told:
                told[field] = dict(value) if field in JOINED else value
            elif not _add(told, Found(field, value)):
                continue
            understood.add(name)
        return Told(told, understood)


def _add(told: dict[str, Any], found: Found) -> bool:
    """Whether what was found is now told: it was not known, or says the same."""
    field, value = found.field, found.value
    if field in JOINED:
        told[field] = {**value, **told.get(field, {})}
        return True
    return not field or bool(told.setdefault(field, value) == value)


def plan_of(shape: Shape, dialects: Sequence[Dialect]) -> Plan:
    """The plan for spans of this shape: of each dialect phrases first, then words, then families."""
    scope_name, attributes, events = shape
    names = (*attributes, *(EVENT + event for event in events))
    present = frozenset(attributes)
    steps: list[Step] = []
    for dialect in dialects:
        if dialect.spoken_by(names, scope_name):
            steps += [("", "", "", phrase.read) for phrase in dialect.phrases if phrase.applies(names)]
            steps += [
                (word.attribute, word.field, "", word.read) for word in dialect.words if word.attribute in present
            ]
            steps += [
                (name, family.field, key, family.read)
                for family in dialect.families
                for name in attributes
                if (key := family.key(name))
            ]
    return Plan(tuple(steps))


class Plans:
    """The plans for the shapes seen lately."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._dialects = dialects
        self._known: dict[Shape, Plan] = {}

    def of(self, span: WireSpan) -> Plan:
        """The plan for a span."""
        events = tuple([event.name for event in span.events]) if span.events else ()
        shape = (span.scope_name, tuple(span.attributes), events)
        plan = self._known.get(shape)
        if plan is None:
            if len(self._known) >= MAX_SHAPES:
                self._known.clear()
            plan = self._known[shape] = plan_of(shape, self._dialects)
        return plan
