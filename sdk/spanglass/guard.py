"""The one place where the SDK's own failures end.

Whatever goes wrong in here must not reach the application: it is counted, written to the log once per place,
and forgotten. With ``SPANGLASS_RAISE_ERRORS=1`` it is raised instead, so that tests of the SDK see it.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from spanglass.stats import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG: Final = logging.getLogger("spanglass")

_TRUE: Final = frozenset({"1", "true", "yes", "on"})


class _Policy:
    """Process-wide: whether to raise, and what has been said already."""

    raises: bool = os.environ.get("SPANGLASS_RAISE_ERRORS", "").strip().lower() in _TRUE
    said: set[str]

    def __init__(self) -> None:
        self.said = set()


POLICY: Final = _Policy()


def swallow(place: str, error: Exception) -> None:
    """Count ``error`` and log it, the first time at this ``place`` with its traceback. Raises it only in test mode."""
    if POLICY.raises:
        raise error
    COUNTERS.add("errors", 1)
    warn_once(f"{place}: {type(error).__name__}", "spanglass: %s failed; the application goes on", place, error=error)


def warn_once(key: str, message: str, *arguments: object, error: Exception | None = None) -> None:
    """Log a warning once in the life of the process for each ``key``."""
    if key in POLICY.said:
        return
    POLICY.said.add(key)
    LOG.warning(message, *arguments, exc_info=error)


@contextmanager
def guarded(place: str) -> Iterator[None]:
    """Swallow any ``Exception`` of the block. For paths that are not hot; hot ones write the ``try`` out."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  the point of this module
        swallow(place, error)
