"""Waiting for something that will come, generously."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(ask: Callable[[], T], *, timeout_seconds: float = 60) -> T:
    """The first true answer. Raises TimeoutError after ``timeout_seconds`` without one."""
    deadline = time.monotonic() + timeout_seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            msg = f"still {answer!r} after {timeout_seconds} s"
            raise TimeoutError(msg)
        time.sleep(0.01)
    return answer
