"""Who and what leads a window: models, users, prompts, tags, services, sessions by cost or any other measure. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from spanglass_store.measures import MEASURES, selected
from spanglass_store.queries.overview import before_list
from spanglass_store.query import Filters, Query, Window, query
from spanglass_store.sources import Source, beside, source

PROMPT: Final = "prompt"
VERSIONS: Final[Mapping[str, str]] = {PROMPT: "prompt_version"}
"""What is grouped by a name and its version: each version is a row of its own."""


def top(
    field: str,
    names: Sequence[str],
    project: str,
    window: Window,
    filters: Filters,
    *,
    order_by: str | None = None,
    limit: int = 50,
) -> Query:
    """The values of ``field`` with the most of ``order_by`` (default: the first measure), largest first.

    ``field``: as in ``measures.totals``, or ``prompt`` for each version of each prompt.

    Columns: ``group`` (never empty), ``version`` (prompts only), each measure as ``name`` and ``name_before`` (NULL: the
    group was not there in the window before), ``share`` (0 to 1: of ``order_by`` over all rows that pass the filters,
    those without a value of ``field`` too; NULL for a measure that does not add up, such as a percentile).
    A span with two tags is in both groups, so shares of tags may come to more than 1.

    Grain: one row a value (and version) seen in ``window``, at most ``limit``. Reads ``spans`` or ``scores`` of both
    windows. Raises ValueError as ``measures.totals`` does.
    """
    by = order_by or names[0]
    if by not in names:
        msg = f"order_by {by!r} must be one of the measures asked for"
        raise ValueError(msg)
    measures = selected(names)
    keys = {"group": "prompt_name" if field == PROMPT else field, "version": VERSIONS.get(field)}
    now = source(measures, project, window, filters, keys=keys)
    before = beside(source(measures, project, window.previous(), filters, keys=keys), now, "before_")
    by_group = ", ".join(now.keys)
    return query(
        f"top {field} by {by}",
        f"""
        SELECT *, {_share(by, field, now)} AS share
        FROM (
        SELECT {by_group}, {", ".join(f"anyIf({name}, is_now) AS {name}" for name in names)},
        {before_list(names)}
        FROM (
        SELECT true AS is_now, {now.select_keys}{now.select}
        FROM {now.rows.sql} GROUP BY {by_group}
        UNION ALL
        SELECT false AS is_now, {before.select_keys}{before.select}
        FROM {before.rows.sql} GROUP BY {by_group}
        )
        GROUP BY {by_group} HAVING max(is_now)
        )
        QUALIFY group != ''
        ORDER BY {by} DESC NULLS LAST, {by_group}
        LIMIT {{limit:UInt32}}
        {now.settings}
        """,
        now.rows,
        before.rows,
        limit=limit,
    )


def _share(by: str, field: str, read: Source) -> str:
    """The share of ``by``: of the sum of all groups, where no row is in two of them, else of the rows themselves."""
    if not MEASURES[by].adds_up:
        return "CAST(NULL AS Nullable(Float64))"
    whole = f"(SELECT {read.measures[by]} FROM {read.rows.sql})" if field == "tag" else f"sum({by}) OVER ()"
    return f"{by} / nullIf({whole}, 0)"
