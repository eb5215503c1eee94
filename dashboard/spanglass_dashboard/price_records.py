"""Own prices in and out of the store, and what they are for, as the prices page and its dialogs need them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pandas as pd

from spanglass_dashboard import data
from spanglass_dashboard.address import Scope
from spanglass_store.prices import EVERY_PROJECT, OwnPrice, all_prices, block_from_prices, price_from_row
from spanglass_store.queries import prices as queries


def prices_of(project: str) -> list[OwnPrice]:
    """The own prices that calls of a project can have: its own, and those of all projects."""
    return [price_from_row(row) for row in data.fetch_rows(all_prices(project))]


def unpriced(scope: Scope) -> pd.DataFrame:
    """The models of the project without a price, as ``queries.unpriced``."""
    return data.load(queries.unpriced(scope.project, scope.window))


def applied(scope: Scope) -> pd.DataFrame:
    """The prices that were applied, as ``queries.applied``."""
    return data.load(queries.applied(scope.project, scope.window))


def blank(model: str | None = None, provider: str = "") -> OwnPrice:
    """The price a new one starts from."""
    return OwnPrice(EVERY_PROJECT, model or "", 0, provider)


def save(*prices: OwnPrice, removed: Sequence[OwnPrice] = ()) -> bool:
    """Store prices and take others away, in one; say so on the page where that fails, and return False."""
    version = time.time_ns()
    return data.saved(block_from_prices(prices, removed=removed, version=version), token=f"prices {version}")
