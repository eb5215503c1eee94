"""A burst of calls as fast as the application can, with collectors that answer, refuse, are slow or say nothing.

``make bench-sdk_burst``: in each of ``ROUNDS`` rounds every collector meets a fresh process that makes ``CALLS`` decorated
calls without a pause, in an order that moves on from round to round. Times are wall clock of one call on the caller's
thread. Figures are medians over the rounds; ``p999_above_healthy_ms`` is the median of the differences within a round,
``longest_exit_seconds`` the worst of all, to be held against ``SPANGLASS_EXIT_TIMEOUT_SECONDS`` (3 by default).
The last line of standard output is JSON. ``sdk_burst.py child URL CALLS`` is one such process.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from sdk_sink import sink

CALLS = int(os.environ.get("CALLS", "50000"))
ROUNDS = int(os.environ.get("ROUNDS", "6"))
COLLECTORS: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "healthy": sink,
    "refusing": partial(nullcontext, "http://127.0.0.1:1"),
    "black_hole": partial(sink, 0),
    "status_429": partial(sink, 429),
    "status_503": partial(sink, 503),
    "slow": partial(sink, 200, 2.0),
}


def burst(url: str, calls: int) -> dict[str, float]:
    """The calls, and what became of them."""
    from sdk_calls import Ours, chat, messages

    ours = Ours(url)
    call = ours.decorated(chat)
    prepared = [messages() for _ in range(200)]
    took = [0] * calls
    clock = time.perf_counter_ns
    for i in range(calls):
        before = clock()
        call(prepared[i % 200], model="m", temperature=0.2)
        took[i] = clock() - before
    import spanglass

    before = clock()
    spanglass.shutdown()
    exit_seconds = (clock() - before) / 1e9
    totals = spanglass.stats()
    took.sort()
    return {
        "p50_ms": took[calls // 2] / 1e6,
        "p999_ms": took[calls * 999 // 1000] / 1e6,
        "max_ms": took[-1] / 1e6,
        "burst_seconds": sum(took) / 1e9,
        "exit_seconds": exit_seconds,
        "resident_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "sent": totals.spans_sent,
        "spooled": totals.spans_spooled,
        "dropped": totals.spans_dropped,
    }


def measured(url: str) -> dict[str, float]:
    """Figures of one fresh process with a spool of its own."""
    with tempfile.TemporaryDirectory() as spool:
        run = [sys.executable, __file__, "child", url, str(CALLS)]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "SPANGLASS_SPOOL_DIR": spool}
        done = subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    told: dict[str, list[dict[str, float]]] = {name: [] for name in COLLECTORS}
    names = list(COLLECTORS)
    for turn in range(ROUNDS):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            with COLLECTORS[name]() as url:
                told[name].append(measured(url))
                print(turn, name, told[name][-1], file=sys.stderr)
    out = {name: summary(rounds, told["healthy"]) for name, rounds in told.items()}
    print(json.dumps({"bench": "sdk_burst", "calls": CALLS, "rounds": ROUNDS, **out}))


def summary(rounds: list[dict[str, float]], healthy: list[dict[str, float]]) -> dict[str, float]:
    """Medians of one collector's rounds, beside the healthy one's."""
    found = {figure: statistics.median(each[figure] for each in rounds) for figure in rounds[0]}
    pairs = zip(rounds, healthy, strict=True)
    found["p999_above_healthy_ms"] = statistics.median(each["p999_ms"] - other["p999_ms"] for each, other in pairs)
    found["longest_exit_seconds"] = max(each["exit_seconds"] for each in rounds)
    return {figure: round(value, 4) for figure, value in found.items()}


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(burst(sys.argv[2], int(sys.argv[3]))))
    else:
        main()
