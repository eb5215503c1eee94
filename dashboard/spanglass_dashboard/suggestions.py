"""What the filters offer: values with how many spans have them, most frequent first. Nothing rather than an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from spanglass_dashboard import address, data
from spanglass_dashboard.address import NS, Scope
from spanglass_dashboard.narrowing import FIELDS, PARAM_OF
from spanglass_store.errors import StoreError
from spanglass_store.queries import attributes, facets, quality
from spanglass_store.query import Filters, Query, Window

MAX_VALUES: Final = 100
MAX_KEYS: Final = 200
STEP_NS: Final = 5 * address.MINUTE * NS
HOUR_NS: Final = address.HOUR * NS
MOST_NS: Final = 7 * address.DAY * NS
MOST_OF_ATTRIBUTES_NS: Final = address.DAY * NS


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Values and their counts of spans. ``distinct`` is how many values there are in all; None: more than these."""

    counts: Mapping[str, int]
    distinct: int | None = 0

    @property
    def cut_words(self) -> str:
        """Which these are, where they are not all; empty where they are."""
        if self.distinct is None:
            return f"{len(self.counts):,} most frequent"
        return f"{len(self.counts):,} of {self.distinct:,}" if self.distinct > len(self.counts) else ""


NOTHING: Final = Suggestions({})


def of_fields(scope: Scope, params: Sequence[str]) -> Mapping[str, Suggestions]:
    """The values of the fields ``params``, asked for together, of spans that pass the filters on other fields."""
    fields = [FIELDS[param].field for param in params]
    asked = facets.all_values(
        scope.project, _rounded(scope.window, MOST_NS), _unsearched(scope), fields=fields, limit=MAX_VALUES
    )
    groups = _loaded(asked).groupby("field", sort=False) if fields else ()
    return {
        PARAM_OF[str(field)]: Suggestions(_counts(rows, "value"), int(rows["distinct_values"].iloc[0]))
        for field, rows in groups
    }


def attribute_keys(scope: Scope) -> Suggestions:
    """The attributes that spans have, in the last day of the range at most: maps are large."""
    window = _rounded(scope.window, MOST_OF_ATTRIBUTES_NS)
    return _listed(attributes.keys(scope.project, window, _unsearched(scope), limit=MAX_KEYS), "key")


def attribute_values(scope: Scope, key: str) -> Suggestions:
    """The values of the attribute ``key``, as ``attribute_keys``; those of spans that pass the filters by others."""
    filters = _unsearched(scope)
    others = replace(filters, attributes=tuple(pair for pair in filters.attributes if pair[0] != key))
    window = _rounded(scope.window, MOST_OF_ATTRIBUTES_NS)
    return _listed(attributes.values(scope.project, window, others, key, limit=MAX_VALUES), "value")


def score_names(scope: Scope) -> list[str]:
    """Names of the scores that were given in the range, most used first."""
    frame = _loaded(quality.names(scope.project, _rounded(scope.window, scope.window.duration_ns)))
    return list(dict.fromkeys(frame["name"].astype(str)))


def projects(now_ns: int) -> list[str]:
    """Projects with a span in the week before ``now_ns``."""
    frame = _loaded(facets.projects(_rounded(Window(now_ns - MOST_NS, now_ns), MOST_NS)))
    return list(frame["project"].astype(str))


def _unsearched(scope: Scope) -> Filters:
    """The filters without the words: with them each form would be a search."""
    return replace(scope.filters, search="")


def _rounded(window: Window, most_ns: int) -> Window:
    """``window`` widened to whole steps, so that it asks the same for a while, and its end alone if it is long. A day or
    more is told in whole hours, which have roll-ups.
    """
    step_ns = HOUR_NS if min(window.duration_ns, most_ns) >= address.DAY * NS else STEP_NS
    end_ns = -(-window.end_ns // step_ns) * step_ns
    return Window(max(window.start_ns // step_ns * step_ns, end_ns - most_ns), end_ns)


def _listed(query: Query, column: str) -> Suggestions:
    frame = _loaded(query)
    counts = _counts(frame, column)
    return Suggestions(counts, None if frame.attrs.get("cut") else len(counts))


def _loaded(query: Query) -> pd.DataFrame:
    """Rows of ``query``; none where the database is away: the page itself says so."""
    try:
        return data.load(query)
    except StoreError:
        return pd.DataFrame(columns=["field", "value", "key", "name", "project", "count", "distinct_values"])


def _counts(rows: pd.DataFrame, column: str) -> dict[str, int]:
    return dict(zip(rows[column].astype(str), rows["count"].astype(int), strict=True))
