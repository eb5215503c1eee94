"""Attribute names and their fates as frames: which are asked for, and how many each instrumentation has. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from spanglass_store.attribute_names import VERDICTS

GROUP: Final = ["service", "scope_name"]
"""What names are counted by."""
BY_INTEREST: Final = ("contradictory", "ignored", "understood")
_SEARCHED: Final = ("name", "field", "dialect", "scope_name", "service")


def chosen(names: pd.DataFrame, *, services: Sequence[str], search: str) -> pd.DataFrame:
    """The rows of these services (all if none is named) that have all words of ``search`` somewhere; case is ignored."""
    wanted = names[names["service"].isin(services)] if services else names
    for word in search.lower().split():
        hits = [wanted[column].str.lower().str.contains(word, regex=False) for column in _SEARCHED]
        wanted = wanted[pd.concat(hits, axis=1).any(axis=1)] if len(wanted) else wanted
    return wanted.reset_index(drop=True)


def in_order(names: pd.DataFrame) -> pd.DataFrame:
    """The names somebody may want to do something about first, each fate by service, scope and name."""
    rank = names["verdict"].map({verdict: rank for rank, verdict in enumerate(BY_INTEREST)})
    return names.assign(rank=rank).sort_values(["rank", *GROUP, "name"], ignore_index=True).drop(columns="rank")


def by_group(names: pd.DataFrame) -> pd.DataFrame:
    """How many different names met which fate. Grain: one row a service and scope, in that order.

    Columns: those of ``GROUP``, ``scope_version`` (that seen last), one for each of ``VERDICTS``, ``last_seen``. A name
    that met several fates counts under each.
    """
    latest = (
        names.sort_values("last_seen").groupby(GROUP, as_index=False).last()[[*GROUP, "scope_version", "last_seen"]]
    )
    counts = names.pivot_table(index=GROUP, columns="verdict", values="name", aggfunc="nunique", fill_value=0)
    told = counts.reindex(columns=list(VERDICTS), fill_value=0).reset_index()
    return latest.merge(told, on=GROUP).sort_values(GROUP, ignore_index=True)
