"""What the SDK costs the application, beside stock opentelemetry-sdk recording the same content.

``make bench-sdk``: each figure is CPU time from the operating system's accounting, in microseconds a call beyond the
undecorated call, as the median of bursts of ours and of theirs in turn, in processes of their own that send to the
same sink. The last line of standard output is JSON; ``ROUNDS`` and ``CALLS`` make it shorter or longer.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from sdk_sink import sink

HERE = Path(__file__).parent
ROUNDS = int(os.environ.get("ROUNDS", "5"))
CALLS = int(os.environ.get("CALLS", "6000"))
KINDS = ("sync", "async", "generator", "wrapped_client")
STREAMS = ("generator", "async_generator", "wrapped_stream", "wrapped_async_stream")
SIDES = {"ours": "", "theirs": "otel_"}


def measured(side: str, kind: str, url: str, calls: int) -> dict[str, float]:
    """Figures of one fresh process."""
    run = [sys.executable, str(HERE / "sdk_calls.py"), side, kind, url, str(calls)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "SPANGLASS_SPOOL_DIR": "off"}
    done = subprocess.run(run, check=True, capture_output=True, text=True, env=environment)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compared(kind: str, url: str, rounds: int, calls: int) -> dict[str, float]:
    """Both sides in turn; medians, and medians of the ratios within each round."""
    told: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for turn in range(rounds):
        for side in sorted(SIDES, reverse=bool(turn % 2)):
            told[side].append(measured(side, kind, url, calls))
    out: dict[str, float] = {}
    for side, prefix in SIDES.items():
        for figure in ("caller_us", "process_us"):
            out[prefix + figure] = round(statistics.median(each[figure] for each in told[side]), 2)
    for figure in ("caller", "process"):
        pairs = zip(told["ours"], told["theirs"], strict=True)
        out[f"{figure}_ratio"] = round(statistics.median(a[f"{figure}_us"] / b[f"{figure}_us"] for a, b in pairs), 3)
    return out


def import_seconds(statement: str) -> float:
    """CPU seconds of a fresh interpreter that executes this."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def import_ratio(rounds: int) -> float:
    """Importing ours against importing ``opentelemetry.sdk.trace``, the bare interpreter taken off both.

    The three start one after the other, and again and again; the median of the ratios within a round.
    """
    statements = ("pass", "import opentelemetry.sdk.trace", "import spanglass")
    for statement in statements:
        import_seconds(statement)
    told = [[import_seconds(statement) for statement in statements] for _ in range(rounds)]
    return round(statistics.median((ours - bare) / (theirs - bare) for bare, theirs, ours in told), 3)


def main() -> None:
    with sink() as url:
        told: dict[str, object] = {"bench": "sdk", "calls": CALLS, "rounds": ROUNDS}
        for kind in KINDS:
            told[kind] = compared(kind, url, ROUNDS, CALLS)
            print(kind, told[kind], file=sys.stderr)
        told["paced"] = compared("paced", url, max(ROUNDS // 2, 1), 1_800)
        print("paced", told["paced"], file=sys.stderr)
        chunk_us = {
            kind: round(
                statistics.median(
                    measured("ours", f"chunk_{kind}", url, CALLS // 20)["chunk_us"] for _ in range(ROUNDS)
                ),
                4,
            )
            for kind in STREAMS
        }
        told["stream_chunk_us"], told["chunk_us"] = chunk_us["generator"], chunk_us
        print("chunk_us", chunk_us, file=sys.stderr)
    told["import_ratio"] = import_ratio(8 * ROUNDS)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
