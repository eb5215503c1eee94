"""Processes that start in no time: forked from one that has imported the collector already."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["spanglass_collector.app", "collector.forked"])


@contextmanager
def forked(target: Callable[..., Any], *arguments: Any) -> Iterator[BaseProcess]:
    """``target``, which must be importable, in a process of its own; killed at the end of the block if it still runs."""
    process = FORKS.Process(target=target, args=arguments)
    process.start()
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
