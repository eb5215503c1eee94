"""Whether two schemas gave the same answer to the same question. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

Rows = Sequence[Mapping[str, Any]]

KEYS: Final = ("bucket", "group", "version", "value", "trace_id", "span_id_hex", "score_id", "session_id", "user_id")
"""What tells rows apart, where they have it."""

IGNORED: Final = frozenset({"source", "data_type", "comment", "prompt_version", "metadata", "project_id"})
"""What each schema says in words and types of its own."""

PERCENTILE: Final = 0.05
DISTINCT: Final = 0.03
ROUNDED: Final = 1e-5
"""Relative. Percentiles are those of t-digests, built in another order; distinct ids are estimated, and hashed otherwise
where they are text; times of some schemas are microseconds, sums of costs are made of floating-point numbers.
"""

LOOSE: Final[Mapping[str, float]] = {
    "traces": DISTINCT,
    "trace_errors": DISTINCT,
    "trace_error_ratio": 2 * DISTINCT,
    "users": DISTINCT,
    "sessions": DISTINCT,
}


def tolerance(column: str) -> float:
    """How far two values of a column may differ, as a part of the larger."""
    return PERCENTILE if "_p50" in column or "_p9" in column else LOOSE.get(column.removesuffix("_before"), ROUNDED)


def plain(value: Any) -> Any:
    """The value as a text, a number, a list or None, whatever type a schema has it in."""
    if isinstance(value, Decimal | float):
        return None if math.isnan(value) else float(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return float(value) if isinstance(value, int) else value


def same(column: str, one: Any, other: Any) -> bool:
    """Whether two values of a column are one answer."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=tolerance(column), abs_tol=2e-6)
    return bool(one == other)


def differences(ours: Rows, theirs: Rows, most: int = 5) -> list[str]:
    """What differs, as sentences, at most so many; of the columns that both have. Empty: the same answer."""
    if not ours or not theirs:
        return [] if len(ours) == len(theirs) else [f"{len(ours)} rows and {len(theirs)}"]
    columns = [name for name in theirs[0] if name in ours[0] and name not in IGNORED]
    keys = [name for name in KEYS if name in columns]
    if not columns or (len(ours) > 1 and not keys):
        return [f"nothing to compare: {', '.join(ours[0])} and {', '.join(theirs[0])}"]
    mine, other = _by_key(ours, keys), _by_key(theirs, keys)
    told = [f"only ours: {key}" for key in mine.keys() - other.keys()] + [
        f"only theirs: {key}" for key in other.keys() - mine.keys()
    ]
    for key in mine.keys() & other.keys():
        for name in columns:
            one, two = plain(mine[key][name]), plain(other[key][name])
            if not same(name, one, two):
                told.append(f"{name} of {key}: {one!r:.80} and {two!r:.80}")
    return told[:most]


def _by_key(rows: Rows, keys: Sequence[str]) -> dict[tuple[str, ...], Mapping[str, Any]]:
    return {tuple(str(plain(row[name])) for name in keys): row for row in rows}
