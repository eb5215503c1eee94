"""Waiting for what happens in the background."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(happened: Callable[[], object]) -> bool:
    """Whether it happens at all; half a minute is long for everything that is waited for here."""
    deadline = time.monotonic() + 30
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(happened())
