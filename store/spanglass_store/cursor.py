"""A place in a list, as text that a client sends back to read on from there. Pure.

A place is a row, not a number of rows, so what arrives meanwhile moves nothing. With it travels the window of the first
page: later pages are of the same list.
"""

from __future__ import annotations

import base64
import re
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from spanglass_store.condition import Window

ORDER_KEY: Final = "order_key"
"""Column of a list that says, as text, what its rows are ordered by."""
_NUMBER: Final = re.compile(r"-?\d{1,38}(\.\d{1,9})?")
_INT64: Final = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Cursor:
    """After the row with this ``key`` (a number as text) and ``id``, in the list of ``window`` in ``order``."""

    order: str
    window: Window
    key: str
    id: str


def encode(cursor: Cursor) -> str:
    """The cursor as text of letters, digits, ``-`` and ``_``."""
    parts = [cursor.order, cursor.window.start_ns, cursor.window.end_ns, cursor.key, cursor.id]
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


def decode(text: str, order: str, *, id_pattern: str = r"(?s).*") -> Cursor | None:
    """The cursor of ``text``; None for none. Raises ValueError for text that is no cursor of a list in ``order``."""
    if not text:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        of, start_ns, end_ns, key, row_id = msgspec.json.decode(raw, type=tuple[str, int, int, str, str])
    except (NotBase64, ValueError, msgspec.DecodeError) as error:
        raise ValueError(NO_CURSOR) from error
    fits = _NUMBER.fullmatch(key) and re.fullmatch(id_pattern, row_id) and start_ns in _INT64 and end_ns in _INT64
    if not fits:
        raise ValueError(NO_CURSOR)
    if of != order:
        msg = f"the cursor is of a list ordered by {of[:40]!r}, not by {order!r}"
        raise ValueError(msg)
    return Cursor(of, Window(start_ns, end_ns), key, row_id)


NO_CURSOR: Final = "the cursor is none that a list here gave"


def after(rows: Sequence[Mapping[str, Any]], window: Window, order: str, *ids: str, cursor: str = "") -> str:
    """The cursor behind the last of ``rows``, which were found in ``window`` from ``cursor`` on; empty without rows.

    ``ids`` are the columns that tell one row from another. Raises ValueError as ``decode``.
    """
    if not rows:
        return ""
    before = decode(cursor, order)
    if before is not None:
        window = before.window
    elif order == NEWEST:  # what is newer than the newest of the first page came after it
        window = Window(window.start_ns, min(window.end_ns, int(rows[0][ORDER_KEY]) + 1))
    last = rows[-1]
    return encode(Cursor(order, window, last[ORDER_KEY], "".join(last[name] for name in ids)))


NEWEST: Final = "newest"
