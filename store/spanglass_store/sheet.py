"""Rows that fill the same columns, kept column by column. Pure.

Many spans are alike: they fill the same third of the columns. A list for each column is then a fraction of the work
of a dictionary for each row, both to fill and to write down.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from spanglass_store.packed import Same

Row: TypeAlias = dict[str, Any]
"""One row on its way in: name of a column to its value on the wire; what is left out is the column's default."""


@dataclass(slots=True)
class Sheet:
    """``count`` rows: name of a column to its values, one a row, plain ones or ``packed``. What is left out is the
    column's default.
    """

    count: int
    columns: dict[str, Sequence[Any]] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        """The same row by row."""
        names = tuple(self.columns)
        if not names:
            return [{} for _ in range(self.count)]
        return [dict(zip(names, values, strict=True)) for values in zip(*self.columns.values(), strict=True)]


def sheets_from_rows(rows: Iterable[Row]) -> list[Sheet]:
    """The rows as sheets, one for each set of columns; rows of one sheet keep their order."""
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        alike.setdefault(tuple(row), []).append(row)
    return [
        Sheet(len(group), dict(zip(names, zip(*(row.values() for row in group), strict=True), strict=True)))
        for names, group in alike.items()
    ]


def chunks(sheets: Sequence[Sheet], name: str, default: Any) -> list[Sequence[Any]]:
    """The values of one column over all rows, sheet after sheet."""
    found = []
    for sheet in sheets:
        filled = sheet.columns.get(name)
        found.append(Same(default, sheet.count) if filled is None else filled)
    return found
