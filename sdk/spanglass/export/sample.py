"""What the sample rate lets pass on its way out, each span with its weight."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from spanglass.stats import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.sdk.trace import ReadableSpan

    from spanglass.sampling import TailSampler
    from spanglass.settings import Settings

    Weighted = tuple[ReadableSpan, float]


class Sample:
    """The settings' sample rate, below the one at which the application's own sampler lets traces begin."""

    def __init__(self, settings: Settings, head_rate: float) -> None:
        self._rate = settings.sample_rate
        self._weight = 1 / max(min(self._rate, head_rate), 1e-9)
        self._head_rate = head_rate
        self._tail = _tail(settings, head_rate)

    @property
    def held(self) -> int:
        """Spans that wait for the end of their trace."""
        return 0 if self._tail is None else self._tail.held

    def of(self, spans: Iterable[ReadableSpan], *, last: bool) -> Iterator[Weighted]:
        """Those that pass. ``last``: what is held for the end of its trace passes or not as it is."""
        if self._tail is None:
            for span in spans:
                if (weight := self.weight_of(span)) is not None:
                    yield span, weight
            return
        for span in spans:
            yield from self._tail.add(span, time.monotonic())
        yield from self._tail.drain() if last else self._tail.expire(time.monotonic())
        _left_out(self._tail.take_dropped())

    def weight_of(self, span: ReadableSpan) -> float | None:
        """By the rate alone; ``None`` and counted when it does not pass."""
        own = span.get_span_context()
        if self._rate >= 1 or own is None or _keeps(own.trace_id, self._rate):
            return self._weight
        _left_out(1)
        return None


def _keeps(trace_id: int, rate: float) -> bool:
    from spanglass.sampling import keeps  # noqa: PLC0415  few need it

    return keeps(trace_id, rate)


def _left_out(count: int) -> None:
    COUNTERS.add("spans_taken", count)
    COUNTERS.add("spans_sampled_out", count)


def _tail(settings: Settings, head_rate: float) -> TailSampler | None:
    if settings.sample_rate >= 1 or not settings.sample_keep_interesting:
        return None
    from spanglass.sampling import TailSampler  # noqa: PLC0415

    return TailSampler(
        rate=settings.sample_rate,
        keep_errors=True,
        keep_slower_seconds=settings.sample_slow_seconds,
        keep_costlier_usd=settings.sample_costly_usd,
        keep_above_tokens=settings.sample_costly_tokens,
        head_rate=head_rate,
        max_spans=min(settings.max_queue_spans, 16_384),
    )
