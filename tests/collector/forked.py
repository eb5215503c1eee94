"""Processes that start in no time: forked from one that has imported the collector already."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from collector.waiting import until

from spanglass_collector.settings import Settings

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["collector.warm", "collector.forked"])


def start(target: Callable[..., Any], *arguments: Any) -> BaseProcess:
    """``target``, which must be importable, in a process of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))  # else what is to be loaded first is not found
        forkserver.ensure_running()
    process = FORKS.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


@contextmanager
def forked(target: Callable[..., Any], *arguments: Any) -> Iterator[BaseProcess]:
    """``start``, and killed at the end of the block if it still runs."""
    process = start(target, *arguments)
    try:
        yield process
    finally:
        process.kill()
        process.join()


def hold(root: Path) -> None:
    """Have a folder of queues until killed."""
    from spanglass_collector.folders import Folders  # noqa: PLC0415  (only in the child)

    folders = Folders.open(root, max_bytes=10**6)
    signal.pause()
    folders.close()


class Collector:
    """The whole collector, ``app.run``, in a process of its own that can be killed and started again."""

    def __init__(self, settings: Settings, *, clock_ns: Any = None) -> None:
        self.settings = settings
        self.url = f"http://{settings.host}:{settings.port}"
        self._clock_ns = clock_ns
        self.process: BaseProcess | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Return once it answers."""
        self.process = start(run_collector, self.settings, self._clock_ns)
        with httpx.Client() as client:  # one for all tries: they are dear to make
            until(lambda: self._answers(client))

    def kill(self) -> None:
        """``kill -9``."""
        if self.process is not None:
            self.process.kill()
            self.process.join()

    def stop(self) -> int | None:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.terminate()
        self.process.join(60)
        return self.process.exitcode

    def _answers(self, client: httpx.Client) -> bool:
        assert self.process is not None
        assert self.process.is_alive(), f"it ended with {self.process.exitcode}"
        try:
            return client.get(f"{self.url}/healthz").is_success
        except httpx.TransportError:
            return False


def run_collector(settings: Settings, clock_ns: Any) -> None:
    """``clock_ns``: shared, what is added to the clock on the wall."""
    from spanglass_collector.app import run  # noqa: PLC0415  (only in the child)

    if clock_ns is not None:
        now_ns, now = time.time_ns, time.time
        time.time_ns = lambda: now_ns() + clock_ns.value
        time.time = lambda: now() + clock_ns.value / 1e9
    run(settings)


def run_orphan(settings: Settings) -> None:
    """A worker whose standard input ends once it listens, as it does when the process that started it is killed."""
    from spanglass_collector.settings import environment_of  # noqa: PLC0415  (only in the child)
    from spanglass_collector.worker import main  # noqa: PLC0415

    os.environ.update(environment_of(settings))
    reading, writing = os.pipe()
    os.dup2(reading, sys.stdin.fileno())

    def leave_alone() -> None:
        httpx.get(f"http://{settings.host}:{settings.port}/healthz", timeout=60)
        os.close(writing)

    threading.Thread(target=leave_alone).start()
    listener = socket.create_server((settings.host, settings.port))
    main(os.dup(listener.fileno()))
