"""The dashboard as its users have it: a process of its own, on a port of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ports import free_port

START_SECONDS: Final = 60
STOP_SECONDS: Final = 15
PROGRAM: Final = "from spanglass_dashboard import server, settings; server.run(settings.Settings())"


@contextmanager
def dashboard(clickhouse_url: str, log: Path, **environment: str) -> Iterator[str]:
    """The address of a running dashboard on this database; ended by SIGTERM. Raises RuntimeError if it does not start."""
    port = free_port()
    address = f"http://localhost:{port}"
    settings = {"SPANGLASS_CLICKHOUSE_URL": clickhouse_url, "SPANGLASS_DASHBOARD_PORT": str(port), **environment}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=os.environ | settings, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait(f"{address}/_stcore/health", process, log)
            yield address
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    process.kill()
    process.wait()
    message = f"the dashboard did not start:\n{log.read_text(errors='replace')}"
    raise RuntimeError(message)
