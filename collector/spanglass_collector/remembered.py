"""What was worked out lately, looked up instead of worked out again, within a limit for all of it together. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


def _always(_key: Any, _found: Any) -> bool:
    return True


class Memory:
    """Dictionaries that hold ``most`` entries together: clients choose what is in them. Beyond it all is forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self._of: dict[Hashable, Remembered[Any, Any]] = {}

    def of(
        self, what: Hashable, make: Callable[[Any], Any], keeps: Callable[[Any, Any], bool] = _always
    ) -> Remembered[Any, Any]:
        """The dictionary of this name."""
        found = self._of.get(what)
        if found is None:
            found = self._of[what] = Remembered(self, make, keeps)
            self.count()
        return found

    def count(self) -> None:
        """One entry more."""
        self._count += 1
        if self._count > self._most:
            for each in [*self._of.values()]:
                each.clear()
            self._of.clear()
            self._count = 0


class Remembered(dict[K, V], Generic[K, V]):
    """What ``make`` makes of a key, as far as it ``keeps`` that. Raises what it raises.

    Many keys are looked up with ``map(remembered.__getitem__, keys)``: written with brackets, a dictionary of a class of its
    own takes twice the time.
    """

    def __init__(self, memory: Memory, make: Callable[[K], V], keeps: Callable[[K, V], bool]) -> None:
        super().__init__()
        self._memory = memory
        self._make = make
        self._keeps = keeps

    def __missing__(self, key: K) -> V:
        found = self._make(key)
        if self._keeps(key, found):
            self._memory.count()
            self[key] = found
        return found
