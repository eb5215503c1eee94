"""Own prices of own models: a value, what may be wrong with it, its row, and which one a call has. Pure.

A price belongs to a project or to all of them, begins at a time and may end at one. Its model is a name or a pattern
(``llama-*``), and so is its provider, if one is named. Of several prices in force the closest goes: that of the
project before that of all, with a provider before without one, a name before a pattern, a longer pattern before a
shorter one, the one that began later before the one that began earlier. So a new price needs no end of the old one,
and an old one comes back where the new one has ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from spanglass_store.native import Block, block_from_columns
from spanglass_store.query import Query, query

MS: Final = 1_000_000
OWN_PREFIX: Final = "own/"
"""What the id of an own price begins with, in ``spans.price_id``."""

EVERY_PROJECT: Final = ""
"""The project of a price that is for all of them."""
Standing = Literal["in force", "to come", "ended", "superseded"]


@dataclass(frozen=True, slots=True)
class Amount:
    """What an amount of a price is called, and what it is paid for."""

    label: str
    help: str


RATES: Final[Mapping[str, Amount]] = {
    "input_usd": Amount("Input", "Input tokens; cached and audio ones too where they have no amount of their own"),
    "output_usd": Amount("Output", "Output tokens; reasoning and audio too where they have no amount of their own"),
    "cache_read_usd": Amount("Cache reads", "Input tokens read from the cache"),
    "cache_write_usd": Amount("Cache writes", "Input tokens written to the cache"),
    "input_audio_usd": Amount("Audio in", "Audio tokens of the input"),
    "output_audio_usd": Amount("Audio out", "Audio tokens of the output"),
    "reasoning_usd": Amount("Reasoning", "Reasoning tokens of the output"),
    "request_usd": Amount("Call", "Each call, besides its tokens"),
}
"""The amounts of a price: US dollars for a million tokens, ``request_usd`` for one call."""

MAX_USD: Final = 100_000
"""Dearest rate there may be: 4 billion tokens (the largest count there is) at this rate still fit the cost's column."""
MAX_DECIMALS: Final = 9
MAX_NAME: Final = 200
MAX_COMMENT: Final = 500
MAX_NS: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """A price somebody set. Rates are those of ``RATES``; times are nanoseconds since 1970, whole milliseconds; a
    price without a beginning begins at 0.
    """

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
    def key_id(self) -> str:
        """The key as eight hex digits, for people to name a price by."""
        return hashlib.sha256("\0".join(map(str, self.key)).encode()).hexdigest()[:8]

    @property
    def rates(self) -> dict[str, Decimal]:
        """The amounts that are set, by name."""
        return {name: usd for name in RATES if (usd := getattr(self, name)) is not None}

    @property
    def price_id(self) -> str:
        """What a span that was priced by it says: whose, from when, and six digits of the hash of its project and its
        amounts, so that an amount changed later can be told from the one that was applied.
        """
        amounts = ";".join(f"{name}={usd.normalize():f}" for name, usd in self.rates.items())
        digest = hashlib.sha256(f"{self.project};{amounts}".encode()).hexdigest()[:6]
        whose = f"{self.provider}:{self.model}" if self.provider else self.model
        return f"{OWN_PREFIX}{whose}{f'@{day_or_time(self.starts_ns)}' if self.starts_ns else ''}.{digest}"

    def is_in_force(self, at_ns: int) -> bool:
        """Whether it has begun and not ended."""
        return self.starts_ns <= at_ns and (self.ends_ns is None or at_ns < self.ends_ns)

    def is_for(self, provider: str, model: str) -> bool:
        """Whether its names are those of a call. Case makes no difference."""
        if self.provider and not fnmatchcase(provider.lower(), self.provider.lower()):
            return False
        return fnmatchcase(model.lower(), self.model.lower())

    @property
    def closeness(self) -> tuple[bool, bool, bool, int, int, int]:
        """Of two that are for a call, the one whose closeness is larger goes."""
        exact = not any(mark in self.model for mark in "*?[")
        own, provider, model = self.project != EVERY_PROJECT, self.provider, self.model.replace("*", "")
        return own, bool(provider), exact, len(model), len(provider.replace("*", "")), self.starts_ns


def day_or_time(at_ns: int) -> str:
    """``2026-11-24`` at midnight UTC, else with the time; milliseconds only where there are any."""
    at = datetime.fromtimestamp(at_ns // 10**9, UTC).replace(microsecond=at_ns // 1000 % 1_000_000)
    if at.time() == datetime.min.time():
        return at.date().isoformat()
    spec = "milliseconds" if at.microsecond else "seconds"
    return at.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def price_for(prices: Iterable[OwnPrice], provider: str, model: str, at_ns: int) -> OwnPrice | None:
    """The price of a call at that time, of those of its project and of all; None where none is for it."""
    found = (price for price in prices if price.is_in_force(at_ns) and price.is_for(provider, model))
    return max(found, key=lambda price: price.closeness, default=None)


def standing(price: OwnPrice, prices: Iterable[OwnPrice], now_ns: int) -> Standing:
    """How a price stands at a time among all others: ``superseded`` by one for the same that began later."""
    if price.ends_ns is not None and price.ends_ns <= now_ns:
        return "ended"
    if price.starts_ns > now_ns:
        return "to come"
    later = (p for p in prices if p.key[:-1] == price.key[:-1] and p.is_in_force(now_ns))
    return "superseded" if any(p.starts_ns > price.starts_ns for p in later) else "in force"


def price_problems(price: OwnPrice) -> list[tuple[str, str]]:
    """(field, sentence) for everything that is wrong with a price; empty when nothing is."""
    rates, last_ns = price.rates, max(price.starts_ns, price.ends_ns or 0)
    flat = rates.keys() == {"request_usd"}
    longest = max(len(price.model), len(price.provider), len(price.project))
    checks = [
        ("model", not price.model.strip(), "A price needs a model: a name, or a pattern such as llama-*."),
        ("model", longest > MAX_NAME, f"Names have {MAX_NAME} characters at most."),
        ("comment", len(price.comment) > MAX_COMMENT, f"A comment has {MAX_COMMENT} characters at most."),
        ("starts", price.starts_ns < 0 or last_ns > MAX_NS, "Prices begin and end between 1970 and 2262."),
        ("ends", price.ends_ns is not None and price.ends_ns <= price.starts_ns, "A price ends after it begins."),
        ("input_usd", not rates, "A price needs at least one amount; 0 says that it costs nothing."),
        (
            "input_usd",
            bool(rates) and not flat and price.input_usd is None,
            "A price for tokens needs the amount for input; 0 says that input costs nothing.",
        ),
    ]
    for name, usd in rates.items():
        usable = usd.is_finite() and 0 <= usd <= MAX_USD
        checks += [
            (name, not usable, f"An amount is a number from 0 to {MAX_USD:,}."),
            (name, usable and _decimals(usd) > MAX_DECIMALS, f"An amount has {MAX_DECIMALS} decimals at most."),
        ]
    return [(field, sentence) for field, wrong, sentence in checks if wrong]


def _decimals(usd: Decimal) -> int:
    exponent = usd.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def amount_text(usd: Decimal) -> str:
    """An amount as people write it, exactly, with two decimals at least: ``$0.20``, ``$0.075``."""
    return f"${usd.normalize():,f}" if _decimals(usd) > 2 else f"${usd:,.2f}"


def amounts_text(price: OwnPrice) -> str:
    """``Input $0.20 · Output $0.60 for a million tokens · $0.01 a call``."""
    rates = price.rates
    per_call = rates.pop("request_usd", None)
    tokens = " · ".join(f"{RATES[name].label} {amount_text(usd)}" for name, usd in rates.items())
    parts = [f"{tokens} for a million tokens"] if tokens else []
    if per_call is not None:
        parts.append(f"{amount_text(per_call)} a call")
    return " · ".join(parts)


def block_from_prices(prices: Sequence[OwnPrice], *, removed: Sequence[OwnPrice] = (), version: int) -> Block:
    """Prices as rows of ``prices``, and rows that take the ``removed`` ones away. ``version`` is nanoseconds since
    1970: of one key the largest wins.
    """
    rows = (*prices, *removed)
    columns: list[tuple[str, str, list[Any]]] = [
        ("project", "String", [p.project for p in rows]),
        ("provider", "String", [p.provider for p in rows]),
        ("model", "String", [p.model for p in rows]),
        ("starts_at", "DateTime64(3, 'UTC')", [p.starts_ns // MS for p in rows]),
        ("ends_at", "Nullable(DateTime64(3, 'UTC'))", [p.ends_ns and p.ends_ns // MS for p in rows]),
        *((name, "Nullable(Decimal(18, 9))", [_nano(getattr(p, name)) for p in rows]) for name in RATES),
        ("comment", "String", [p.comment for p in rows]),
        ("version", "UInt64", [version] * len(rows)),
        ("is_deleted", "UInt8", [0] * len(prices) + [1] * len(removed)),
    ]
    return block_from_columns("prices", columns)


def _nano(usd: Decimal | None) -> int | None:
    return None if usd is None else int(usd.scaleb(9))


def all_prices(project: str | None = None) -> Query:
    """Own prices, for ``price_from_row``: those that are for a project, with those of all; of everybody if None.

    Grain: one row a price, by model and time.
    """
    where = f"WHERE project IN ('{EVERY_PROJECT}', {{project:String}})" if project is not None else ""
    params = {} if project is None else {"project": project}
    return query(
        "own prices",
        f"""
        SELECT project, provider, model, toUnixTimestamp64Milli(starts_at) * 1000000 AS starts_ns,
        toUnixTimestamp64Milli(ends_at) * 1000000 AS ends_ns, {", ".join(RATES)}, comment
        FROM prices FINAL {where}
        ORDER BY model, provider, project, starts_at
        """,
        **params,
    )


_FIELDS: Final = tuple(field.name for field in fields(OwnPrice))


def price_from_row(row: Mapping[str, Any]) -> OwnPrice:
    """The price of a row of ``all_prices``."""
    return OwnPrice(**{name: row[name] for name in _FIELDS})
