"""What own prices are needed for, and what they are used for. Pure: queries as values."""

from __future__ import annotations

from spanglass_store.prices import OWN_PREFIX
from spanglass_store.query import MODEL, Query, Window, between, query

_CALLS = "kind IN ('llm', 'embedding', 'rerank') AND usage_counted"


def unpriced(project: str, window: Window, limit: int = 200) -> Query:
    """Models whose calls have no cost: no price is known, or the call did not tell its tokens. Failed calls are left
    out, as in the measure ``unpriced_calls``.

    Columns: ``provider``, ``model`` (that answered, else the one asked for), ``calls``, ``untold_calls`` (those of
    them that did not tell their tokens), ``input_tokens``, ``output_tokens``, ``last_ns``. Calls and tokens are
    weighted by ``sampling_weight``. Grain: one row a provider and model, most tokens first.
    """
    time = between("start_time", window)
    return query(
        "models without a price",
        f"""
        SELECT provider, {MODEL} AS model, sum(sampling_weight) AS calls,
        sumIf(sampling_weight, input_tokens IS NULL) AS untold_calls,
        sum(ifNull(spans.input_tokens, 0) * sampling_weight) AS input_tokens,
        sum(ifNull(spans.output_tokens, 0) * sampling_weight) AS output_tokens,
        toUnixTimestamp64Nano(max(start_time)) AS last_ns
        FROM spans
        WHERE project = {{project:String}} AND {time.sql} AND {_CALLS} AND status != 'error' AND cost_usd IS NULL
        GROUP BY provider, model
        ORDER BY sum(ifNull(spans.input_tokens, 0) + ifNull(spans.output_tokens, 0)) DESC, calls DESC, provider, model
        LIMIT {{limit:UInt32}}
        SETTINGS prefer_column_name_to_alias = 1
        """,
        time,
        project=project,
        limit=limit,
    )


def use_of_own(project: str, window: Window) -> Query:
    """What was priced by own prices. Columns: ``price_id``, ``calls``, ``cost_usd``, both weighted by
    ``sampling_weight``. Grain: one row a price.
    """
    time = between("start_time", window)
    return query(
        "use of own prices",
        f"""
        SELECT price_id, sum(sampling_weight) AS calls,
        sum(toFloat64(ifNull(spans.cost_usd, 0)) * sampling_weight) AS cost_usd
        FROM spans
        WHERE project = {{project:String}} AND {time.sql} AND {_CALLS} AND startsWith(price_id, '{OWN_PREFIX}')
        GROUP BY price_id
        ORDER BY price_id
        SETTINGS prefer_column_name_to_alias = 1
        """,
        time,
        project=project,
    )
