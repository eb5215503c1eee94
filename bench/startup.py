"""How long `spanglass up` takes until it is ready, and what it keeps in memory then.

Each round starts it in a new data folder, ends it, and starts it again in the same folder: a cold and a warm start take
turns, so that a busy machine spoils both alike. Ready is when the addresses are printed: tables are up to date, the
collector can accept and store, the dashboard answers.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

READY = "is ready"
SETTLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds until ready, resident memory of the whole process tree, seconds until all had ended."""

    up_seconds: float
    rss_mb: float
    stop_seconds: float


def free_port() -> int:
    """A TCP port nobody listens to on 127.0.0.1 at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def start_once(data_dir: Path) -> Start:
    """Start, measure, end. Raises RuntimeError if `up` ends by itself."""
    flags = ("--port", "--grpc-port", "--dashboard-port", "--clickhouse-port")
    ports = [text for flag in flags for text in (flag, str(free_port()))]
    command = [str(Path(sys.executable).with_name("spanglass")), "up", "--data-dir", str(data_dir), *ports]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            if not any(READY in line for line in process.stdout):
                msg = "`spanglass up` ended before it was ready"
                raise RuntimeError(msg)
            up_seconds = time.monotonic() - began
            time.sleep(SETTLE_SECONDS)
            tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            rss_bytes = sum(member.memory_info().rss for member in tree)
        finally:
            asked = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            process.wait(timeout=30)
    return Start(up_seconds, rss_bytes / 1e6, time.monotonic() - asked)


def main() -> None:
    """Run the rounds, tell each, and print the medians as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    new: list[Start] = []
    existing: list[Start] = []
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory(prefix="spanglass-startup-") as folder:
            for name, starts in (("new", new), ("existing", existing)):
                starts.append(start := start_once(Path(folder) / "data"))
                print(
                    f"round {number}, {name} data: ready {start.up_seconds:.2f} s, {start.rss_mb:.0f} MB, "
                    f"ended in {start.stop_seconds:.2f} s",
                    flush=True,
                )
    figures = {
        "bench": "startup",
        "up_seconds_new": round(statistics.median(start.up_seconds for start in new), 2),
        "up_seconds_existing": round(statistics.median(start.up_seconds for start in existing), 2),
        "rss_mb_total": round(statistics.median(start.rss_mb for start in existing)),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
