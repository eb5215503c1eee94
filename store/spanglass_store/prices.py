"""Own prices of own models: a value, what may be wrong with it, its row, and which one a call has. Pure.

A price belongs to a project, begins at a time and may end at one. Its model is a name or a pattern (``llama-*``), and
so is its provider, if one is named. Of several prices in force the closest goes: with a provider before without one,
a name before a pattern, a longer pattern before a shorter one, the one that began later before the one that began
earlier. So a new price needs no end of the old one, and an old one comes back where the new one has ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, Final

from spanglass_store.native import Block, block_from_columns
from spanglass_store.query import Query, query

MS: Final = 1_000_000
OWN_PREFIX: Final = "own/"
"""What the id of an own price begins with, in ``spans.price_id``."""

RATES: Final[Mapping[str, str]] = {
    "input_usd": "Input, cached tokens too where they have no rate of their own",
    "output_usd": "Output, reasoning too where it has no rate of its own",
    "cache_read_usd": "Input read from the cache",
    "cache_write_usd": "Input written to the cache",
    "input_audio_usd": "Audio in the input",
    "output_audio_usd": "Audio in the output",
    "reasoning_usd": "Reasoning in the output",
    "request_usd": "Each call, whatever its tokens",
}
"""The amounts of a price: US dollars for a million tokens, ``request_usd`` for one call."""

MAX_USD: Final = 100_000
"""Dearest rate there may be: 4 billion tokens (the largest count there is) at this rate still fit the cost's column."""
MAX_DECIMALS: Final = 9
MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """A price somebody set. Rates are those of ``RATES``; times are nanoseconds since 1970, whole milliseconds."""

    project: str
    model: str
    starts_ns: int
    provider: str = ""
    ends_ns: int | None = None
    input_usd: Decimal | None = None
    output_usd: Decimal | None = None
    cache_read_usd: Decimal | None = None
    cache_write_usd: Decimal | None = None
    input_audio_usd: Decimal | None = None
    output_audio_usd: Decimal | None = None
    reasoning_usd: Decimal | None = None
    request_usd: Decimal | None = None
    comment: str = ""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What a price is known by: the same key written again replaces it."""
        return self.project, self.provider, self.model, self.starts_ns

    @property
    def rates(self) -> dict[str, Decimal]:
        """The amounts that are set, by name."""
        return {name: usd for name in RATES if (usd := getattr(self, name)) is not None}

    @property
    def price_id(self) -> str:
        """What a span that was priced by it says: whose, from when, and six digits of the amounts' hash, so that an
        amount changed later can be told from the one that was applied.
        """
        amounts = ";".join(f"{name}={usd.normalize():f}" for name, usd in self.rates.items())
        digest = hashlib.sha256(amounts.encode()).hexdigest()[:6]
        whose = f"{self.provider}:{self.model}" if self.provider else self.model
        return f"{OWN_PREFIX}{whose}@{day_or_time(self.starts_ns)}.{digest}"

    def is_in_force(self, at_ns: int) -> bool:
        """Whether it has begun and not ended."""
        return self.starts_ns <= at_ns and (self.ends_ns is None or at_ns < self.ends_ns)

    def is_for(self, provider: str, model: str) -> bool:
        """Whether its names are those of a call. Case makes no difference."""
        if self.provider and not fnmatchcase(provider.lower(), self.provider.lower()):
            return False
        return fnmatchcase(model.lower(), self.model.lower())

    @property
    def closeness(self) -> tuple[bool, bool, int, int]:
        """Of two that are for a call, the one whose closeness is larger goes."""
        exact = not any(mark in self.model for mark in "*?[")
        return bool(self.provider), exact, len(self.model.replace("*", "")), self.starts_ns


def day_or_time(at_ns: int) -> str:
    """``2026-11-24`` at midnight UTC, else with the time; milliseconds only where there are any."""
    at = datetime.fromtimestamp(at_ns // 10**9, UTC).replace(microsecond=at_ns // 1000 % 1_000_000)
    if at.time() == datetime.min.time():
        return at.date().isoformat()
    spec = "milliseconds" if at.microsecond else "seconds"
    return at.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def price_for(prices: Iterable[OwnPrice], provider: str, model: str, at_ns: int) -> OwnPrice | None:
    """The price of a call at that time, of those of one project; None where none is for it."""
    found = (price for price in prices if price.is_in_force(at_ns) and price.is_for(provider, model))
    return max(found, key=lambda price: price.closeness, default=None)


def price_problems(price: OwnPrice) -> list[tuple[str, str]]:
    """(field, sentence) for everything that is wrong with a price; empty when nothing is."""
    checks = [
        ("model", not price.model.strip(), "A price needs a model: a name, or a pattern such as llama-*."),
        ("model", max(len(price.model), len(price.provider)) > MAX_NAME, f"Names have {MAX_NAME} characters at most."),
        ("starts", price.starts_ns < 0, "A price cannot begin before 1970."),
        ("ends", price.ends_ns is not None and price.ends_ns <= price.starts_ns, "A price ends after it begins."),
        ("input_usd", not price.rates, "A price needs at least one amount; 0 says that it costs nothing."),
    ]
    for name, usd in price.rates.items():
        exponent = usd.as_tuple().exponent
        unusable = not isinstance(exponent, int) or not 0 <= usd <= MAX_USD
        fine = isinstance(exponent, int) and -exponent > MAX_DECIMALS and -_exponent(usd) > MAX_DECIMALS
        checks += [
            (name, unusable, f"An amount is a number from 0 to {MAX_USD:,}."),
            (name, fine, f"An amount has {MAX_DECIMALS} decimals at most."),
        ]
    return [(field, sentence) for field, wrong, sentence in checks if wrong]


def _exponent(usd: Decimal) -> int:
    return int(usd.normalize().as_tuple().exponent)


def block_from_prices(prices: Sequence[OwnPrice], *, version: int, deleted: bool = False) -> Block:
    """Prices as rows of ``prices``. ``version`` is nanoseconds since 1970: the largest wins."""
    count = len(prices)
    columns: list[tuple[str, str, list[Any]]] = [
        ("project", "String", [p.project for p in prices]),
        ("provider", "String", [p.provider for p in prices]),
        ("model", "String", [p.model for p in prices]),
        ("starts_at", "DateTime64(3, 'UTC')", [p.starts_ns // MS for p in prices]),
        ("ends_at", "Nullable(DateTime64(3, 'UTC'))", [p.ends_ns and p.ends_ns // MS for p in prices]),
        *((name, "Nullable(Decimal(18, 9))", [_nano(getattr(p, name)) for p in prices]) for name in RATES),
        ("comment", "String", [p.comment for p in prices]),
        ("version", "UInt64", [version] * count),
        ("is_deleted", "UInt8", [int(deleted)] * count),
    ]
    return block_from_columns("prices", columns)


def _nano(usd: Decimal | None) -> int | None:
    return None if usd is None else int(usd.scaleb(9))


def all_prices(project: str | None = None) -> Query:
    """Own prices, for ``price_from_row``: of every project if None. Grain: one row a price, by model and time."""
    where = "WHERE project = {project:String}" if project is not None else ""
    params = {} if project is None else {"project": project}
    return query(
        "own prices",
        f"""
        SELECT project, provider, model, toUnixTimestamp64Milli(starts_at) * 1000000 AS starts_ns,
        toUnixTimestamp64Milli(ends_at) * 1000000 AS ends_ns, {", ".join(RATES)}, comment
        FROM prices FINAL {where}
        ORDER BY project, model, provider, starts_at
        """,
        **params,
    )


_FIELDS: Final = tuple(field.name for field in fields(OwnPrice))


def price_from_row(row: Mapping[str, Any]) -> OwnPrice:
    """The price of a row of ``all_prices``."""
    return OwnPrice(**{name: row[name] for name in _FIELDS})
