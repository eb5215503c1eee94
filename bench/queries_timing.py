"""How ``make bench-queries`` measures: each question of each schema in turn, shuffled anew in every round.

Time is that of the client, from sending to the last byte of the answer, which is read and not decoded. CPU is that of
the whole server process, from its own clock (``clock_getcpuclockid(3)``, in nanoseconds), while nothing else asks it
anything: parsing, planning, HTTP and all threads are in it, which the server's own count for a query leaves out.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from spanglass_store.connection import QUERY_SETTINGS, Store
from spanglass_store.query import Query

BUDGET_SECONDS = 2.0
MORE = 3
"""A question is asked at least ``runs`` times, and up to ``MORE`` times as often until it has taken so long in all."""
MOST_AT_ONCE = 8
SLOW_SECONDS, SLOW_RUNS = 6.0, 2
"""One that takes longer is asked so often only, the first time included."""


@dataclass(slots=True)
class Timed:
    """What the runs of one question took: milliseconds of the client, milliseconds of the server's CPU."""

    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def wants_more(self, runs: int) -> bool:
        """Whether to run it again after so many runs."""
        done, taken = len(self.wall_ms), sum(self.wall_ms) / 1e3
        if done and taken / done > SLOW_SECONDS:
            return done < min(SLOW_RUNS, runs)
        return done < runs or (done < MORE * runs and taken < BUDGET_SECONDS)

    def add(self, wall_ms: float, cpu_ms: float) -> None:
        """One more run."""
        self.wall_ms.append(wall_ms)
        self.cpu_ms.append(cpu_ms)

    @property
    def p50_ms(self) -> float:
        """Median."""
        return statistics.median(self.wall_ms)

    @property
    def p95_ms(self) -> float:
        """The smallest time that 95 of 100 runs stay within: of fewer than 20 the longest."""
        return sorted(self.wall_ms)[math.ceil(0.95 * len(self.wall_ms)) - 1]

    @property
    def cpu_p50_ms(self) -> float:
        """Median."""
        return statistics.median(self.cpu_ms)


def cpu_clock(pid: int) -> int:
    """The clock of a process's CPU time, as ``clock_getcpuclockid(3)`` makes it on Linux."""
    return (~pid << 3) | 2


def asked(store: Store, queries: Sequence[Query], threads: ThreadPoolExecutor | None) -> int:
    """Ask them as the product does, one after another or at once, but without the cache that knows the rows of the very
    same condition. Returns the bytes of the answers.
    """

    def answer(query: Query) -> int:
        settings = {**QUERY_SETTINGS, **query.limits.settings(), "use_query_condition_cache": 0}
        return len(store.raw(query, form="Native", settings=settings))

    return sum((threads.map if threads else map)(answer, queries))


def measured(
    questions: Mapping[tuple[str, str], tuple[Store, Sequence[Query]]],
    pid: int,
    runs: int,
    tell: Callable[[str], None],
    at_once: Collection[str] = (),
) -> dict[tuple[str, str], Timed]:
    """Times by (question, schema); the queries of those named in ``at_once`` are asked side by side. Each is asked once
    before it counts, so that what can be in memory is; for a slow one that counts too.
    """
    clock, threads = cpu_clock(pid), ThreadPoolExecutor(MOST_AT_ONCE)
    timed = {key: Timed() for key in questions}

    def once(key: tuple[str, str]) -> tuple[float, float]:
        store, queries = questions[key]
        cpu, began = time.clock_gettime(clock), time.perf_counter()
        asked(store, queries, threads if key[0] in at_once else None)
        return (time.perf_counter() - began) * 1e3, (time.clock_gettime(clock) - cpu) * 1e3

    for number, (key, each) in enumerate(timed.items(), start=1):
        taken = once(key)
        if taken[0] > SLOW_SECONDS * 1e3:
            each.add(*taken)
        if number % 20 == 0:
            tell(f"asked once: {number} of {len(timed)}")
    order = random.Random(0)
    rounds = 0
    while waiting := [key for key, each in timed.items() if each.wants_more(runs)]:
        order.shuffle(waiting)
        for key in waiting:
            timed[key].add(*once(key))
        rounds += 1
        tell(f"round {rounds}: {len(waiting)} questions")
    return timed
