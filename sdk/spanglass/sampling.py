"""Which traces are kept when not all are, and how many each kept one stands for. Pure: time comes in.

A weight is one over the probability of having been kept. It depends on the trace id and on what was known of the trace
when it was decided, so a sum of weights over what was kept is right on average for any choice of traces, whatever the
rules: a slow trace kept for sure counts once, one of the rest at a rate of 0.1 counts ten times.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import StatusCode

from spanglass import semconv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.sampling import Sampler

Weighted = tuple["ReadableSpan", float]

_DROPPED: Final = 0.0  # the weight of what is not kept
_MAX_FATES: Final = 16_384  # decided traces that are remembered for spans that come late


def keeps(trace_id: int, rate: float) -> bool:
    """Whether a trace is among the share ``rate`` of all traces; every process that asks gets the same answer.

    The rule of OpenTelemetry's ``TraceIdRatioBased`` in Python: the lower 64 bits of the id below ``rate`` times 2**64
    (https://opentelemetry.io/docs/specs/otel/trace/sdk/#traceidratiobased leaves the choice of bits to the language).
    What is kept at a rate is also kept at any higher one.
    """
    return trace_id & (2**64 - 1) < round(rate * 2**64)


def rate_of(sampler: Sampler) -> float:
    """The share of new traces that a sampler of OpenTelemetry's lets begin, 1 for one that cannot tell."""
    return float(getattr(getattr(sampler, "_root", sampler), "rate", 1.0))


@dataclass(slots=True)
class _Trace:
    """What is known so far of a trace that is not decided yet."""

    since: float
    spans: list[ReadableSpan] = field(default_factory=list)
    cost_usd: float = 0.0
    tokens: int = 0


class TailSampler:
    """Holds the spans of a trace until its root in this process has ended, then lets all or none of them pass.

    A trace with an error, a slow or a costly one passes for sure, and as soon as that is seen; of the others the share
    ``rate``. Limits of 0 do not count. Spans that come after the decision follow it. Memory is bounded: beyond
    ``max_spans`` the oldest trace is decided by what is known of it, and so is one whose root has not ended after
    ``max_age_seconds``. ``head_rate`` is the share of traces that began at all. For one thread at a time.
    """

    def __init__(
        self,
        *,
        rate: float,
        keep_errors: bool = True,
        keep_slower_seconds: float = 0.0,
        keep_costlier_usd: float = 0.0,
        keep_above_tokens: int = 0,
        head_rate: float = 1.0,
        max_spans: int = 16_384,
        max_age_seconds: float = 120.0,
    ) -> None:
        if not 0 <= rate <= 1 or not 0 < head_rate <= 1:
            message = f"a sample rate is a number from 0 to 1, not {rate!r} below {head_rate!r}"
            raise ValueError(message)
        self._rate = rate
        self._keep_errors = keep_errors
        self._slower_ns = keep_slower_seconds * 1e9
        self._costlier_usd = keep_costlier_usd
        self._above_tokens = keep_above_tokens
        self._weight_of_interesting = 1 / head_rate
        # Both rates look at the same bits of the id: what the lower one keeps, the higher one has kept.
        self._weight_of_others = 1 / min(rate, head_rate) if rate else _DROPPED
        self._max_spans = max_spans
        self._max_age_seconds = max_age_seconds
        self._traces: dict[int, _Trace] = {}  # the oldest first
        self._fates: OrderedDict[int, float] = OrderedDict()  # weights; the longest unasked first
        self._held = 0
        self._dropped = 0
        self._told = 0

    @property
    def held(self) -> int:
        """Spans whose trace is not decided yet."""
        return self._held

    @property
    def dropped(self) -> int:
        """Spans that were not kept, all together."""
        return self._dropped

    def take_dropped(self) -> int:
        """Spans that were not kept since this was last asked."""
        new = self._dropped - self._told
        self._told = self._dropped
        return new

    def add(self, span: ReadableSpan, now: float) -> list[Weighted]:
        """Take an ended span; ``now`` in seconds, never going back. What may pass now comes out, with its weight."""
        trace_id = _trace_id(span)
        weight = self._fates.get(trace_id)
        if weight is not None:
            self._fates.move_to_end(trace_id)
            return self._passed([span], weight)
        trace = self._traces.setdefault(trace_id, _Trace(now))
        trace.spans.append(span)
        self._held += 1
        if self._is_interesting(span, trace):
            return self._decide(trace_id, self._weight_of_interesting)
        if _is_local_root(span):
            return self._decide(trace_id)
        out: list[Weighted] = []
        while self._held > self._max_spans:
            out += self._decide(next(iter(self._traces)))
        return out

    def expire(self, now: float) -> list[Weighted]:
        """Decide the traces that have waited too long; what may pass comes out."""
        until = now - self._max_age_seconds
        return self._decide_all([trace_id for trace_id, trace in self._traces.items() if trace.since <= until])

    def drain(self) -> list[Weighted]:
        """Decide all of them."""
        return self._decide_all(list(self._traces))

    def _decide_all(self, trace_ids: Iterable[int]) -> list[Weighted]:
        return [kept for trace_id in trace_ids for kept in self._decide(trace_id)]

    def _decide(self, trace_id: int, weight: float | None = None) -> list[Weighted]:
        """The fate of a trace; without a weight the rate decides it."""
        if weight is None:
            weight = self._weight_of_others if keeps(trace_id, self._rate) else _DROPPED
        self._fates[trace_id] = weight
        if len(self._fates) > _MAX_FATES:
            self._fates.popitem(last=False)
        spans = self._traces.pop(trace_id).spans
        self._held -= len(spans)
        return self._passed(spans, weight)

    def _passed(self, spans: list[ReadableSpan], weight: float) -> list[Weighted]:
        if weight == _DROPPED:
            self._dropped += len(spans)
            return []
        return [(span, weight) for span in spans]

    def _is_interesting(self, span: ReadableSpan, trace: _Trace) -> bool:
        """Whether this span makes its trace one to keep. Attributes are read only where a limit asks for them."""
        if self._keep_errors and span.status.status_code is StatusCode.ERROR:
            return True
        long = self._slower_ns > 0 and (span.end_time or 0) - (span.start_time or 0) > self._slower_ns
        if long and _is_local_root(span):
            return True
        if not (long or self._costlier_usd or self._above_tokens):
            return False
        attributes = span.attributes or {}
        if long and _is_model_call(attributes):
            return True
        if attributes.get(semconv.USAGE_COUNTED) is not False:  # else it is told by another span too
            trace.cost_usd += _number(attributes.get(semconv.COST_USD))
            trace.tokens += int(sum(_number(attributes.get(name)) for name in _TOKENS))
        return 0 < self._costlier_usd < trace.cost_usd or 0 < self._above_tokens < trace.tokens


_TOKENS: Final = (semconv.INPUT_TOKENS, semconv.OUTPUT_TOKENS)


def _trace_id(span: ReadableSpan) -> int:
    own = span.get_span_context()
    return own.trace_id if own is not None else 0


def _is_local_root(span: ReadableSpan) -> bool:
    """Nothing above it in this process."""
    return span.parent is None or span.parent.is_remote


def _is_model_call(attributes: Mapping[str, Any]) -> bool:
    return attributes.get(semconv.SPAN_KIND) in semconv.MODEL_KINDS or semconv.REQUEST_MODEL in attributes


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0
