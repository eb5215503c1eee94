"""What a model call cost: usage times a price. Pure; where the prices come from is ``prices``.

Parts do not overlap: ``input_usd`` is uncached input, cache reads and cache writes are apart, and the four parts add
up to ``total_usd``. A price that is not known makes every amount None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Protocol

from spanglass.semconv import MODEL_KINDS
from spanglass_store.rows import DEFAULTS
from spanglass_store.sheet import Row, Sheet
from spanglass_store.span import Cost, Span, Usage

MILLION: Final = 1_000_000
NANO_USD: Final = Decimal("1e-9")
UNKNOWN: Final = Cost()


@dataclass(frozen=True, slots=True)
class Rate:
    """US dollars for a million tokens. ``tiers`` are (input tokens, dollars): a call with more input tokens than
    that pays that rate for all its tokens; the largest such tier counts.
    """

    usd: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()

    def for_tokens(self, tokens: int, *, input_tokens: int) -> Decimal:
        """US dollars of ``tokens`` in a call with ``input_tokens`` of input."""
        usd = self.usd
        for above, tier_usd in self.tiers:
            if input_tokens > above:
                usd = tier_usd
        return usd * tokens / MILLION


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one model at one time. Tokens without a rate of their own are paid at the rate of their whole:
    cached and audio input as input, audio and reasoning output as output. ``request_usd`` is paid once a call.
    """

    price_id: str
    input: Rate | None = None
    output: Rate | None = None
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    input_audio: Rate | None = None
    output_audio: Rate | None = None
    reasoning: Rate | None = None
    request_usd: Decimal = Decimal(0)


class PriceTable(Protocol):
    """Where prices are looked up."""

    def price_of(self, provider: str, model: str, *, service_tier: str, at_ns: int) -> Price | None:
        """The price of ``model`` at ``provider`` at that time; None where it is not known."""


def priced(span: Span, prices: PriceTable) -> Span:
    """The span with its cost. A cost the client reported stays; a span that is no model call has none."""
    if span.cost.source or span.kind not in MODEL_KINDS:
        return span
    for model in dict.fromkeys((span.response_model, span.request_model)):
        price = model and prices.price_of(span.provider, model, service_tier=span.service_tier, at_ns=span.start_ns)
        if price:
            return replace(span, cost=cost_of(span.usage, price))
    return span


def cost_of(usage: Usage, price: Price) -> Cost:
    """The cost of a call, to the nano-dollar.

    Unknown where the usage is, where it contradicts itself (more cached than input), or where tokens were used that
    the price has no rate for.
    """
    input_tokens = usage.input_tokens
    if input_tokens is None or (usage.output_tokens is None and price.output and price.output.usd):
        return UNKNOWN
    left = {"input": input_tokens, "output": usage.output_tokens or 0}
    usd = dict.fromkeys(("input", "output", "cache_read", "cache_write"), Decimal(0)) | {"input": price.request_usd}
    for share in SHARES:
        rate: Rate | None = getattr(price, share.rate)
        tokens: int = getattr(usage, share.tokens) or 0
        if rate:
            left[share.whole] -= tokens
            usd[share.part] += rate.for_tokens(tokens, input_tokens=input_tokens)
    for whole, rate in (("input", price.input), ("output", price.output)):
        if left[whole] < 0 or (left[whole] and rate is None):
            return UNKNOWN
        if rate:
            usd[whole] += rate.for_tokens(left[whole], input_tokens=input_tokens)
    rounded = {f"{part}_usd": amount.quantize(NANO_USD) for part, amount in usd.items()}
    return Cost(total_usd=sum(rounded.values(), Decimal(0)), source="computed", price_id=price.price_id, **rounded)


@dataclass(frozen=True, slots=True)
class Share:
    """Tokens that are part of a whole and may have a rate of their own."""

    rate: str
    tokens: str
    whole: str
    part: str


SHARES: Final = (
    Share("cache_read", "cache_read_tokens", "input", "cache_read"),
    Share("cache_write", "cache_write_tokens", "input", "cache_write"),
    Share("input_audio", "input_audio_tokens", "input", "input"),
    Share("output_audio", "output_audio_tokens", "output", "output"),
    Share("reasoning", "reasoning_tokens", "output", "output"),
)


def price_row(row: Row, prices: PriceTable) -> bool:
    """Add the cost to a row; True for a model call with usage and no known price."""
    if row.get("cost_source") or row["kind"] not in MODEL_KINDS:
        return False
    usage = Usage(**{name: row.get(name) for name in Usage.__dataclass_fields__})
    for model in dict.fromkeys((row.get("response_model"), row.get("request_model"))):
        price = model and prices.price_of(
            row.get("provider", ""), model, service_tier=row.get("service_tier", ""), at_ns=row["start_time"]
        )
        if price:
            cost = cost_of(usage, price)
            if cost.total_usd is None:
                break
            names = ("cost_usd", "input_cost_usd", "output_cost_usd", "cache_read_cost_usd", "cache_write_cost_usd")
            parts = (cost.total_usd, cost.input_usd, cost.output_usd, cost.cache_read_usd, cost.cache_write_usd)
            row.update({n: int((v or 0) * 10**9) for n, v in zip(names, parts, strict=True)})
            row["cost_source"], row["price_id"] = cost.source, cost.price_id
            return False
    return usage.input_tokens is not None


_PRICED_BY: Final = frozenset(
    {"provider", "request_model", "response_model", "service_tier", "start_time", "kind", "cost_source", "project"}
) | frozenset(Usage.__dataclass_fields__)
_COSTS: Final = (
    "cost_usd",
    "input_cost_usd",
    "output_cost_usd",
    "cache_read_cost_usd",
    "cache_write_cost_usd",
    "cost_source",
    "price_id",
)


def price_sheet(sheet: Sheet, prices: PriceTable) -> int:
    """Add the costs to all rows of a sheet; how many of them are model calls with usage and no known price."""
    columns = sheet.columns
    if MODEL_KINDS.isdisjoint(columns["kind"]):
        return 0
    rows = Sheet(sheet.count, {name: columns[name] for name in _PRICED_BY & columns.keys()}).rows()
    unpriced = sum([price_row(row, prices) for row in rows])
    for name in _COSTS:
        if any(name in row for row in rows):
            columns[name] = [row.get(name, DEFAULTS[name]) for row in rows]
    return unpriced
