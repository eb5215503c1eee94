"""Prices of public models, from the genai-prices package, as a ``PriceTable``.

The package ships its table: nothing is fetched. A price is named after the version of the package, the model it was
matched to and the date it began, so that a stored cost can be traced and computed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

import genai_prices
from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, Provider, StartDateConstraint, TieredPrices

from spanglass_collector.pricing import Price, Rate

PROVIDERS: Final[Mapping[str, str]] = MappingProxyType(
    {"azure.ai.inference": "azure", "gcp.gen_ai": "google", "x_ai": "x-ai", "bedrock": "aws", "vertexai": "google"}
)
"""OpenTelemetry's names of providers that genai-prices does not match by itself."""

MINUTE_NS: Final = 60 * 10**9
MAX_REMEMBERED: Final = 10_000
"""Model names come from clients: what is remembered about them is bounded."""


class GenaiPrices:
    """The table of genai-prices. Lookups are remembered; safe to use from several threads."""

    def __init__(self, snapshot: DataSnapshot | None = None) -> None:
        self._snapshot = snapshot or get_snapshot()
        self._found: dict[tuple[str, str], tuple[Provider, ModelInfo] | None] = {}
        self._prices: dict[tuple[str, str, str, int], Price] = {}

    def price_of(self, provider: str, model: str, *, service_tier: str, at_ns: int) -> Price | None:
        """The price in force at ``at_ns``; None for a model or a provider that the table does not know."""
        found = self._find(provider, model)
        if found is None:
            return None
        owner, info = found
        key = (owner.id, info.id, service_tier, at_ns // MINUTE_NS)  # no price begins between two minutes
        price = self._prices.get(key)
        if price is None:
            if len(self._prices) >= MAX_REMEMBERED:
                self._prices.clear()
            price = self._prices[key] = _price_at(
                owner, info, service_tier, datetime.fromtimestamp(at_ns / 1e9, tz=UTC)
            )
        return price

    def _find(self, provider: str, model: str) -> tuple[Provider, ModelInfo] | None:
        key = (provider, model)
        if key not in self._found:
            if len(self._found) >= MAX_REMEMBERED:
                self._found.clear()
            try:
                known = PROVIDERS.get(provider, provider) or None
                self._found[key] = self._snapshot.find_provider_model(model, None, known, None)
            except LookupError:
                self._found[key] = None
        return self._found[key]


def _price_at(provider: Provider, model: ModelInfo, service_tier: str, at: datetime) -> Price:
    """The price in force, named after the package, the model, the day it began and the tier, where that matters."""
    standard = model.get_prices(at)
    own = any(model is each for each in provider.models)  # tiers are those of the provider itself
    tiered = model.get_prices(at, {"service_tier": service_tier}) if service_tier and own else standard
    began = _began(model, at)
    tier = service_tier if vars(tiered) != vars(standard) else ""
    name = f"genai-prices/{genai_prices.__version__}:{provider.id}/{model.id}"
    return _price(tiered, name + (f"@{began}" if began else "") + (f"#{tier}" if tier else ""))


def _began(model: ModelInfo, at: datetime) -> str:
    """The day the price in force began, where the table says so."""
    if isinstance(model.prices, ModelPrice):
        return ""
    active = (p.constraint for p in reversed(model.prices) if p.constraint is None or p.constraint.active(at))
    constraint = next(active, None)
    return constraint.start_date.isoformat() if isinstance(constraint, StartDateConstraint) else ""


def _price(price: ModelPrice, price_id: str) -> Price:
    per_call = price.requests_kcount
    return Price(
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


def _rate(price: Decimal | TieredPrices | None) -> Rate | None:
    if isinstance(price, TieredPrices):
        return Rate(price.base, tuple((tier.start, tier.price) for tier in price.tiers))
    return None if price is None else Rate(price)
