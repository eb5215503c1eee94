"""A burst of calls as fast as the application can, with collectors that answer, refuse, are slow or say nothing.

``make bench-sdk_burst``: each collector meets fresh processes that make ``CALLS`` decorated calls without a pause. Times
are wall clock of one call on the caller's thread; the figure to look at is ``p999_ms`` beside the healthy collector's.
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
ROUNDS = int(os.environ.get("ROUNDS", "3"))
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
    for turn in range(ROUNDS):
        for name, made in COLLECTORS.items():
            with made() as url:
                told[name].append(measured(url))
                print(turn, name, told[name][-1], file=sys.stderr)
    out = {
        name: {figure: round(statistics.median(each[figure] for each in rounds), 4) for figure in rounds[0]}
        for name, rounds in told.items()
    }
    print(json.dumps({"bench": "sdk_burst", "calls": CALLS, "rounds": ROUNDS, **out}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(burst(sys.argv[2], int(sys.argv[3]))))
    else:
        main()
