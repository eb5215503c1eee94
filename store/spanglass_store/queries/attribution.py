"""What changed the cost between two windows: volume, model mix, tokens a call, cache share, price. Pure.

The parts add up to the difference; how, and what becomes of what two of them do together, is ``decomposition``. A cost is
the sum over models of

    calls · share of the model · tokens a call · share of those tokens that is cached, or is not · price a token

once for uncached input, for cache reads, for cache writes and for output (which has no cache share). What a cost holds
beyond its parts (a cost the client reported as one number, a fee a request) counts as price a call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from spanglass_store.decomposition import Factors, effects
from spanglass_store.measures import MEASURES
from spanglass_store.query import MODEL, Filters, Query, Window, query, spans_where, told_apart
from spanglass_store.sources import SETTINGS

FACTORS: Final = ("volume", "model_mix", "input_tokens_per_call", "output_tokens_per_call", "cache_share", "price")
"""What a cost follows from, in the order in which one is held responsible for what was not there before."""

_TOKENS: Final = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
_COSTS: Final = ("input_cost_usd", "cache_read_cost_usd", "cache_write_cost_usd", "output_cost_usd")
_PRICED: Final = "usage_counted AND cost_usd IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Change:
    """US dollars: ``after_usd - before_usd`` is the sum of ``parts``, one for each of FACTORS."""

    before_usd: float
    after_usd: float
    parts: Mapping[str, float]


def by_model(project: str, window: Window, filters: Filters, *, before: Window | None = None) -> Query:
    """What each model was used for and cost in ``window`` and in ``before`` (default: the window before it).

    Columns: model, is_now (of ``window``), calls (with a known cost), unpriced_calls, input_tokens (cached ones included),
    cache_read_tokens, cache_write_tokens, output_tokens, input_cost_usd (uncached), cache_read_cost_usd,
    cache_write_cost_usd, output_cost_usd, cost_usd. All are weighted; tokens and costs are those of ``calls``, and
    ``cost_usd`` adds up to the measure of that name. Grain: one row a model and window. Reads ``spans`` of both windows.
    """
    now = spans_where(project, window, filters)
    then = told_apart(spans_where(project, before or window.previous(), filters), now, "before_")
    sums = ",\n".join(
        f"sumIf(toFloat64(ifNull({name}, 0)) * sampling_weight, {_PRICED}) AS {name}"
        for name in (*_TOKENS, *_COSTS, "cost_usd")
    )
    select = f"""{MODEL} AS model,
        sumIf(sampling_weight, {_PRICED}) AS calls,
        {MEASURES["unpriced_calls"].sql} AS unpriced_calls,
        {sums}"""
    return query(
        "cost by model in two windows",
        f"""
        SELECT true AS is_now, {select}
        FROM spans WHERE {now.sql} GROUP BY model HAVING calls + unpriced_calls > 0
        UNION ALL
        SELECT false AS is_now, {select}
        FROM spans WHERE {then.sql} GROUP BY model HAVING calls + unpriced_calls > 0
        {SETTINGS}
        """,
        now,
        then,
    )


def attributed(rows: Iterable[Mapping[str, Any]]) -> dict[str, Change]:
    """What changed the cost of each model, from rows of ``by_model``; the largest change comes first.

    The whole change is ``total`` of it. Changes of ``model_mix`` of single models are large and cancel out: a model that
    takes over from another adds as much as it saves, and what is left in the total is that one of them is dearer.
    """
    told = list(rows)
    calls = [sum(row["calls"] for row in told if row["is_now"] == is_now) for is_now in (False, True)]
    pairs: dict[str, list[Mapping[str, Any] | None]] = {}
    for row in told:
        pairs.setdefault(row["model"], [None, None])[bool(row["is_now"])] = row
    changes = {model: _change(pair, calls) for model, pair in pairs.items()}
    return dict(sorted(changes.items(), key=lambda item: -abs(item[1].after_usd - item[1].before_usd)))


def total(changes: Iterable[Change]) -> Change:
    """All of ``changes`` as one."""
    each = list(changes)
    parts = {name: sum(change.parts[name] for change in each) for name in FACTORS}
    return Change(sum(change.before_usd for change in each), sum(change.after_usd for change in each), parts)


def _change(pair: Iterable[Mapping[str, Any] | None], calls: Iterable[float]) -> Change:
    (before, cost_before), (after, cost_after) = (_terms(row, all_) for row, all_ in zip(pair, calls, strict=True))
    parts = effects(zip(before, after, strict=True))
    return Change(cost_before, cost_after, dict(zip(FACTORS, parts, strict=True)))


def _terms(row: Mapping[str, Any] | None, all_calls: float) -> tuple[list[Factors], float]:
    """The factors of each kind of token, then those of what is left, and the cost they come to (US dollars)."""
    if row is None:
        return [(all_calls, 0.0, 0.0, 0.0, 0.0, 0.0)] * (len(_TOKENS) + 1), 0.0
    calls, cost = float(row["calls"]), float(row["cost_usd"])
    sent, read, written, answered = (float(row[name]) for name in _TOKENS)
    tokens = (max(sent - read - written, 0.0), read, written, answered)
    costs = [float(row[name]) if count else 0.0 for name, count in zip(_COSTS, tokens, strict=True)]
    left = cost - sum(costs)
    if left < 0:  # the parts say more than the whole, which was reported: the whole is right
        costs, left = [each * cost / (cost - left) for each in costs], 0.0
    share = _ratio(calls, all_calls)
    a_call, answered_a_call = _ratio(sum(tokens[:3]), calls), _ratio(answered, calls)
    prices = [_ratio(usd, count) for usd, count in zip(costs, tokens, strict=True)]
    terms: list[Factors] = [
        (all_calls, share, a_call, 1.0, _ratio(count, sum(tokens[:3])), price)
        for count, price in zip(tokens[:3], prices[:3], strict=True)
    ]
    terms.append((all_calls, share, 1.0, answered_a_call, 1.0, prices[3]))
    terms.append((all_calls, share, 1.0, 1.0, 1.0, _ratio(left, calls)))
    return terms, cost


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
