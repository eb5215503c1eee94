"""The kinds of records, and what each says.

====== ====================================================================================================
HEAD   first of a segment: ``ledger`` as it stood, ``next`` number of an item, ``at`` the time in the queue
ITEM   one accepted request: number ``n``, table ``t``, ``r`` rows, ``x`` rejected, time ``at``, digest ``d``;
       ``c`` where its rows can be cut into columns; ``back``: which item put aside it was. The body is the rows
AGAIN  a request that had been sent before: table ``t``, ``r`` records
GROUPS ``groups``: pairs of a group's id and its items, as runs from first to last number. Items that were in
       another group leave it
SETTLE a group is done with: ``group``, its ``fate`` (stored, duplicate, set_aside), table ``t``, ``r`` rows
PROBE  nothing, written to see whether that is possible
====== ====================================================================================================
"""

from __future__ import annotations

from typing import Final, Literal

HEAD: Final = "H"
ITEM: Final = "I"
AGAIN: Final = "A"
GROUPS: Final = "G"
SETTLE: Final = "S"
PROBE: Final = "P"
DIGESTS: Final = "D"  # in files of digests only: the body is digests

Fate = Literal["stored", "duplicate", "set_aside"]
