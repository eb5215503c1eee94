"""Measures of one's own, from the text of a YAML file. Pure.

::

    measures:
      - name: cart_value_usd
        unit: usd
        better: higher
        mean: metadata.cart_value
        where: {service: shop}
      - name: refund_ratio
        unit: ratio
        ratio: {of: {count: calls, where: {tag: refund}}, to: {count: calls}}

A file holds no SQL: what is counted comes from the tables below, and keys and values of the file are bound parameters.
Weights, and usage that is told twice, are treated as in ``measures``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from spanglass_store.aggregates import WEIGHT, percentile
from spanglass_store.custom_measure_form import ADD_UP, COUNTED, NUMBERS, Entry, File, Part
from spanglass_store.file_problems import FileRefused, Problem
from spanglass_store.measures import Measure
from spanglass_store.query import FIELDS, has_value
from spanglass_store.yaml_lines import Lines, YamlRefused, yaml_with_lines


def measures_from_yaml(text: str) -> list[Measure]:
    """The measures of a file, in its order. Raises FileRefused with all that is wrong."""
    try:
        document, lines = yaml_with_lines(text)
    except YamlRefused as error:
        raise FileRefused([Problem(error.line, "", str(error))]) from error
    if not isinstance(document, dict):
        raise FileRefused([Problem(1, "", "Write `measures:`, and a list of measures below it.")])
    try:
        entries = File.model_validate(document).measures
    except ValidationError as error:
        problems = [_problem(each["loc"], each["msg"], document, lines) for each in error.errors(include_url=False)]
        raise FileRefused(sorted(problems, key=lambda problem: problem.line)) from error
    names = [entry.name for entry in entries]
    if twice := [
        Problem(lines.of(("measures", at, "name")), name, "There is another measure of this name above.")
        for at, name in enumerate(names)
        if name in names[:at]
    ]:
        raise FileRefused(twice)
    return [_measure(entry) for entry in entries]


def _measure(entry: Entry) -> Measure:
    bound = _Bound(f"m_{entry.name}_")
    if entry.ratio is None:
        sql = _aggregate(entry, {}, bound)
    else:
        of, to = (_aggregate(side, entry.where, bound) for side in (entry.ratio.of, entry.ratio.to))
        sql = f"{of} / nullIf({to}, 0)"
    return Measure(
        entry.name,
        entry.label or entry.name.replace("_", " ").capitalize(),
        entry.unit,
        sql,
        entry.help or "A measure of your own",
        entry.better,
        adds_up=entry.sum is not None or entry.count in ADD_UP,
        params=tuple(bound.params.items()),
    )


@dataclass(slots=True)
class _Bound:
    """Gives each value a name of its own, so that measures can stand beside each other in a query."""

    prefix: str
    params: dict[str, Any] = field(default_factory=dict)

    def place(self, value: Any, type_: str) -> str:
        name = f"{self.prefix}{len(self.params)}"
        self.params[name] = value
        return f"{{{name}:{type_}}}"


def _aggregate(part: Part, where: Mapping[str, tuple[str, ...]], bound: _Bound) -> str:
    """The aggregate of ``part``, for which ``where`` holds too; what is bound in it is put into ``bound``."""
    conditions = [*_conditions(where, bound), *_conditions(part.where, bound)]
    if part.count is not None:
        return COUNTED[part.count].format(" AND ".join(conditions) or "true")
    number, counts = _number(part.sum or part.mean or part.percentile or "", bound)
    known = " AND ".join([*conditions, *counts, f"ifNull(isFinite({number}), false)"])
    if part.percentile is not None:
        return percentile(f"ifNull({number}, 0)", (part.level or 0) / 100, known)
    total = f"sumOrNullIf(ifNull({number}, 0) * {WEIGHT}, {known})"
    return total if part.sum is not None else f"{total} / nullIf(sumIf({WEIGHT}, {known}), 0)"


def _conditions(where: Mapping[str, tuple[str, ...]], bound: _Bound) -> Iterator[str]:
    for name, accepted in where.items():
        if name in FIELDS:
            test = has_value(name, accepted, prefix=f"{bound.prefix}{len(bound.params)}_")
            bound.params.update(test.params)
            yield test.sql
        else:
            yield f"{_of_key(name, bound)} IN {bound.place(accepted, 'Array(String)')}"


def _number(name: str, bound: _Bound) -> tuple[str, tuple[str, ...]]:
    return NUMBERS[name] if name in NUMBERS else (f"toFloat64OrNull({_of_key(name, bound)})", ())


def _of_key(name: str, bound: _Bound) -> str:
    column, _, key = name.partition(".")
    return f"{column}[{bound.place(key, 'String')}]"


def _problem(place: tuple[str | int, ...], sentence: str, document: Any, lines: Lines) -> Problem:
    """Where in the file it is: its line, the name of the measure, the field."""
    named = ""
    fields = list(place)
    if place[:1] == ("measures",) and len(place) > 1:
        entry = document["measures"][place[1]]
        named = str(entry.get("name", f"measure {int(place[1]) + 1}")) if isinstance(entry, dict) else ""
        fields = list(place[2:])
    words = ", ".join(filter(None, (named, ".".join(map(str, fields)))))
    return Problem(lines.of(place), words, _INSTANCE.sub("", sentence.removeprefix("Value error, ")))


_INSTANCE: Final = re.compile(" or instance of [A-Z][a-z]+$")  # a class of this house says nothing to a person
