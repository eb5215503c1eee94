"""What to ask of a span is decided once for all spans of one shape: same scope, same names. Pure.

An application has few shapes and many spans, and whether a word or a phrase applies depends on names alone
(``Dialect``): the search through all tables is made for the first span of a shape, and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, TypeAlias

from spanglass_collector.decode import Alike, WireSpan
from spanglass_collector.dialects.column_readers import ReadColumn, column_reader
from spanglass_collector.dialects.dialect import EVENT, Dialect, Found
from spanglass_collector.dialects.told import JOINED, Told
from spanglass_store.packed import Maps, Texts

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
    reads_columns: tuple[ReadColumn, ...] = ()
    """The readers of the steps, over columns; none where a step is a phrase, which must see each span."""

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
                if told.setdefault(field, {}).setdefault(key, value) != value:
                    continue
            elif field not in told:
                told[field] = dict(value) if field in JOINED else value
            elif not _add(told, Found(field, value)):
                continue
            understood.add(name)
        return Told(told, understood)

    def told_together(self, alike: Alike) -> Together | None:
        """What spans of one shape tell, column by column; None where they have to be asked one by one.

        That is so where a phrase applies, and where a value of any of them is not usable or contradicts another.
        """
        if len(self.reads_columns) != len(self.steps):
            return None
        columns = alike.columns()
        told: dict[str, Sequence[Any]] = {}
        entries: dict[str, dict[str, Any]] = {}  # what families read is texts
        for (name, field, key, _), read in zip(self.steps, self.reads_columns, strict=True):
            column = read(columns[name])
            if column is None:
                return None
            if key:
                if entries.setdefault(field, {}).setdefault(key, column) != column:
                    return None
            elif field in JOINED or not _agree(told.setdefault(field, column), column):
                return None
        told |= {field: Maps(of_key) for field, of_key in entries.items()}
        understood = {step[0] for step in self.steps}
        left = {name: column.as_texts() for name, column in columns.items() if name not in understood}
        return Together(told, left)


@dataclass(frozen=True, slots=True)
class Together:
    """Fields that spans of one shape tell, and the attributes that tell nothing: name to column."""

    told: Mapping[str, Sequence[Any]]
    left: Mapping[str, Texts]


def _agree(first: Sequence[Any], second: Sequence[Any]) -> bool:
    return first is second or list(first) == list(second)


def _add(told: dict[str, Any], found: Found) -> bool:
    """Whether what was found is now told: it was not known, or says the same."""
    field, value = found.field, found.value
    if field in JOINED:
        known = told.get(field, {})
        told[field] = {**value, **known}
        return all(known.get(key, entry) == entry for key, entry in value.items())
    return not field or bool(told.setdefault(field, value) == value)


def plan_of(shape: Shape, dialects: Sequence[Dialect]) -> Plan:
    """The plan for spans of this shape: of each dialect phrases first, then words, then families."""
    steps = tuple(chain.from_iterable(of_dialect for _, of_dialect in steps_by_dialect(shape, dialects)))
    phrased = any(not step[0] for step in steps)
    return Plan(steps, () if phrased else tuple(column_reader(step[3], step[1]) for step in steps))


def steps_by_dialect(shape: Shape, dialects: Sequence[Dialect]) -> Iterator[tuple[Dialect, list[Step]]]:
    """What each dialect that is spoken asks of spans of this shape, by falling precedence."""
    scope_name, attributes, events = shape
    names = (*attributes, *(EVENT + event for event in events))
    for dialect in dialects:
        if dialect.spoken_by(names, scope_name):
            present = frozenset(names)
            steps: list[Step] = [
                ("", "", "", phrase.read) for phrase in dialect.phrases if phrase.applies(names, scope_name)
            ]
            steps += [
                (word.attribute, word.field, "", word.read) for word in dialect.words if word.attribute in present
            ]
            steps += [
                (name, family.field, key, family.read)
                for family in dialect.families
                for name in names
                if name in attributes and (key := family.key(name))
            ]
            yield dialect, steps
            names = dialect.leaves(names) if dialect.alone else names


def shape_of(span: WireSpan) -> Shape:
    """The shape of a span."""
    events = tuple([event.name for event in span.events]) if span.events else ()
    return span.scope_name, tuple(span.attributes), events


class Plans:
    """The plans for the shapes seen lately."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._dialects = dialects
        self._known: dict[Shape, Plan] = {}

    def of(self, shape: Shape) -> Plan:
        """The plan for spans of this shape."""
        plan = self._known.get(shape)
        if plan is None:
            if len(self._known) >= MAX_SHAPES:
                self._known.clear()
            plan = self._known[shape] = plan_of(shape, self._dialects)
        return plan
