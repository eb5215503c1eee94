"""A price as people write it, and the same in whole numbers, ready to be multiplied. Pure.

Money is counted in femto-dollars (1e-15): a rate in dollars for a million tokens has up to nine decimals, and is then
a whole number of femto-dollars a token. What is kept is nano-dollars, each part rounded once, halves up.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, TypeAlias

FEMTO_USD_A_TOKEN: Final = 10**9
"""Femto-dollars a token of a rate of one dollar for a million tokens."""
FEMTO_USD: Final = 10**15
NANO: Final = 10**6
"""Femto-dollars of a nano-dollar."""
HALF: Final = NANO // 2

Amounts: TypeAlias = tuple[int, int, int, int, int]
"""Nano-dollars: the whole, and its parts for uncached input, output, cache reads and cache writes."""


@dataclass(frozen=True, slots=True)
class Rate:
    """US dollars for a million tokens. ``tiers`` are (input tokens, dollars): a call with more input tokens than
    that pays that rate for all its tokens; the largest such tier counts.
    """

    usd: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()

    def usd_for(self, input_tokens: int) -> Decimal:
        """The rate that a call with so many input tokens pays."""
        usd = self.usd
        for above, tier_usd in self.tiers:
            if input_tokens > above:
                usd = tier_usd
        return usd


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one model at one time. Tokens without a rate of their own are paid at the rate of their whole:
    cached and audio input as input, audio and reasoning output as output. ``request_usd`` is paid once a call; a price
    that has nothing else is flat, whatever the tokens.
    """

    price_id: str
    input: Rate | None = None
    output: Rate | None = None
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    input_audio: Rate | None = None
    output_audio: Rate | None = None
    reasoning: Rate | None = None
    request_usd: Decimal = Decimal(0)


_RATES: Final = ("input", "output", "cache_read", "cache_write", "input_audio", "output_audio", "reasoning")
_Band: TypeAlias = tuple[int | None, ...]
"""Femto-dollars a token by the order of ``_RATES``, and a last one: whether audio or reasoning has a rate."""


class Tariff:
    """A price ready for use. Raises ValueError for a price without any amount.

    ``is_flat``: it has nothing but an amount for each call, and needs to know no tokens.
    """

    __slots__ = ("_band", "_request", "_tiers", "is_flat", "price_id")

    def __init__(self, price: Price) -> None:
        rates = [getattr(price, name) for name in _RATES]
        told = [rate for rate in rates if rate is not None]
        if not told and not price.request_usd:
            msg = f"{price.price_id} has no rate"
            raise ValueError(msg)
        self.price_id = price.price_id
        self._request = _whole(price.request_usd * FEMTO_USD)
        self.is_flat = not told
        self._band = _band(rates, 0)
        starts = sorted({above for rate in told for above, _ in rate.tiers})
        self._tiers = tuple((above, _band(rates, above + 1)) for above in starts)

    def amounts(
        self,
        input_tokens: int | None,
        output_tokens: int | None,
        cache_read_tokens: int | None,
        cache_write_tokens: int | None,
        reasoning_tokens: int | None,
        input_audio_tokens: int | None,
        output_audio_tokens: int | None,
    ) -> Amounts | None:
        """What a call costs.

        None (unknown) where the usage is, where it contradicts itself (more cached than input), or where tokens were
        used that the price has no rate for.
        """
        if self.is_flat:
            flat = (self._request + HALF) // NANO
            return flat, flat, 0, 0, 0
        if input_tokens is None:
            return None
        band = self._tier(input_tokens) if self._tiers else self._band
        input_rate, output_rate, read_rate, write_rate, _, _, _, rare = band
        if output_tokens is None and output_rate:
            return None
        left_in, left_out, read, write = input_tokens, output_tokens or 0, 0, 0
        paid_in, paid_out = self._request, 0
        if cache_read_tokens and read_rate is not None:
            left_in -= cache_read_tokens
            read = (cache_read_tokens * read_rate + HALF) // NANO
        if cache_write_tokens and write_rate is not None:
            left_in -= cache_write_tokens
            write = (cache_write_tokens * write_rate + HALF) // NANO
        if rare:
            (audio_in, paid_audio_in), (audio_out, paid_audio_out), (reasoning, paid_reasoning) = map(
                _own, (input_audio_tokens, output_audio_tokens, reasoning_tokens), band[4:7]
            )
            left_in, paid_in = left_in - audio_in, paid_in + paid_audio_in
            left_out, paid_out = left_out - audio_out - reasoning, paid_out + paid_audio_out + paid_reasoning
        if left_in < 0 or left_out < 0 or (left_in and input_rate is None) or (left_out and output_rate is None):
            return None
        for_input = (paid_in + left_in * (input_rate or 0) + HALF) // NANO
        for_output = (paid_out + left_out * (output_rate or 0) + HALF) // NANO
        return for_input + for_output + read + write, for_input, for_output, read, write

    def _tier(self, input_tokens: int) -> _Band:
        band = self._band
        for above, each in self._tiers:
            if input_tokens > above:
                band = each
        return band


def _own(tokens: int | None, rate: int | None) -> tuple[int, int]:
    """Tokens that are paid at a rate of their own, and what for them."""
    return (0, 0) if rate is None or not tokens else (tokens, tokens * rate)


def _band(rates: list[Rate | None], input_tokens: int) -> _Band:
    whole = [None if rate is None else _whole(rate.usd_for(input_tokens) * FEMTO_USD_A_TOKEN) for rate in rates]
    return (*whole, int(any(rate is not None for rate in whole[4:])))


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
