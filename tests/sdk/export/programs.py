"""Small programs that record something, each run as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sdk.servers import Sink

from spanglass.export.spool import Spool, folder
from spanglass.settings import Settings

WORK = """
import spanglass
@spanglass.observe
def work(): return "done"
work()
spanglass.score("s", 1, trace_id="0" * 31 + "1")
print(work())
"""

COLLECTS_WHAT_IS_LEFT = """
import os, pathlib, spanglass, time
spanglass.init()
spool = pathlib.Path(os.environ["SPANGLASS_SPOOL_DIR"])
deadline = time.monotonic() + 30
while any(spool.rglob("*-*")) and time.monotonic() < deadline:
    time.sleep(0.02)
print(spanglass.stats().spans_recovered)
"""


def run(program: str, **env: str) -> subprocess.CompletedProcess[str]:
    """In the environment of an application: the spool is the test's, other settings are those of ``env``."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**clean(), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def clean() -> dict[str, str]:
    """The test's environment with only one setting of the SDK in it: where the spool is."""
    ours = {name for name in os.environ if name.startswith(("SPANGLASS_", "OTEL_"))} - {"SPANGLASS_SPOOL_DIR"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def claim_all(folder: str) -> list[bytes]:
    """In a process of its own: everything that can be claimed, until nothing is left."""
    spool, found = Spool(Path(folder), 1_000_000), []
    while names := spool.waiting():
        for claim in filter(None, map(spool.take, names)):
            found.append(bytes(claim.parcel.body))
            spool.forget(claim)
    return found


HURRY = {"SPANGLASS_EXIT_TIMEOUT_SECONDS": "0.5"}


def next_process(sink: Sink, count: int) -> None:
    """Another process with the same settings sends what the first one left."""
    ended = run(COLLECTS_WHAT_IS_LEFT.format(count=count), SPANGLASS_ENDPOINT=sink.url)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{count}\n", "")


def moved(spool: Path, to: str) -> None:
    """As if the collector had come back at the address that was dead: the folder is that of the destination."""
    (old,) = spool.iterdir()
    new = folder(Settings(endpoint=to, spool_dir=str(spool)))
    assert new is not None
    old.rename(new)
