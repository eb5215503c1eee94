"""Own prices over public ones, as a ``PriceTable``. Pure; ``current_prices`` reads them again and again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from spanglass_collector.pricing import Call, DailyPrices
from spanglass_collector.tariff import Price, Rate
from spanglass_store.prices import EVERY_PROJECT, RATES, OwnPrice, price_for, price_problems

TOKEN_RATES: Final = {name: name.removesuffix("_usd") for name in RATES if name != "request_usd"}


class Prices(DailyPrices):
    """Own prices where there are any for a call, else those of another table. Own ones do not change: a new set of
    them is a new ``Prices``. One that cannot be used (``price_problems``) is left out.
    """

    def __init__(self, public: DailyPrices, own: Iterable[OwnPrice] = ()) -> None:
        super().__init__()
        self._public = public
        self._own: Mapping[str, list[OwnPrice]] = defaultdict(list)
        for price in own:
            if not price_problems(price):
                self._own[price.project].append(price)

    def price_at(self, call: Call, at_ns: int) -> Price | None:
        """The own price of the model that answered, else of the one asked for, else the public price."""
        own = [price for price in self._of(call) if price.is_in_force(at_ns)]
        found = (price_for(own, call.provider, model, at_ns) for model in call.models)
        price = next(filter(None, found), None)
        return price_from_own(price) if price else self._public.price_at(call, at_ns)

    def changes(self, call: Call, day_ns: int) -> Iterable[int]:
        """When own prices begin or end, and what the public ones do."""
        for price in self._of(call):
            yield price.starts_ns
            if price.ends_ns is not None:
                yield price.ends_ns
        yield from self._public.changes(call, day_ns)

    def _of(self, call: Call) -> list[OwnPrice]:
        """Those that are for the call, at whatever time."""
        found = (*self._own.get(call.project, ()), *self._own.get(EVERY_PROJECT, ()))
        return [price for price in found if any(price.is_for(call.provider, model) for model in call.models)]


def price_from_own(own: OwnPrice) -> Price:
    """An own price as the line knows prices. Tiers it has none."""
    rates = {field: None if (usd := getattr(own, name)) is None else Rate(usd) for name, field in TOKEN_RATES.items()}
    return Price(own.price_id, **rates, request_usd=own.request_usd or Decimal(0))
