"""Own prices over public ones, read from the database again and again.

What was read last is kept in a file beside the queue. So a collector that starts while the database is away prices as
it did before; one that has never read them prices by the public table alone, and ``spanglass reprice`` puts right what
it could not know.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from spanglass_collector.metrics import Metrics
from spanglass_collector.pricing import Call, DailyPrices
from spanglass_collector.rates import Price, Rate, Tariff
from spanglass_store.errors import StoreError
from spanglass_store.prices import RATES, OwnPrice, price_for

log = logging.getLogger(__name__)

LoadPrices = Callable[[], Iterable[OwnPrice]]
"""Fetch every own price of every project. Blocks; raises StoreError."""
TOKEN_RATES: Final = {name: name.removesuffix("_usd") for name in RATES if name != "request_usd"}


class Prices(DailyPrices):
    """Own prices where there are any for a call, else those of another table. Own ones do not change: a new set of
    them is a new ``Prices``.
    """

    def __init__(self, public: DailyPrices, own: Iterable[OwnPrice] = ()) -> None:
        super().__init__()
        self._public = public
        self._own: Mapping[str, list[OwnPrice]] = defaultdict(list)
        for price in own:
            self._own[price.project].append(price)

    def price_at(self, call: Call, at_ns: int) -> Price | None:
        """The own price of the model that answered, else of the one asked for, else the public price."""
        own = self._own.get(call.project, ())
        for model in dict.fromkeys((call.response_model, call.request_model)):
            price = price_for(own, call.provider, model, at_ns) if model else None
            if price:
                return price_from_own(price)
        return self._public.price_at(call, at_ns)

    def changes(self, call: Call, day_ns: int) -> Iterable[int]:
        """When own prices begin or end, and what the public ones do."""
        for price in self._own.get(call.project, ()):
            yield price.starts_ns
            if price.ends_ns is not None:
                yield price.ends_ns
        yield from self._public.changes(call, day_ns)


def price_from_own(own: OwnPrice) -> Price:
    """An own price as the line knows prices. Tiers it has none."""
    rates = {field: None if (usd := getattr(own, name)) is None else Rate(usd) for name, field in TOKEN_RATES.items()}
    return Price(own.price_id, **rates, request_usd=own.request_usd or Decimal(0))


class CurrentPrices:
    """``Prices`` as last read: a ``PriceTable`` for a line that goes on while prices change."""

    def __init__(self, public: DailyPrices, load: LoadPrices, kept_in: Path, metrics: Metrics) -> None:
        self._public = public
        self._load = load
        self._file = kept_in
        self._metrics = metrics
        self._tried = asyncio.Event()
        self._take(read_kept(kept_in))

    @property
    def tariff_of(self) -> Callable[[Call, int], Tariff | None]:
        """The price of a call at a time of its day, by the prices known now."""
        return self._now.tariff_of

    async def refresh(self) -> None:
        """Read the own prices again. Where the database is away, those last read stay good."""
        try:
            own = await asyncio.to_thread(lambda: list(self._load()))
        except StoreError as error:
            self._metrics.add("spanglass_own_prices_unread_total")
            log.warning("the own prices cannot be read: %s", error)
        else:
            if own != self._own:
                self._take(own)
                await asyncio.to_thread(keep, own, self._file)
        self._tried.set()

    async def wait(self, *, timeout_seconds: float) -> None:
        """Return once they were read, or could not be, or took longer than that."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._tried.wait(), timeout_seconds)

    def _take(self, own: Sequence[OwnPrice]) -> None:
        self._own = own
        self._now = Prices(self._public, own)
        self._metrics.set("spanglass_own_prices", len(own))


def keep(prices: Iterable[OwnPrice], file: Path) -> None:
    """Write the prices, whole or not at all: several processes may have one folder."""
    made = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(json.dumps([_plain(price) for price in prices]))
        made.replace(file)
    except OSError as error:
        log.warning("the own prices cannot be kept in %s: %s", file, error)


def read_kept(file: Path) -> list[OwnPrice]:
    """The prices as ``keep`` wrote them; none where there is no such file, or it is of another version."""
    try:
        return [OwnPrice(**_exact(values)) for values in json.loads(file.read_text())]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        log.warning("the own prices kept in %s cannot be used: %s", file, error)
        return []


def _plain(price: OwnPrice) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(price).items()}


def _exact(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: Decimal(value) if name in RATES and value is not None else value for name, value in values.items()}
