"""A clock for what must be remembered for an hour, whatever is done to the clock on the wall."""

from __future__ import annotations

from collections.abc import Callable


class Ahead:
    """Nanoseconds that follow ``clock`` as long as it goes ahead; when it steps back, they go on from where they are.

    ``begin_ns`` is the latest time known from before.
    """

    def __init__(self, clock: Callable[[], int], begin_ns: int) -> None:
        self._clock = clock
        self._last_ns = clock()
        self._offset_ns = max(0, begin_ns - self._last_ns)

    def __call__(self) -> int:
        """The time now, never less than the time before."""
        now_ns = self._clock()
        if now_ns < self._last_ns:
            self._offset_ns += self._last_ns - now_ns
        self._last_ns = now_ns
        return now_ns + self._offset_ns


def steady_clock(wall_ns: int, monotonic_ns: Callable[[], int]) -> Callable[[], int]:
    """The time since 1970 by a clock that nobody sets, from what the wall clock says now."""
    offset_ns = wall_ns - monotonic_ns()
    return lambda: monotonic_ns() + offset_ns
