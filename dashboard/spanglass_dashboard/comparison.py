"""What is compared with what, and how it is told: the spans that pass the filters against the others. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pandas as pd

from spanglass_dashboard.address import Scope
from spanglass_dashboard.narrowing import FIELDS, PARAM_OF
from spanglass_store.queries.outliers import Comparison, Distinction, Selection
from spanglass_store.query import Filters

PLACES: Final = ("service", "environment", "kind")
"""Fields that say where one looks: both sides have them, if there are other filters."""


def sides(scope: Scope) -> tuple[Filters, Selection] | None:
    """All spans that are compared, and which of them against the others; None where nothing selects.

    The filters by PLACES and what is left out hold for both sides, unless there are none but those.
    """
    chosen = replace(scope.filters, excluded=())
    for field in PLACES:
        chosen = chosen.with_(field, ())
    places = Filters.of("", **{field: scope.filters.get(field) for field in PLACES})
    population = replace(places, excluded=scope.filters.excluded)
    selection = Selection(chosen, scope.bounds.min_duration_seconds, scope.bounds.min_cost_usd)
    if selection == Selection():
        population, selection = Filters(), Selection(scope.filters)
    return None if selection == Selection() else (population, selection)


def sentence(found: Comparison, when: str) -> str:
    """How many spans were compared with how many."""
    spans = f"{found.selected_spans:,} {'span passes' if found.selected_spans == 1 else 'spans pass'} the filters"
    others = f"{found.other_spans:,} {'other' if found.other_spans == 1 else 'others'} {when}"
    if not found.is_sampled:
        return f"{spans}, against {others}."
    return f"{spans}, against {others}: {found.sampled_selected:,} and {found.sampled_others:,} of them were compared."


def table(found: Comparison) -> pd.DataFrame:
    """Rows of (what, value, selected, others, least), shares and the least difference as numbers from 0 to 1."""
    rows = [(_what(each), each.value, each.selected_share, each.other_share, each.low) for each in found.distinctions]
    return pd.DataFrame(rows, columns=["what", "value", "selected", "others", "least"])


def _what(each: Distinction) -> str:
    if each.source == "field":
        return FIELDS[PARAM_OF[each.key]].label
    if each.source == "tag":
        return FIELDS["tag"].label
    return each.key if each.source == "attribute" else f"{each.source}.{each.key}"
