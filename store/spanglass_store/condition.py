"""A piece of a WHERE clause as a value: text with ``{name:Type}`` places and what is bound there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open span of time, nanoseconds since 1970 UTC: ``start_ns`` belongs to it, ``end_ns`` does not."""

    start_ns: int
    end_ns: int

    @property
    def duration_ns(self) -> int:
        """Length in nanoseconds."""
        return self.end_ns - self.start_ns

    def previous(self) -> Window:
        """The window of the same length that ends where this one starts."""
        return Window(self.start_ns - self.duration_ns, self.start_ns)


@dataclass(frozen=True, slots=True)
class Condition:
    """Text of a WHERE clause and its parameters."""

    sql: str
    params: tuple[tuple[str, Any], ...]


def between(column: str, window: Window, *, prefix: str = "") -> Condition:
    """``column`` (DateTime64) inside ``window``. ``prefix`` keeps the names of two windows in one query apart."""
    start, end = f"{prefix}start_ns", f"{prefix}end_ns"
    sql = (
        f"{column} >= fromUnixTimestamp64Nano({{{start}:Int64}}, 'UTC') "
        f"AND {column} < fromUnixTimestamp64Nano({{{end}:Int64}}, 'UTC')"
    )
    return Condition(sql, ((start, window.start_ns), (end, window.end_ns)))


def every(conditions: Iterable[Condition]) -> Condition:
    """All of ``conditions`` hold. Names bound in several of them mean the same in each."""
    parts = list(conditions)
    bound: dict[str, Any] = {}
    for part in parts:
        bound |= part.params
    return Condition(" AND ".join(part.sql for part in parts), tuple(bound.items()))


def told_apart(condition: Condition, other: Condition, prefix: str) -> Condition:
    """``condition`` with ``prefix`` before the names of what is bound otherwise in ``other``: both fit into one query."""
    taken = dict(other.params)
    new = {name: f"{prefix}{name}" for name, value in condition.params if name in taken and taken[name] != value}
    sql = condition.sql
    for name, apart in new.items():
        sql = sql.replace(f"{{{name}:", f"{{{apart}:")
    return Condition(sql, tuple((new.get(name, name), value) for name, value in condition.params))
