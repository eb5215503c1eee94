"""What became of each attribute of a span: understood, by which dialect and as what, contradicted, or ignored. Pure.

It asks what ``Plan.told_by`` asks, in the same order, and keeps who answered; a test holds the two together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

from spanglass_collector.decode import WireSpan
from spanglass_collector.dialects import DIALECTS
from spanglass_collector.dialects.dialect import Dialect, Found
from spanglass_collector.dialects.plan import shape_of, steps_by_dialect
from spanglass_collector.dialects.told import JOINED
from spanglass_collector.values import as_text

Verdict: TypeAlias = Literal["understood", "contradictory", "ignored"]
VERDICTS: Final[tuple[Verdict, ...]] = ("understood", "contradictory", "ignored")


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """One attribute name and what became of it.

    ``field`` is the canonical field it tells, or would: of an ignored name it says that the dialect knows the name and
    could not use the value. ``won_by`` is the attribute that told the field first, where this one contradicts it.
    """

    name: str
    verdict: Verdict
    field: str = ""
    dialect: str = ""
    won_by: str = ""


@dataclass(slots=True)
class Group:
    """The spans of one service and scope: how many, and on how many of them each name met its fate."""

    service: str
    scope_name: str
    scope_version: str
    spans: int = 0
    names: Counter[Name] = field(default_factory=Counter)


def names_of(span: WireSpan, dialects: Sequence[Dialect] = DIALECTS) -> list[Name]:
    """What became of each attribute of the span, in its order."""
    verdicts: dict[str, Name] = {}
    told: dict[str, tuple[Any, str]] = {}
    for dialect, steps in steps_by_dialect(shape_of(span), dialects):
        for name, told_field, key, read in steps:
            if not name:
                answers = list(read(span))
            elif (value := read(span.attributes[name])) is None:
                verdicts.setdefault(name, Name(name, "ignored", told_field, dialect.name))
                continue
            else:
                answers = [Found(told_field, {key: value} if key else value, (name,))]
            for found in answers:
                _judge(found, dialect.name, told, verdicts)
    return [verdicts.get(name, Name(name, "ignored")) for name in span.attributes]


def groups_of(spans: Iterable[WireSpan]) -> list[Group]:
    """The same of many spans, together by service and scope, sorted. Numbers in names become ``N``."""
    groups: dict[tuple[str, str, str], Group] = {}
    for span in spans:
        key = as_text(span.resource.get("service.name")), span.scope_name, span.scope_version
        group = groups.setdefault(key, Group(*key))
        group.spans += 1
        group.names.update({without_numbers(each) for each in names_of(span)})
    return [groups[key] for key in sorted(groups)]


def without_numbers(name: Name) -> Name:
    """The name as all names of its kind: ``llm.input_messages.0.message.role`` has an ``N`` for its number."""
    return replace(name, name=_general(name.name), won_by=_general(name.won_by))


def _general(name: str) -> str:
    return ".".join("N" if step.isdigit() else step for step in name.split("."))


def _judge(found: Found, dialect: str, told: dict[str, tuple[Any, str]], verdicts: dict[str, Name]) -> None:
    teller = next(iter(found.attributes), dialect)
    nothing: tuple[Any, str] = (None, "")
    value, won_by = told.setdefault(found.field, (found.value, teller)) if found.field else nothing
    agrees = not found.field or _agree(found, value)
    if found.field in JOINED:
        told[found.field] = {**found.value, **value}, won_by
    for name in found.attributes:
        known = verdicts.get(name)
        if known is not None and known.verdict == "understood":
            continue
        if agrees:
            verdicts[name] = Name(name, "understood", found.field, dialect)
        elif known is None or known.verdict == "ignored":
            verdicts[name] = Name(name, "contradictory", found.field, dialect, won_by)


def _agree(found: Found, value: Any) -> bool:
    """Whether what is found says nothing else than what was told before; of maps, under no key."""
    if found.field not in JOINED:
        return bool(found.value == value)
    known: Mapping[str, Any] = value
    return all(known.get(key, entry) == entry for key, entry in found.value.items())
