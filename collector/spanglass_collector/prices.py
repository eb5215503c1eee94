"""Prices of public models, from the genai-prices package, as a ``PriceTable``.

The package ships its table: nothing is fetched. A price is named after the version of the package, the model it was
matched to and the date it began, so that a stored cost can be traced and computed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Final

import genai_prices
from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import (
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from spanglass_collector.model_names import Named, names_of
from spanglass_collector.pricing import MAX_REMEMBERED, Call, DailyPrices
from spanglass_collector.tariff import Price, Rate

TIER_WORDS: Final = ("service_tier", "processing", "speed")
"""What genai-prices calls that which OpenTelemetry has one attribute for. No value of one means something else in
another: ``batch`` is a way of processing, ``flex`` and ``priority`` are tiers, ``fast`` is a speed."""

FREE: Final = Rate(Decimal(0))
"""What OpenRouter's models with ``:free`` in their names cost; the table has no amounts for them."""

Found = tuple[Provider, ModelInfo]


class GenaiPrices(DailyPrices):
    """The table of genai-prices."""

    def __init__(self, snapshot: DataSnapshot | None = None) -> None:
        super().__init__()
        self._providers = (snapshot or get_snapshot()).providers
        self._by_id = {provider.id: provider for provider in self._providers}
        self._found: dict[tuple[str, str], Found | None] = {}

    def price_at(self, call: Call, at_ns: int) -> Price | None:
        """The price in force; None for a model or a provider that the table does not know."""
        found = (self.price_of(call.provider, m, service_tier=call.service_tier, at_ns=at_ns) for m in call.models)
        return next(filter(None, found), None)

    def price_of(self, provider: str, model: str, *, service_tier: str, at_ns: int) -> Price | None:
        """The price of one model at one time."""
        found = self._find(provider, model)
        return found and _price_at(*found, service_tier.lower(), datetime.fromtimestamp(at_ns // 10**9, tz=UTC))

    def changes(self, call: Call, day_ns: int) -> Iterable[int]:
        """The hours at which a model gets cheaper or dearer every day. A new price begins with a day."""
        for found in filter(None, (self._find(call.provider, model) for model in call.models)):
            _, model = found
            prices = () if isinstance(model.prices, ModelPrice) else model.prices
            for each in (*prices, *(model.price_variants or ())):
                if isinstance(each.constraint, TimeOfDateConstraint):
                    yield day_ns + _of_day_ns(each.constraint.start_time)
                    yield day_ns + _of_day_ns(each.constraint.end_time)

    def _find(self, provider: str, model: str) -> Found | None:
        key = (provider, model)
        if key not in self._found:
            if len(self._found) >= MAX_REMEMBERED:
                self._found.clear()
            candidates = (found for named in names_of(provider, model) for found in self._named(named))
            self._found[key] = next(candidates, None)
        return self._found[key]

    def _named(self, named: Named) -> Iterator[Found]:
        provider = self._by_id.get(named.provider) or next(filter(named.is_served_by, self._providers), None)
        model = provider and provider.find_model(named.model, all_providers=self._providers)
        if provider and model:
            yield provider, model


def _price_at(provider: Provider, model: ModelInfo, service_tier: str, at: datetime) -> Price | None:
    """The price in force, named after the package, the model, the day it began and the tier, where that matters."""
    standard = model.get_prices(at)
    own = any(model is each for each in provider.models)  # tiers are those of the provider itself
    tiered = model.get_prices(at, dict.fromkeys(TIER_WORDS, service_tier)) if service_tier and own else standard
    began = _began(model, at)
    tier = service_tier if vars(tiered) != vars(standard) else ""
    name = f"genai-prices/{genai_prices.__version__}:{provider.id}/{model.id}"
    price_id = name + (f"@{began}" if began else "") + (f"#{tier}" if tier else "")
    return Price(price_id, FREE, FREE) if model.id.endswith(":free") else _price(tiered, price_id)


def _began(model: ModelInfo, at: datetime) -> str:
    """The day the price in force began, where the table says so."""
    if isinstance(model.prices, ModelPrice):
        return ""
    active = (p.constraint for p in reversed(model.prices) if p.constraint is None or p.constraint.active(at))
    constraint = next(active, None)
    return constraint.start_date.isoformat() if isinstance(constraint, StartDateConstraint) else ""


def _of_day_ns(at: time) -> int:
    """Nanoseconds from midnight UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    utc = datetime.combine(datetime(1970, 1, 2, tzinfo=UTC), aware).astimezone(UTC)
    return (utc.hour * 3600 + utc.minute * 60 + utc.second) * 10**9


def _price(price: ModelPrice, price_id: str) -> Price | None:
    """The price with the rates that tokens and calls have; None for a model that is paid by something else."""
    per_call = price.requests_kcount
    found = Price(
        price_id=price_id,
        input=_rate(price.input_mtok),
        output=_rate(price.output_mtok),
        cache_read=_rate(price.cache_read_mtok),
        cache_write=_rate(price.cache_write_mtok),
        input_audio=_rate(price.input_audio_mtok),
        output_audio=_rate(price.output_audio_mtok),
        reasoning=_rate(price.output_reasoning_mtok),
        request_usd=per_call / 1000 if isinstance(per_call, Decimal) else Decimal(0),
    )
    return found if found.input or found.output or found.request_usd else None


def _rate(price: Decimal | TieredPrices | None) -> Rate | None:
    if isinstance(price, TieredPrices):
        return Rate(price.base, tuple((tier.start, tier.price) for tier in price.tiers))
    return None if price is None else Rate(price)
