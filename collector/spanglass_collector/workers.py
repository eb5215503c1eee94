"""Several processes that receive at one address: started, restarted when they die, ended together.

They share one listening socket, so a connection that waits when a worker dies is taken by another. Each has a queue of
its own (``folders``). What they count goes into files that each of them can sum up (prometheus_client's multi-process
mode), so a worker's death takes nothing from the counters.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final

from prometheus_client import multiprocess

from spanglass_collector.settings import Settings, environment_of

log = logging.getLogger(__name__)

METRICS_FOLDER: Final = "metrics"
METRICS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
WATCH_SECONDS: Final = 0.2
STEADY_SECONDS: Final = 30.0
"""A worker that lived so long did not die of its start."""
RESTART_DELAYS_SECONDS: Final = (0.2, 1.0, 5.0, 15.0)
GRACE_SECONDS: Final = 2.0


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    started_at: float
    failures: int = 0
    restart_at: float | None = None


class Workers:
    """The workers of one collector. ``watch`` until asked to end, then ``stop``."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._metrics = settings.data_dir / "queue" / METRICS_FOLDER
        shutil.rmtree(self._metrics, ignore_errors=True)
        self._metrics.mkdir(parents=True, mode=0o700)
        self._workers = [_Worker(self._start(), time.monotonic()) for _ in range(settings.workers)]
        log.info("%d workers receive: %s", len(self._workers), ", ".join(str(w.process.pid) for w in self._workers))

    def watch(self) -> None:
        """Restart who dies, for ever: a signal's exception ends it."""
        while True:
            for worker in self._workers:
                self._look(worker)
            time.sleep(WATCH_SECONDS)

    def stop(self) -> None:
        """Let all finish what is under way, side by side; kill who takes too long."""
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self._settings.shutdown_seconds + GRACE_SECONDS
        for worker in self._workers:
            try:
                worker.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("worker %d does not end and is killed", worker.process.pid)
                worker.process.kill()
                worker.process.wait()
            self._close(worker.process)
        shutil.rmtree(self._metrics, ignore_errors=True)

    def _look(self, worker: _Worker) -> None:
        now = time.monotonic()
        if worker.restart_at is None and (code := worker.process.poll()) is not None:
            worker.failures = 1 if now - worker.started_at >= STEADY_SECONDS else worker.failures + 1
            delay = RESTART_DELAYS_SECONDS[min(worker.failures, len(RESTART_DELAYS_SECONDS)) - 1]
            worker.restart_at = now + delay
            log.error("worker %d ended (%s); the next one starts in %g s", worker.process.pid, _reason(code), delay)
            multiprocess.mark_process_dead(worker.process.pid, str(self._metrics))  # type: ignore[no-untyped-call]
            self._close(worker.process)
        elif worker.restart_at is not None and now >= worker.restart_at:
            worker.process, worker.started_at, worker.restart_at = self._start(), now, None
            log.info("worker %d receives", worker.process.pid)

    def _start(self) -> subprocess.Popen[bytes]:
        """A worker, with the end of a pipe for its standard input: it ends when this process does."""
        file = self._listener.fileno()
        return subprocess.Popen(  # noqa: S603  (our own module)
            [sys.executable, "-m", "spanglass_collector.worker", str(file)],
            stdin=subprocess.PIPE,
            pass_fds=[file],
            env=os.environ | environment_of(self._settings) | {METRICS_VARIABLE: str(self._metrics)},
        )

    @staticmethod
    def _close(process: subprocess.Popen[bytes]) -> None:
        if process.stdin:
            process.stdin.close()


def supervise(settings: Settings, listener: socket.socket) -> None:
    """Run the workers until a signal's exception ends it."""
    workers = Workers(settings, listener)
    try:
        workers.watch()
    finally:
        workers.stop()


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
