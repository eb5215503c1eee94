"""What model calls cost: usage times a price. Pure; where the prices come from is ``prices`` and ``own_prices``.

Parts do not overlap: ``input_usd`` is uncached input, cache reads and cache writes are apart, and the four parts add
up to ``total_usd``. A price that is not known makes every amount None, never 0. A call whose usage is told twice is
priced each time, and ``usage_counted`` keeps the second one out of every sum, as it does with its tokens.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple
from decimal import Decimal
from itertools import pairwise, repeat
from typing import Any, Final, NamedTuple, Protocol

from spanglass.semconv import MODEL_KINDS
from spanglass_collector.rates import Price, Rate, Tariff
from spanglass_store.sheet import Row, Sheet
from spanglass_store.span import Cost, Usage

__all__ = ["Price", "PriceTable", "Rate", "cost_of", "price_row", "price_sheet"]

NANO_USD: Final = Decimal("1e-9")
UNKNOWN: Final = Cost()
DAY_NS: Final = 86_400 * 10**9
MAX_REMEMBERED: Final = 10_000
"""Names of models come from clients: what is remembered about them is bounded."""

TOKENS: Final = tuple(Usage.__dataclass_fields__)
AMOUNTS: Final = ("cost_usd", "input_cost_usd", "output_cost_usd", "cache_read_cost_usd", "cache_write_cost_usd")


class Call(NamedTuple):
    """What decides which price a call has, but for its time: ``day`` is days since 1970."""

    project: str
    provider: str
    response_model: str
    request_model: str
    service_tier: str
    day: int


_PRICED_BY: Final = Call._fields[:-1]


class PriceTable(Protocol):
    """Where prices are looked up."""

    @property
    def tariff_of(self) -> Callable[[Call, int], Tariff | None]:
        """The price of a call at a time (nanoseconds since 1970) of its day, ready for use. None: unknown."""


class DailyPrices(ABC):
    """A ``PriceTable`` that remembers by the day what it found. Safe to use from several threads."""

    def __init__(self) -> None:
        self._days: dict[Call, tuple[tuple[int, Tariff | None], ...]] = {}

    @abstractmethod
    def price_at(self, call: Call, at_ns: int) -> Price | None:
        """The price of a call at that time: of the model that answered, else of the one asked for. None: unknown."""

    def changes(self, call: Call, day_ns: int) -> Iterable[int]:
        """Times within the day that begins at ``day_ns`` at which the price of such a call may change."""
        del call, day_ns
        return ()

    def tariff_of(self, call: Call, at_ns: int) -> Tariff | None:
        """As ``price_at``, ready for use; ``at_ns`` is a time of the call's day."""
        stretches = self._days.get(call)
        if stretches is None:
            stretches = self._learnt(call)
        for until_ns, tariff in stretches:
            if at_ns < until_ns:
                return tariff
        return None

    def _learnt(self, call: Call) -> tuple[tuple[int, Tariff | None], ...]:
        """The day, in stretches of one price each: (end, tariff)."""
        call = Call(*call)
        start_ns = call.day * DAY_NS
        within = {at_ns for at_ns in self.changes(call, start_ns) if start_ns < at_ns < start_ns + DAY_NS}
        edges = [start_ns, *sorted(within), start_ns + DAY_NS]
        prices = [(until_ns, self.price_at(call, from_ns)) for from_ns, until_ns in pairwise(edges)]
        if len(self._days) >= MAX_REMEMBERED:
            self._days.clear()
        stretches = self._days[call] = tuple(
            (until_ns, None if price is None else Tariff(price)) for until_ns, price in prices
        )
        return stretches


def cost_of(usage: Usage, price: Price) -> Cost:
    """The cost of a call, to the nano-dollar; where it cannot be known, ``UNKNOWN`` (see ``Tariff.amounts``)."""
    amounts = Tariff(price).amounts(*astuple(usage))
    if amounts is None:
        return UNKNOWN
    total, for_input, output, read, write = (Decimal(amount).scaleb(-9) for amount in amounts)
    return Cost(total, for_input, output, read, write, source="computed", price_id=price.price_id)


def price_row(row: Row, prices: PriceTable) -> bool:
    """Add the cost to a row, in nano-dollars; True for a model call with usage and no known price.

    A cost the client reported stays; a row that is no model call has none.
    """
    if row["kind"] not in MODEL_KINDS or row.get("cost_source"):
        return False
    get, at_ns = row.get, row["start_time"]
    call = (get("project", ""), get("provider", ""), get("response_model", ""), get("request_model", ""),
            get("service_tier", ""), at_ns // DAY_NS)  # fmt: skip
    tariff = prices.tariff_of(call, at_ns)  # type: ignore[arg-type]  # a plain tuple is equal, and quicker
    if tariff is None:
        return get("input_tokens") is not None
    amounts = tariff.amounts(
        get("input_tokens"), get("output_tokens"), get("cache_read_tokens"), get("cache_write_tokens"),
        get("reasoning_tokens"), get("input_audio_tokens"), get("output_audio_tokens"),
    )  # fmt: skip
    if amounts is None:
        return get("input_tokens") is not None
    row["cost_usd"], row["input_cost_usd"], row["output_cost_usd"], row["cache_read_cost_usd"], row["cache_write_cost_usd"] = amounts  # fmt: skip
    row["cost_source"], row["price_id"] = "computed", tariff.price_id
    return False


def price_sheet(sheet: Sheet, prices: PriceTable) -> int:
    """Add the costs to all rows of a sheet; how many of them are model calls with usage and no known price.

    The same as ``price_row`` on each row, column by column.
    """
    columns = sheet.columns
    kinds = columns["kind"]
    if MODEL_KINDS.isdisjoint(kinds):
        return 0
    costs, sources, price_ids = _before(columns, sheet.count)
    unpriced, tariff_of = 0, prices.tariff_of
    told = zip(
        kinds,
        sources,
        columns["start_time"],
        *(columns.get(name) or repeat("") for name in _PRICED_BY),
        zip(*(columns.get(name) or repeat(None, sheet.count) for name in TOKENS), strict=True),
        strict=False,
    )
    for at, (kind, source, at_ns, project, provider, answered, asked, tier, tokens) in enumerate(told):
        if source or kind not in MODEL_KINDS:
            continue
        call: Any = (project, provider, answered, asked, tier, at_ns // DAY_NS)
        tariff = tariff_of(call, at_ns)
        amounts = None if tariff is None else tariff.amounts(*tokens)
        if tariff is None or amounts is None:
            unpriced += tokens[0] is not None
        else:
            costs[at], sources[at], price_ids[at] = amounts, "computed", tariff.price_id
    if any(sources):
        columns.update(zip(AMOUNTS, zip(*costs, strict=True), strict=True))
        columns["cost_source"], columns["price_id"] = sources, price_ids
    return unpriced


_NO_COST: Final = (None,) * len(AMOUNTS)


def _before(columns: Mapping[str, Sequence[Any]], count: int) -> tuple[list[tuple[Any, ...]], list[str], list[str]]:
    """What the rows say themselves, to be filled in: their amounts, the source of these, the price."""
    sources, price_ids = (list(columns.get(name) or repeat("", count)) for name in ("cost_source", "price_id"))
    if "cost_usd" not in columns:
        return [_NO_COST] * count, sources, price_ids
    parts = (columns.get(name) or repeat(None, count) for name in AMOUNTS)
    return list(zip(*parts, strict=True)), sources, price_ids
