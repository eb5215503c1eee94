"""Ids that count up and a clock that ticks, so that a test records the same spans every time it runs."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace.id_generator import IdGenerator

import spanglass
from spanglass import scores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CLOCKED: Final = ("spanglass", "opentelemetry.sdk.trace")
"""Packages whose modules have looked ``time_ns`` up when they were imported: theirs are the times of spans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What ids and times begin with. Every reading of the clock is one step later than the one before."""

    seed: int = 1  # upper half of each trace id; the lower half, span ids and score ids count up from 1
    start_ns: int = 1_767_225_600_000_000_000  # 2026-01-01, midnight UTC
    step_ns: int = 1_000_000


class CountedIds(IdGenerator):
    """Ids by their number."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._traces = count(1)
        self._spans = count(1)

    def generate_trace_id(self) -> int:
        """The seed, then how many traces there were."""
        return self._seed << 64 | next(self._traces)

    def generate_span_id(self) -> int:
        """How many spans there were."""
        return next(self._spans)


class Clock:
    """Stands in for ``time.time_ns``."""

    def __init__(self, fixed: Fixed) -> None:
        self._readings = count(fixed.start_ns, fixed.step_ns)

    def __call__(self) -> int:
        """The next reading, in nanoseconds since 1970."""
        return next(self._readings)


@contextmanager
def ticking(fixed: Fixed) -> Iterator[None]:
    """Inside the block the SDK and OpenTelemetry's read the clock of ``fixed``, and scores are counted.

    The hot path has no seam for a clock, as looking one up would cost every call of every application: the name is
    exchanged in each module that has it. Modules that would be imported later are imported first.
    """
    _import_all()
    clock, score_ids = Clock(fixed), count(1)
    places = [(names, name, clock) for names in _namespaces() for name in names if _is_clock(names[name])]
    stand_ins: list[tuple[dict[str, Any], str, Callable[[], object]]] = [
        *places,
        (vars(scores), "new_id", lambda: f"{next(score_ids):032x}"),
    ]
    before = [names[name] for names, name, _ in stand_ins]
    try:
        for names, name, stand_in in stand_ins:
            names[name] = stand_in
        yield
    finally:
        for (names, name, _), original in zip(stand_ins, before, strict=True):
            names[name] = original


def _import_all() -> None:
    for found in pkgutil.walk_packages(spanglass.__path__, "spanglass."):
        with suppress(ImportError):  # what needs a package that is not here is not used here
            importlib.import_module(found.name)


def _namespaces() -> list[dict[str, Any]]:
    return [
        vars(module)
        for name, module in list(sys.modules.items())
        if name.startswith(tuple(f"{package}." for package in _CLOCKED)) or name in _CLOCKED
    ]


def _is_clock(value: object) -> bool:
    return value is time.time_ns or isinstance(value, Clock)
