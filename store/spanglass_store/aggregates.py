"""What measures are made of: sums, and states of what cannot be added up. Pure.

The aggregates of the parts of some rows can be put together to those of all of them. So a window is told from roll-ups of its
days and hours and from the spans of its edges (``days_and_hours``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

WEIGHT: Final = "sampling_weight"
CALL: Final = "kind IN ('llm', 'embedding', 'rerank') AND usage_counted"
LLM: Final = "kind = 'llm' AND usage_counted"
STREAMED: Final = f"{LLM} AND time_to_first_token_ns IS NOT NULL"
SPOKEN: Final = f"{LLM} AND output_tokens IS NOT NULL"
FAILED: Final = "status = 'error'"
ROOT: Final = "parent_span_id = 0"

_DIGEST: Final = "quantilesTDigestWeightedIf"
_DIGESTED: Final = "{value}, toUInt64(greatest(1, round(sampling_weight))), {condition}"
LEVELS: Final = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``function`` with its ``parameters`` over ``arguments``. Where the results of parts of the rows do not add up to that of
    all, the parts give the ``state`` they have when they end.
    """

    function: str
    arguments: str
    parameters: str = ""
    adds_up: bool = True

    @property
    def sql(self) -> str:
        """Over all rows."""
        return f"{self.function}{self.parameters}({self.arguments})"

    @property
    def of_part(self) -> str:
        """Over a part of the rows: what ``of_parts`` puts together, to the letter as in the roll-ups."""
        return self.sql if self.adds_up else f"{self.function}State{self.parameters}({self.arguments})"

    def of_parts(self, column: str) -> str:
        """Over all rows, from the ``column`` that has ``of_part`` of each part."""
        return f"sum({column})" if self.adds_up else f"{self.function}Merge{self.parameters}({column})"


def digest(value: str, condition: str, levels: tuple[float, ...] = LEVELS) -> Aggregate:
    """Percentiles of the weighted ``value`` of the rows for which ``condition`` holds: a t-digest."""
    told = ", ".join(map(str, levels))
    return Aggregate(_DIGEST, _DIGESTED.format(value=value, condition=condition), f"({told})", adds_up=False)


def percentile(value: str, level: float, condition: str) -> str:
    """The aggregate that ``level`` (0 to 1) of the weighted ``value`` stay below, of rows for which ``condition`` holds.

    The usual levels come out of one digest: asked together they are computed once.
    """
    levels = LEVELS if level in LEVELS else (level,)
    return f"{digest(value, condition, levels).sql}[{levels.index(level) + 1}]"


def _sum(condition: str) -> Aggregate:
    return Aggregate("sumIf", f"{WEIGHT}, {condition}")


def _cost(condition: str) -> Aggregate:
    return Aggregate("sumIf", f"toFloat64(ifNull(cost_usd, 0)) * {WEIGHT}, {condition}")


def _tokens(column: str) -> Aggregate:
    return Aggregate("sumIf", f"ifNull({column}, 0) * {WEIGHT}, usage_counted")


OF_CALLS: Final[Mapping[str, Aggregate]] = MappingProxyType(
    {
        "calls_weight": _sum(CALL),
        "failed_calls_weight": _sum(f"{CALL} AND {FAILED}"),
        "unpriced_calls_weight": _sum(f"{CALL} AND status != 'error' AND cost_usd IS NULL"),
        "calls_kept": Aggregate("countIf", CALL),
        "priced_kept": Aggregate("countIf", "usage_counted AND cost_usd IS NOT NULL"),
        "cost_sum_usd": _cost("usage_counted"),
        "calls_cost_usd": _cost(CALL),
        "priced_calls_weight": _sum(f"{CALL} AND cost_usd IS NOT NULL"),
        "input_sum_tokens": _tokens("input_tokens"),
        "output_sum_tokens": _tokens("output_tokens"),
        "spoken_tokens": Aggregate("sumIf", f"ifNull(output_tokens, 0), {SPOKEN}"),
        "spoken_ns": Aggregate("sumIf", f"duration_ns, {SPOKEN}"),
        "latency": digest("duration_ns / 1e9", LLM),
        "first_token": digest("ifNull(time_to_first_token_ns, 0) / 1e9", STREAMED),
        "spans_kept": Aggregate("count", ""),
    }
)
"""By name, in every roll-up. What ends in ``kept`` counts spans, each of which stands for as many as its weight says."""

OF_TRACES: Final[Mapping[str, Aggregate]] = MappingProxyType(
    {
        "spans_weight": Aggregate("sum", WEIGHT),
        "different_traces": Aggregate("uniq", "trace_id", adds_up=False),
        "failed_kept": Aggregate("countIf", FAILED),
        "failed_weight": _sum(FAILED),
        "different_failed_traces": Aggregate("uniqIf", f"trace_id, {FAILED}", adds_up=False),
        "trace_latency": digest("duration_ns / 1e9", ROOT),
    }
)
"""By name, in roll-ups of which a group has whole traces, or nearly."""

AGGREGATES: Final[Mapping[str, Aggregate]] = MappingProxyType({**OF_CALLS, **OF_TRACES})
