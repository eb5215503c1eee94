"""What the present prices would change of costs that are stored. Pure; ``spanglass reprice`` shows it and carries it out.

A cost that the client reported is not ours to change. A computed one whose public price is gone from the table stays
as well: models are dropped from the table when nobody can call them any more, and what they cost is still true.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import repeat
from typing import Any, Final, NamedTuple

from spanglass_collector.pricing import AMOUNTS, DAY_NS, PRICED_BY, TOKENS, PriceTable, price_sheet
from spanglass_store.prices import OWN_PREFIX
from spanglass_store.sheet import Sheet

NANO: Final = 10**9
MAX_LINES: Final = 20_000
"""Names of models come from clients: beyond so many models and days, the others of a day are told together."""
OTHERS: Final = "(others)"
_DECIDE: Final = ("kind", "start_time", "status", *PRICED_BY, *TOKENS)


class Change(NamedTuple):
    """A row whose cost is another now: where it is in its sheet, its amounts (nano-dollars; None: unknown) and what it says of them."""

    at: int
    amounts: tuple[int | None, ...]
    source: str
    price_id: str


def changes_in(sheet: Sheet, prices: PriceTable) -> list[Change]:
    """The rows of a sheet of ``queries.reprice.calls`` that these prices give another cost."""
    columns = sheet.columns
    priced = Sheet(sheet.count, {name: columns[name] for name in _DECIDE})
    price_sheet(priced, prices)
    before = zip(*(columns[name] for name in AMOUNTS), strict=True)
    after = zip(*(priced.columns.get(name) or repeat(None, sheet.count) for name in AMOUNTS), strict=True)
    sources, ids = (priced.columns.get(name) or repeat("", sheet.count) for name in ("cost_source", "price_id"))
    rows = zip(before, after, sources, ids, columns["price_id"], strict=True)
    return [
        Change(at, new, source, price_id)
        for at, (old, new, source, price_id, old_id) in enumerate(rows)
        if old != new and (source or old_id.startswith(OWN_PREFIX))
    ]


@dataclass(slots=True)
class Line:
    """What changes for one model on one day (UTC), as the pages would show it: calls that count, weighted by
    ``sampling_weight``. Dollars; an unknown cost counts as nothing.
    """

    day: str
    project: str
    provider: str
    model: str
    calls: float = 0.0
    before_usd: float = 0.0
    after_usd: float = 0.0
    becomes_known: float = 0.0
    becomes_unknown: float = 0.0

    @property
    def difference_usd(self) -> float:
        """What the day's cost grows by."""
        return self.after_usd - self.before_usd

    def add(self, old: int | None, new: int | None, weight: float) -> None:
        """Count a call whose cost goes from ``old`` to ``new`` nano-dollars."""
        self.calls += weight
        self.before_usd += (old or 0) / NANO * weight
        self.after_usd += (new or 0) / NANO * weight
        self.becomes_known += weight * (old is None)
        self.becomes_unknown += weight * (new is None)


@dataclass(slots=True)
class Differences:
    """What changes, line by line. ``rows``: how many are written anew, those that do not count among them."""

    rows: int = 0
    _lines: dict[tuple[Any, ...], Line] = field(default_factory=dict)

    def add(self, sheet: Sheet, changes: Iterable[Change]) -> None:
        """Add what changes in a sheet."""
        columns = sheet.columns
        for change in changes:
            self.rows += 1
            if columns["usage_counted"][change.at]:
                line = self._line_of(sheet, change.at)
                line.add(columns["cost_usd"][change.at], change.amounts[0], columns["sampling_weight"][change.at])

    def lines(self) -> list[Line]:
        """The lines by day, of each day the largest difference first."""
        return sorted(
            self._lines.values(),
            key=lambda line: (line.day, line.project, -abs(line.difference_usd), line.provider, line.model),
        )

    def total(self) -> Line:
        """All lines together."""
        total = Line("total", "", "", "")
        for line in self._lines.values():
            for name in ("calls", "before_usd", "after_usd", "becomes_known", "becomes_unknown"):
                setattr(total, name, getattr(total, name) + getattr(line, name))
        return total

    def _line_of(self, sheet: Sheet, at: int) -> Line:
        project, provider, answered, asked = (sheet.columns[name][at] for name in PRICED_BY[:-1])
        day = sheet.columns["start_time"][at] // DAY_NS
        key = day, project, provider, answered or asked
        if key not in self._lines and len(self._lines) >= MAX_LINES:
            key = day, project, "", OTHERS
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line(_day(day), *key[1:])
        return line


def _day(days: int) -> str:
    return datetime.fromtimestamp(days * DAY_NS / NANO, UTC).date().isoformat()
