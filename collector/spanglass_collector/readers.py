"""Threads for questions to the database: few, and of their own, so that slow ones hold up nothing but each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from spanglass_collector.errors import Busy

THREADS: Final = 8
MOST_AT_ONCE: Final = 64
"""Questions under way or waiting; beyond it clients are told 503."""

P = ParamSpec("P")
T = TypeVar("T")


class Readers:
    """For one event loop."""

    def __init__(self, *, threads: int = THREADS, most_at_once: int = MOST_AT_ONCE) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reader")
        self._most = most_at_once
        self._count = 0

    async def run(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``ask`` returns, from a thread. Raises what it raises, or Busy."""
        if self._count >= self._most:
            msg = "As many questions as are answered at once are being answered."
            raise Busy(msg, retry_after_seconds=2)
        self._count += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: ask(*args, **kwargs))
        finally:
            self._count -= 1

    def close(self) -> None:
        """Take no more. What is under way ends by itself, within the limits of a query."""
        self._pool.shutdown(wait=False, cancel_futures=True)
