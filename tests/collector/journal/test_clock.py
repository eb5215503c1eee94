from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spanglass_collector.journal.clock import Ahead, steady_clock


@given(st.lists(st.integers(0, 10**12), min_size=1), st.integers(0, 10**12))
def test_whatever_is_done_to_the_clock_time_goes_ahead(wall: list[int], begin_ns: int) -> None:
    times = iter(wall)
    ahead = Ahead(lambda: next(times), begin_ns)
    told = [ahead() for _ in wall[1:]]
    assert told == sorted(told)
    assert all(now_ns >= begin_ns for now_ns in told)


def test_after_a_step_back_it_goes_on_at_the_clock_s_pace() -> None:
    times = iter([100, 110, 50, 60, 70])
    ahead = Ahead(lambda: next(times), 105)
    assert [ahead() for _ in range(4)] == [115, 115, 125, 135]


def test_the_steady_clock_is_set_once() -> None:
    ticks = iter([5, 6, 9])
    clock = steady_clock(1000, lambda: next(ticks))
    assert [clock(), clock()] == [1001, 1004]
