"""What one read may take of the server. Pure; ``Store`` hands it over with the query, and the server holds to it.

A read that would pass a limit of time, reading or memory ends with QueryTooExpensive and gives nothing: half of a sum
looks like a sum. Only a list is ever cut, at a number of rows that its query asks for, and its answer says so
(``Query.row_limit``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

GIB: Final = 1024**3


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` of running, ``read_bytes`` read (uncompressed, all threads and shards), ``memory_bytes`` held at a
    time, ``result_rows`` given back. A server that allows less stays with what it allows.
    """

    seconds: float = 30.0
    read_bytes: int = 64 * GIB
    memory_bytes: int = 4 * GIB
    result_rows: int = 200_000

    def settings(self) -> dict[str, float | int]:
        """As settings of ClickHouse: https://clickhouse.com/docs/operations/settings/query-complexity."""
        return {
            "max_execution_time": self.seconds,
            "max_bytes_to_read": self.read_bytes,
            "max_memory_usage": self.memory_bytes,
            "max_result_rows": self.result_rows,
        }


PAGE: Final = Limits()
"""A number, a series or a list that somebody waits for."""

SERIES: Final = Limits(result_rows=50_000)
"""Numbers over time. The end of a series that is left out looks like nothing happening."""

SUGGESTIONS: Final = Limits(seconds=10.0, read_bytes=16 * GIB, memory_bytes=GIB, result_rows=20_000)
"""What a form offers: better nothing soon than everything late."""

BULK: Final = Limits(seconds=3600.0, read_bytes=1024 * GIB, memory_bytes=4 * GIB, result_rows=0)
"""A stream of rows that is never held as a whole. ``result_rows`` 0 is no limit."""


def allowed(settings: Iterable[Sequence[Any]]) -> dict[str, float]:
    """The most of each setting that a server grants, from its rows of (name, value, max): a user's profile may set a
    limit, and constrain it. 0 is no limit.
    """
    return {name: _least(float(value), float(most or 0)) for name, value, most in settings}


def within(limits: Limits, most: Mapping[str, float]) -> dict[str, float]:
    """The settings of ``limits``, none above ``most``: a server refuses a query that asks for more."""
    return {name: _least(wanted, most.get(name, 0)) for name, wanted in limits.settings().items()}


def _least(one: float, other: float) -> float:
    least = min(one, other) if one and other else one or other
    return int(least) if float(least).is_integer() else least  # the server takes bytes without a decimal point only
