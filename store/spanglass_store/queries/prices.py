"""What own prices are needed for, and which prices were applied. Pure: queries as values."""

from __future__ import annotations

from spanglass_store.query import MODEL, Query, Window, between, query

_CALLS = "kind IN ('llm', 'embedding', 'rerank') AND usage_counted"
_SETTINGS = "SETTINGS prefer_column_name_to_alias = 1"


def unpriced(project: str | None, window: Window, limit: int = 200) -> Query:
    """Models whose calls have no cost: no price is known, or the call did not tell its tokens. Failed calls are left
    out, as in the measure ``unpriced_calls``. Of every project if None.

    Columns: ``project``, ``provider``, ``model`` (that answered, else the one asked for), ``calls``, ``untold_calls``
    (those of them that did not tell their tokens), ``input_tokens``, ``output_tokens``, ``first_ns``, ``last_ns``.
    Calls and tokens are weighted by ``sampling_weight``. Grain: one row a project, provider and model, most tokens
    first.
    """
    time = between("start_time", window)
    return query(
        "models without a price",
        f"""
        SELECT project, provider, {MODEL} AS model, sum(sampling_weight) AS calls,
        sumIf(sampling_weight, input_tokens IS NULL) AS untold_calls,
        sum(ifNull(spans.input_tokens, 0) * sampling_weight) AS input_tokens,
        sum(ifNull(spans.output_tokens, 0) * sampling_weight) AS output_tokens,
        toUnixTimestamp64Nano(min(start_time)) AS first_ns, toUnixTimestamp64Nano(max(start_time)) AS last_ns
        FROM spans
        WHERE {_of(project)} AND {time.sql} AND {_CALLS} AND status != 'error' AND cost_usd IS NULL
        GROUP BY project, provider, model
        ORDER BY sum(ifNull(spans.input_tokens, 0) + ifNull(spans.output_tokens, 0)) DESC, calls DESC, project, provider, model
        LIMIT {{limit:UInt32}}
        {_SETTINGS}
        """,
        time,
        limit=limit,
        **({} if project is None else {"project": project}),
    )


def applied(project: str, window: Window, limit: int = 500) -> Query:
    """Which prices were applied to which models. Columns: ``provider``, ``model`` (that answered, else the one asked
    for), ``cost_source``, ``price_id``, ``calls``, ``cost_usd``, ``input_usd`` and ``output_usd``: what was paid for a
    million input and output tokens, cached and all (NULL where the parts are not known). Calls and costs are weighted
    by ``sampling_weight``. Grain: one row a provider, model and price, most calls first.
    """
    time = between("start_time", window)
    return query(
        "prices applied",
        f"""
        SELECT provider, {MODEL} AS model, cost_source, price_id, sum(sampling_weight) AS calls,
        sum(toFloat64(spans.cost_usd) * sampling_weight) AS cost_usd,
        {_paid("input_cost_usd + ifNull(cache_read_cost_usd, 0) + ifNull(cache_write_cost_usd, 0)", "input_tokens")} AS input_usd,
        {_paid("output_cost_usd", "output_tokens")} AS output_usd
        FROM spans
        WHERE project = {{project:String}} AND {time.sql} AND {_CALLS} AND cost_usd IS NOT NULL
        GROUP BY provider, model, cost_source, price_id
        ORDER BY calls DESC, provider, model, price_id
        LIMIT {{limit:UInt32}}
        {_SETTINGS}
        """,
        time,
        project=project,
        limit=limit,
    )


def _paid(usd: str, tokens: str) -> str:
    """What was paid for a million tokens."""
    known = f"sumIf({tokens}, ({usd}) IS NOT NULL)"
    return f"sum(toFloat64({usd})) * 1e6 / nullIf({known}, 0)"


def _of(project: str | None) -> str:
    return "1" if project is None else "project = {project:String}"
