"""One supervised child process: started in its own session, tied to us by a lifeline, its output in a log file."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

LOG_BYTES: Final = 5_000_000
"""Size at which a log is set aside as ROLE.log.1, of which there is one."""

TAIL_LINES: Final = 12


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How to start a role.

    ``arguments`` are those of the `spanglass` command. ``environment`` comes on top of ours: it is where
    addresses with passwords travel, because arguments are visible to every user of the machine.
    ``ready_url`` answers 200 once the role works; empty for a role that nobody waits for.
    ``speaks`` roles have their standard output shown to the person, line by line.
    """

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    ready_url: str = ""
    speaks: bool = False


class Child:
    """A running (or ended) process of a `ChildSpec`. Start, poll, terminate and kill from one thread."""

    def __init__(self, spec: ChildSpec, log_dir: Path, say: Callable[[str], None]) -> None:
        self.spec = spec
        self.log_path = log_dir / f"{spec.name}.log"
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._pumps: list[threading.Thread] = []
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    @property
    def name(self) -> str:
        """The role."""
        return self.spec.name

    @property
    def pid(self) -> int | None:
        """Process id of the last start, None before it."""
        return self._process.pid if self._process else None

    @property
    def log_tail(self) -> tuple[str, ...]:
        """The last lines written since the last start, oldest first."""
        return tuple(self._tail)

    def start(self) -> None:
        """Start it, again after an end too. The log goes on in the same file."""
        self.close()
        self._tail.clear()
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        # A new session: a terminal's Ctrl-C reaches only us, and we end the roles in order.
        self._process = subprocess.Popen(  # noqa: S603 - the arguments are those of our own table of roles
            [sys.executable, "-m", "spanglass_cli.lifeline", *self.spec.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | dict(self.spec.environment),
            start_new_session=True,
        )
        log = logging.handlers.RotatingFileHandler(self.log_path, maxBytes=LOG_BYTES, backupCount=1, delay=True)
        self._pumps = [
            threading.Thread(target=self._pump, args=(stream, log, aloud), name=f"{self.spec.name}-log", daemon=True)
            for stream, aloud in ((self._process.stdout, self.spec.speaks), (self._process.stderr, False))
            if stream is not None
        ]
        for pump in self._pumps:
            pump.start()

    def poll(self) -> int | None:
        """The exit code (negative: the signal that ended it), None while it runs."""
        return self._process.poll() if self._process else None

    def terminate(self) -> None:
        """Ask it to finish."""
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def wait(self, timeout_seconds: float) -> bool:
        """True once it has ended, False if it still runs after the time-out."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End it and whatever it started. Only sends the signal, so that a signal handler may call it."""
        if self._process is not None and self._process.poll() is None:  # once reaped, the number may be another's
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Release pipes and log of a process that has ended."""
        if self._process is None:
            return
        if self._process.stdin:
            self._process.stdin.close()
        for pump in self._pumps:
            pump.join(timeout=2.0)
        self._process = None

    def _pump(self, stream: IO[bytes], log: logging.Handler, aloud: bool) -> None:
        with stream:
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip()
                self._tail.append(line)
                log.handle(logging.LogRecord(self.spec.name, logging.INFO, "", 0, line, None, None))
                if aloud:
                    self._say(line)
        log.close()
