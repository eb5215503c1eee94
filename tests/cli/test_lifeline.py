"""A process whose parent is gone ends, also when it does not want to."""

from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import os, signal, sys, time
from spanglass_cli.lifeline import hold
{handler}
hold(sys.stdin.fileno(), grace_seconds=0.3)
print("held", flush=True)
time.sleep(60)
"""


def outlive(handler: str) -> int:
    """Exit code of a program whose lifeline is cut once it holds it."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(handler=handler)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"held\n"
        assert process.poll() is None
        process.stdin.close()
        return process.wait(timeout=30)


def test_it_is_asked_to_end_as_by_sigterm() -> None:
    assert outlive("signal.signal(signal.SIGTERM, lambda *_: os._exit(7))") == 7


def test_it_is_killed_if_it_does_not() -> None:
    assert outlive("signal.signal(signal.SIGTERM, signal.SIG_IGN)") == -signal.SIGKILL
