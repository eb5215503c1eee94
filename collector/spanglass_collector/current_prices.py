"""The prices of now: own ones are read from the database again and again.

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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from spanglass_collector.metrics import Metrics
from spanglass_collector.own_prices import Prices
from spanglass_collector.pricing import Call, DailyPrices
from spanglass_collector.tariff import Tariff
from spanglass_store.errors import StoreError
from spanglass_store.prices import RATES, OwnPrice

log = logging.getLogger(__name__)

LoadPrices = Callable[[], Iterable[OwnPrice]]
"""Fetch every own price of every project. Blocks; raises StoreError."""


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
