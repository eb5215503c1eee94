from __future__ import annotations

import pytest

from spanglass_collector.errors import Busy, RateLimited, TooLarge
from spanglass_collector.metrics import Metrics
from spanglass_collector.receive.memory import Memory
from spanglass_collector.receive.rates import BURST_SECONDS, MAX_SENDERS, Bucket, Rates


class Clock:
    def __init__(self) -> None:
        self.now_seconds = 0.0

    def __call__(self) -> float:
        return self.now_seconds


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    clock = Clock()
    bucket = Bucket("requests", 2.0, clock)
    let_in = 0
    while not bucket.wait_seconds("ada"):
        bucket.take("ada", 1)
        let_in += 1
    assert let_in == 2 * BURST_SECONDS
    assert bucket.wait_seconds("ada") == pytest.approx(0, abs=1e-6)
    bucket.take("ada", 6)
    assert bucket.wait_seconds("ada") == pytest.approx(3)
    assert not bucket.wait_seconds("bob")
    clock.now_seconds = 3.1
    assert not bucket.wait_seconds("ada")
    clock.now_seconds = 10**6
    assert not bucket.wait_seconds("ada")
    bucket.take("ada", 2 * BURST_SECONDS + 2)  # no more was saved up than a burst
    assert bucket.wait_seconds("ada") == pytest.approx(1)


def test_made_up_names_do_not_fill_the_memory() -> None:
    bucket = Bucket("requests", 1.0, Clock())
    for number in range(MAX_SENDERS + 10):
        bucket.take(f"project {number}", 1)
    assert len(bucket._of) == MAX_SENDERS


def test_a_large_body_is_let_in_and_paid_for_afterwards() -> None:
    clock, metrics = Clock(), Metrics()
    rates = Rates(None, 100.0, metrics, monotonic=clock)
    rates.admit("ada")
    rates.count_bytes("ada", 1500)
    with pytest.raises(RateLimited) as caught:
        rates.admit("ada")
    assert caught.value.retry_after_seconds in {10, 11}  # 500 of them were saved up
    clock.now_seconds = 10.5
    rates.admit("ada")
    assert b'spanglass_rate_limited_total{limit="bytes"} 1.0' in metrics.text()


def test_without_limits_nobody_waits() -> None:
    rates = Rates(None, None, Metrics())
    for _ in range(1000):
        rates.admit("ada")
        rates.count_bytes("ada", 10**9)


def test_memory_is_shared_and_given_back() -> None:
    memory = Memory(100)
    with memory.hold() as first:
        first.grow(60)
        with memory.hold() as second:
            second.grow(40)
            with pytest.raises(Busy, match="Too many requests"):
                second.grow(1)
            with pytest.raises(TooLarge, match="more than 100 bytes of memory"):
                second.grow(61)
            assert memory.held_bytes == 100
        assert memory.held_bytes == 60
    assert memory.held_bytes == 0
