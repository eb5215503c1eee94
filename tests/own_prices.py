"""Own prices for tests: the values, and a strategy for any that could be saved."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from spanglass_store.prices import EVERY_PROJECT, MS, RATES, OwnPrice, price_problems

DAY_MS = 86_400_000


def day_ns(text: str) -> int:
    """Midnight UTC of a day such as ``2026-11-01``, or a time of it."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000) * MS


def own(model: str = "llama-8b", starts: str = "", **other: Any) -> OwnPrice:
    """A price of a dollar for a million input tokens and two for output, of every project unless told otherwise."""
    told = {"project": EVERY_PROJECT, "input_usd": Decimal(1), "output_usd": Decimal(2)} | other
    if ends := told.pop("ends", None):
        told["ends_ns"] = day_ns(ends)
    return OwnPrice(model=model, starts_ns=day_ns(starts) if starts else 0, **told)


_names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    str.strip
)
_usd = st.none() | st.decimals(0, 100_000, places=9)
_ms = st.integers(0, 90_000 * DAY_MS)
any_own = st.builds(
    OwnPrice,
    project=st.just(EVERY_PROJECT) | _names,
    model=_names,
    starts_ns=_ms.map(lambda ms: ms * MS),
    provider=st.just("") | _names,
    ends_ns=st.none() | _ms.map(lambda ms: ms * MS),
    comment=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20),
    **dict.fromkeys(RATES, _usd),
).filter(lambda price: not price_problems(price))
