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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from spanglass_store.connection import QUERY_SETTINGS, Store
from spanglass_store.query import Query

MAX_RUNS, SLOW_RUNS = 21, 3
BUDGET_SECONDS = 2.0
"""A question is asked again until it has taken so long in all, and at most ``MAX_RUNS`` times."""
SLOW_SECONDS = 6.0
"""A question that takes longer is asked ``SLOW_RUNS`` times only."""


@dataclass(slots=True)
class Timed:
    """What the runs of one question took: milliseconds of the client, milliseconds of the server's CPU."""

    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def wants_more(self, runs: int) -> bool:
        """Whether to run it again after so many runs."""
        done, taken = len(self.wall_ms), sum(self.wall_ms) / 1e3
        if not done or done < min(SLOW_RUNS, runs):
            return True
        if taken / done > SLOW_SECONDS:
            return False
        return done < runs or (done < MAX_RUNS and taken < BUDGET_SECONDS)

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


def asked(store: Store, queries: Sequence[Query]) -> int:
    """Ask them one after another, as the product does, but without the cache that knows the rows of the very same
    condition. Returns the bytes of the answers.
    """
    return sum(
        len(
            store.raw(
                each,
                form="Native",
                settings={**QUERY_SETTINGS, **each.limits.settings(), "use_query_condition_cache": 0},
            )
        )
        for each in queries
    )


def measured(
    questions: Mapping[tuple[str, str], tuple[Store, Sequence[Query]]],
    pid: int,
    runs: int,
    tell: Callable[[str], None],
) -> dict[tuple[str, str], Timed]:
    """Times by (question, schema). Each is asked once before it counts, so that what can be in memory is."""
    clock = cpu_clock(pid)
    timed = {key: Timed() for key in questions}
    for number, (store, queries) in enumerate(questions.values()):
        asked(store, queries)
        if number % 20 == 19:
            tell(f"warm: {number + 1} of {len(questions)}")
    order = random.Random(0)
    rounds = 0
    while waiting := [key for key, each in timed.items() if each.wants_more(runs)]:
        order.shuffle(waiting)
        for key in waiting:
            store, queries = questions[key]
            cpu, began = time.clock_gettime(clock), time.perf_counter()
            asked(store, queries)
            timed[key].wall_ms.append((time.perf_counter() - began) * 1e3)
            timed[key].cpu_ms.append((time.clock_gettime(clock) - cpu) * 1e3)
        rounds += 1
        tell(f"round {rounds}: {len(waiting)} questions")
    return timed
