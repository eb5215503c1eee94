"""Which traces are kept: by the rate, and for what they show; and that weighted counts are right."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from spanglass import semconv
from spanglass.sampling import TailSampler, Weighted, keeps, rate_of

KEPT, LEFT_OUT = 5, (1 << 64) - 5  # trace ids that any rate above 0 keeps, and none below 1
ROOT = None
HERE = Resource({})  # made once: it asks the environment


def span(
    trace_id: int,
    span_id: int = 1,
    parent: int | None = ROOT,
    *,
    error: bool = False,
    seconds: float = 1.0,
    remote: bool = False,
    attributes: Mapping[str, Any] | None = None,
) -> ReadableSpan:
    def context(of: int, *, is_remote: bool = False) -> SpanContext:
        return SpanContext(trace_id, of, is_remote, TraceFlags(TraceFlags.SAMPLED))

    return ReadableSpan(
        "s",
        context(span_id),
        None if parent is None else context(parent, is_remote=remote),
        resource=HERE,
        attributes=attributes,
        status=Status(StatusCode.ERROR if error else StatusCode.UNSET),
        start_time=10**18,
        end_time=10**18 + int(seconds * 1e9),
    )


def call(trace_id: int, span_id: int, parent: int, **more: Any) -> ReadableSpan:
    attributes = {semconv.SPAN_KIND: "llm", **more.pop("attributes", {})}
    return span(trace_id, span_id, parent, attributes=attributes, **more)


def weights(passed: list[Weighted]) -> list[tuple[int, float]]:
    return [(each.get_span_context().span_id, weight) for each, weight in passed]


@given(trace_id=st.integers(1, 2**128 - 1), rate=st.floats(0, 1))
def test_the_rate_decides_as_opentelemetry_does(trace_id: int, rate: float) -> None:
    theirs = TraceIdRatioBased(rate).should_sample(None, trace_id, "s").decision is Decision.RECORD_AND_SAMPLE
    assert keeps(trace_id, rate) is theirs


@given(trace_id=st.integers(1, 2**128 - 1), rates=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_what_a_rate_keeps_a_higher_one_keeps(trace_id: int, rates: tuple[float, float]) -> None:
    lower, higher = sorted(rates)
    assert keeps(trace_id, higher) or not keeps(trace_id, lower)
    assert keeps(trace_id, 1.0)
    assert not keeps(trace_id, 0.0)


def test_the_rate_of_a_sampler_of_opentelemetry() -> None:
    assert rate_of(ParentBased(TraceIdRatioBased(0.25))) == 0.25
    assert rate_of(TraceIdRatioBased(0.5)) == 0.5
    assert rate_of(ALWAYS_ON) == 1.0


@pytest.mark.parametrize("rates", [{"rate": 1.5}, {"rate": -0.1}, {"rate": 0.5, "head_rate": 0.0}])
def test_a_rate_that_is_none_is_refused(rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        TailSampler(**rates)  # type: ignore[arg-type]


def test_a_trace_waits_for_its_root_and_passes_whole_with_its_weight() -> None:
    sampler = TailSampler(rate=0.25)
    assert sampler.add(span(KEPT, 3, 2), 0) == []
    assert sampler.add(span(LEFT_OUT, 3, 2), 0) == []
    assert sampler.add(span(KEPT, 2, 1), 0) == []
    assert sampler.held == 3
    assert weights(sampler.add(span(KEPT, 1), 0)) == [(3, 4.0), (2, 4.0), (1, 4.0)]
    assert sampler.add(span(LEFT_OUT, 1), 0) == []
    assert (sampler.held, sampler.dropped) == (0, 2)


def test_a_root_called_from_another_process_is_a_root_too() -> None:
    sampler = TailSampler(rate=0.5)
    assert weights(sampler.add(span(KEPT, 2, 1, remote=True), 0)) == [(2, 2.0)]


INTERESTING = [
    (span(LEFT_OUT, 2, 1, error=True), True),
    (span(LEFT_OUT, 1, seconds=6), True),
    (span(LEFT_OUT, 1, seconds=5), False),
    (span(LEFT_OUT, 1, 9, remote=True, seconds=6), True),
    (span(LEFT_OUT, 2, 1, seconds=6), False),  # slow, but neither a root nor a model call
    (call(LEFT_OUT, 2, 1, seconds=6), True),
    (span(LEFT_OUT, 2, 1, seconds=6, attributes={semconv.REQUEST_MODEL: "m"}), True),
    (call(LEFT_OUT, 2, 1, attributes={semconv.COST_USD: 0.11}), True),
    (call(LEFT_OUT, 2, 1, attributes={semconv.COST_USD: 0.1}), False),
    (call(LEFT_OUT, 2, 1, attributes={semconv.COST_USD: 0.11, semconv.USAGE_COUNTED: False}), False),
    (call(LEFT_OUT, 2, 1, attributes={semconv.COST_USD: "dear"}), False),
    (call(LEFT_OUT, 2, 1, attributes={semconv.INPUT_TOKENS: 900, semconv.OUTPUT_TOKENS: 101}), True),
    (call(LEFT_OUT, 2, 1, attributes={semconv.INPUT_TOKENS: 900, semconv.OUTPUT_TOKENS: 100}), False),
]


@pytest.mark.parametrize(("shown", "kept"), INTERESTING)
def test_what_shows_something_is_kept_for_sure(shown: ReadableSpan, kept: bool) -> None:
    sampler = TailSampler(rate=0.1, keep_slower_seconds=5, keep_costlier_usd=0.1, keep_above_tokens=1_000)
    passed = [*sampler.add(span(LEFT_OUT, 8, 7), 0), *sampler.add(shown, 0), *sampler.add(span(LEFT_OUT, 1), 0)]
    assert [weight for _, weight in passed] == ([1.0] * 3 if kept else [])
    assert sampler.dropped == (0 if kept else 3)


def test_cost_and_tokens_add_up_over_the_trace() -> None:
    sampler = TailSampler(rate=0.0, keep_costlier_usd=0.1, keep_above_tokens=1_000)
    for number in (2, 3):
        assert sampler.add(call(1, number, 1, attributes={semconv.COST_USD: 0.05}), 0) == []
        assert sampler.add(call(2, number, 1, attributes={semconv.INPUT_TOKENS: 500}), 0) == []
    assert len(sampler.add(call(1, 4, 1, attributes={semconv.COST_USD: 0.05}), 0)) == 3
    assert len(sampler.add(call(2, 4, 1, attributes={semconv.OUTPUT_TOKENS: 1}), 0)) == 3


def test_limits_that_are_not_set_keep_nothing() -> None:
    sampler = TailSampler(rate=0.0, keep_errors=False)
    costly = {semconv.COST_USD: 100.0, semconv.INPUT_TOKENS: 10**6}
    assert sampler.add(call(KEPT, 2, 1, error=True, seconds=10**6, attributes=costly), 0) == []
    assert sampler.drain() == []
    assert sampler.dropped == 1


def test_a_span_that_comes_late_follows_its_trace() -> None:
    sampler = TailSampler(rate=0.5)
    sampler.add(span(KEPT, 1), 0)
    sampler.add(span(LEFT_OUT, 1), 0)
    sampler.add(span(LEFT_OUT - 1, 2, 1, error=True), 0)
    assert weights(sampler.add(span(KEPT, 5, 1, error=True), 1)) == [(5, 2.0)]
    assert sampler.add(span(LEFT_OUT, 5, 1, error=True), 1) == []
    assert weights(sampler.add(span(LEFT_OUT - 1, 5, 1), 1)) == [(5, 1.0)]


def test_a_trace_whose_root_never_ends_is_decided_in_the_end() -> None:
    sampler = TailSampler(rate=0.5, max_age_seconds=10)
    sampler.add(span(KEPT, 2, 1), 0)
    sampler.add(span(LEFT_OUT, 2, 1), 1)
    sampler.add(span(KEPT + 1, 2, 1), 5)
    assert sampler.expire(9.9) == []
    assert weights(sampler.expire(11)) == [(2, 2.0)]
    assert (sampler.held, sampler.dropped) == (1, 1)
    assert weights(sampler.drain()) == [(2, 2.0)]
    assert sampler.held == 0


def test_what_is_held_is_bounded_and_the_oldest_goes_first() -> None:
    sampler = TailSampler(rate=0.5, max_spans=3)
    for trace_id in (1, 2, 3):
        assert sampler.add(span(trace_id, 2, 1), 0) == []
    assert [each.get_span_context().trace_id for each, _ in sampler.add(span(4, 2, 1), 0)] == [1]
    assert sampler.held == 3


def test_it_is_told_once_how_many_were_left_out() -> None:
    sampler = TailSampler(rate=0.0)
    for trace_id in (1, 2):
        sampler.add(span(trace_id), 0)
    assert (sampler.take_dropped(), sampler.take_dropped(), sampler.dropped) == (2, 0, 2)


@dataclass
class Kind:
    """A kind of trace: how often it comes, and its spans."""

    share: float
    errors: float  # probability that its call fails
    calls: int


KINDS = {"search": Kind(0.7, 0.02, 1), "chat": Kind(0.25, 0.1, 3), "agent": Kind(0.05, 0.3, 9)}


@pytest.mark.parametrize(("rate", "head_rate"), [(0.1, 1.0), (0.25, 0.5), (0.5, 0.2)])
@pytest.mark.parametrize("max_spans", [1_000, 12])
def test_weighted_counts_are_right(rate: float, head_rate: float, max_spans: int) -> None:
    """20,000 made-up traces, always the same: calls and failures of each kind, counted by weight, against the truth.

    Each trace counts for itself with its weight; the estimate lies within four standard errors of the truth, which are
    reckoned from the weights of what was kept (Horvitz and Thompson: the sum of w(w-1)x² over what was kept).
    """
    random_ = random.Random(20260101)
    sampler = TailSampler(rate=rate, head_rate=head_rate, max_spans=max_spans)
    truth: Counter[tuple[str, str]] = Counter()
    seen: dict[int, tuple[str, Counter[str], float]] = {}
    kind_of: dict[int, str] = {}
    passed: list[Weighted] = []
    for _ in range(20_000):
        name = random_.choices(list(KINDS), [kind.share for kind in KINDS.values()])[0]
        trace_id = random_.getrandbits(128)
        kind_of[trace_id] = name
        fails = [random_.random() < KINDS[name].errors for _ in range(KINDS[name].calls)]
        truth[name, "calls"] += len(fails)
        truth[name, "failures"] += sum(fails)
        if keeps(trace_id, head_rate):
            for number, error in enumerate(fails):
                passed += sampler.add(call(trace_id, 2 + number, 1, error=error), 0)
            passed += sampler.add(span(trace_id, 1), 0)
    passed += sampler.drain()
    for each, weight in passed:
        if each.parent is not None:
            trace_id = each.get_span_context().trace_id
            _, totals, known = seen.setdefault(trace_id, (kind_of[trace_id], Counter(), weight))
            assert known == weight
            totals["calls"] += 1
            totals["failures"] += each.status.status_code is StatusCode.ERROR
    for name in KINDS:
        for what in ("calls", "failures"):
            kept = [(totals[what], weight) for kind, totals, weight in seen.values() if kind == name]
            estimate = sum(weight * count for count, weight in kept)
            error = sqrt(sum(weight * (weight - 1) * count**2 for count, weight in kept))
            assert abs(estimate - truth[name, what]) <= 4 * error + 1e-6, (name, what)
    assert len(passed) < 0.75 * sum(truth.values())


STEPS = st.lists(
    st.tuples(
        st.integers(1, 6),  # trace
        st.sampled_from(["child", "root", "remote root", "failed child", "expire"]),
        st.floats(0, 3),  # seconds since the step before
    ),
    max_size=60,
)


@given(steps=STEPS, rate=st.sampled_from([0.0, 0.3, 1.0]), max_spans=st.integers(0, 8))
def test_every_span_comes_out_once_or_is_counted(steps: list[Any], rate: float, max_spans: int) -> None:
    sampler = TailSampler(rate=rate, max_spans=max_spans, max_age_seconds=5)
    passed: list[Weighted] = []
    put: list[ReadableSpan] = []
    now = 0.0
    for number, (trace, what, pause) in enumerate(steps, 2):
        now += pause
        if what == "expire":
            passed += sampler.expire(now)
            continue
        trace_id = trace * (2**64 // 7)
        parent = ROOT if what == "root" else 1
        put.append(span(trace_id, number, parent, remote=what == "remote root", error=what.startswith("failed")))
        passed += sampler.add(put[-1], now)
        assert sampler.held <= max_spans
    passed += sampler.drain()
    assert sampler.held == 0
    assert len(passed) + sampler.dropped == len(put)
    assert len({id(each) for each, _ in passed}) == len(passed)
    assert {id(each) for each, _ in passed} <= {id(each) for each in put}
    fates: dict[int, set[float]] = {}
    for each, weight in passed:
        fates.setdefault(each.get_span_context().trace_id, set()).add(weight)
    for trace_id, of_trace in fates.items():  # one fate, one weight, and nothing of it left behind
        assert len(of_trace) == 1
        of_it = [each for each in put if each.get_span_context().trace_id == trace_id]
        assert len([each for each, _ in passed if each.get_span_context().trace_id == trace_id]) == len(of_it)


def test_a_fate_is_remembered_for_many_traces_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spanglass.sampling._MAX_FATES", 2)
    sampler = TailSampler(rate=0.5)
    for trace_id in (1, 2):
        sampler.add(span(trace_id), 0)
    sampler.add(span(1, 5, 1), 0)  # asked for again: now 2 is the one that is forgotten first
    sampler.add(span(3), 0)
    assert weights(sampler.add(span(1, 6, 1), 0)) == [(6, 2.0)]
    assert sampler.add(span(2, 6, 1), 0) == []
    assert sampler.held == 1
