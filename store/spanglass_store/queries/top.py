"""Who and what leads a window: models, users, prompts, tags, services, sessions by cost or any other measure. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from spanglass_store.measures import MEASURES, group_key, selected, settings
from spanglass_store.queries.overview import before_list, sources
from spanglass_store.query import Filters, Query, Window, query

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
    table, select, bound = selected(names)
    keys = {"group": group_key(table, "prompt_name" if field == PROMPT else field)}
    if version := VERSIONS.get(field):
        keys["version"] = group_key(table, version)
    now, before = sources(table, project, window, window.previous(), filters)
    by_group = ", ".join(keys)
    grouped = ", ".join(f"{expression} AS {key}" for key, expression in keys.items())
    return query(
        f"top {field} by {by}",
        f"""
        SELECT *, {_whole(by, field, now.sql)} AS share
        FROM (
        SELECT {by_group}, {", ".join(f"anyIf({name}, is_now) AS {name}" for name in names)},
        {before_list(names)}
        FROM (
        SELECT true AS is_now, {grouped},
        {select}
        FROM {now.sql} GROUP BY {by_group}
        UNION ALL
        SELECT false AS is_now, {grouped},
        {select}
        FROM {before.sql} GROUP BY {by_group}
        )
        GROUP BY {by_group} HAVING max(is_now)
        )
        QUALIFY group != ''
        ORDER BY {by} DESC NULLS LAST, {by_group}
        LIMIT {{limit:UInt32}}
        {settings(window)}
        """,
        now,
        before,
        bound,
        limit=limit,
    )


def _whole(by: str, field: str, source: str) -> str:
    """The share of ``by``: of the sum of all groups, where no row is in two of them, else of the rows themselves."""
    if not MEASURES[by].adds_up:
        return "CAST(NULL AS Nullable(Float64))"
    whole = f"(SELECT {MEASURES[by].sql} FROM {source})" if field == "tag" else f"sum({by}) OVER ()"
    return f"{by} / nullIf({whole}, 0)"
