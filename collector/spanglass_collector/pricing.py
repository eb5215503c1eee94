"""What model calls cost: usage times a price. Pure; where the prices come from is ``prices`` and ``own_prices``.

Parts do not overlap: ``input_cost_usd`` is uncached input, cache reads and cache writes are apart, and the four parts
add up to ``cost_usd``. A price that is not known makes every amount None, never 0. A call whose usage is told twice is
priced each time, and ``usage_counted`` keeps the second one out of every sum, as it does with its tokens.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise, repeat
from typing import Any, Final, NamedTuple, Protocol

from spanglass.semconv import MODEL_KINDS
from spanglass_collector.tariff import Price, Tariff
from spanglass_store.sheet import Sheet
from spanglass_store.span import Usage

DAY_NS: Final = 86_400 * 10**9
MAX_REMEMBERED: Final = 10_000
MAX_NAME: Final = 200
"""Names of models come from clients: how many are remembered is bounded, and so is how long they may be. A longer one
is no model's, and has no price."""

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

    @property
    def models(self) -> tuple[str, ...]:
        """The model that answered, then the one asked for; without repetition, and only those that were told."""
        return tuple(dict.fromkeys(filter(None, (self.response_model, self.request_model))))


PRICED_BY: Final = Call._fields[:-1]
"""Columns that decide, with the time, which price a row has."""


class PriceTable(Protocol):
    """Where prices are looked up."""

    @property
    def tariff_of(self) -> Callable[[Call, int], Tariff | None]:
        """The price of a call at a time (nanoseconds since 1970) of its day, ready for use. None: unknown."""


_Stretches = tuple[tuple[int, Tariff | None], ...]
"""A day in stretches of one price each: (end, price)."""


class DailyPrices(ABC):
    """A ``PriceTable`` that remembers by the day what it found. Safe to use from several threads."""

    def __init__(self) -> None:
        self._days: dict[Call, _Stretches] = {}

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
            stretches = self._learnt(Call(*call))
        for until_ns, tariff in stretches:
            if at_ns < until_ns:
                return tariff
        return None

    def _learnt(self, call: Call) -> _Stretches:
        if max(map(len, call[:-1])) > MAX_NAME:
            return ()
        start_ns = call.day * DAY_NS
        within = {at_ns for at_ns in self.changes(call, start_ns) if start_ns < at_ns < start_ns + DAY_NS}
        edges = [start_ns, *sorted(within), start_ns + DAY_NS]
        prices = [(until_ns, self.price_at(call, from_ns)) for from_ns, until_ns in pairwise(edges)]
        stretches = tuple((until_ns, None if price is None else Tariff(price)) for until_ns, price in prices)
        if len(self._days) >= MAX_REMEMBERED:
            self._days.clear()
        self._days[call] = stretches
        return stretches


def price_sheet(sheet: Sheet, prices: PriceTable) -> int:
    """Add the costs, in nano-dollars, to the rows of a sheet; how many of them are model calls that count, with usage
    and without a known price.

    A cost the client reported stays; a row that is no model call has none.
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
        *(columns.get(name) or repeat("") for name in PRICED_BY),
        zip(*(columns.get(name) or repeat(None, sheet.count) for name in TOKENS), strict=True),
        strict=False,
    )
    for at, (kind, source, at_ns, project, provider, answered, asked, tier, tokens) in enumerate(told):
        if source or kind not in MODEL_KINDS:
            continue
        call: Any = (project, provider, answered, asked, tier, at_ns // DAY_NS)
        tariff = tariff_of(call, at_ns)
        amounts = None if tariff is None or (tariff.is_flat and _failed(columns, at)) else tariff.amounts(*tokens)
        if tariff is None or amounts is None:
            unpriced += tokens[0] is not None and _counts(columns, at)
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


def _failed(columns: Mapping[str, Sequence[Any]], at: int) -> bool:
    """Whether the call ended in an error before it used anything: nobody asks money for that."""
    status, used = columns.get("status"), columns.get("input_tokens")
    return status is not None and status[at] == "error" and not (used and used[at])


def _counts(columns: Mapping[str, Sequence[Any]], at: int) -> bool:
    counted = columns.get("usage_counted")
    return counted is None or bool(counted[at])
