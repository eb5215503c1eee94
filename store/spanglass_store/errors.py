"""Everything this room raises, sorted by what the caller should do.

::

    StoreError
    ├── StoreUnavailable   again later: network, time-out, overload, anything not understood
    ├── StoreRejected      never again: these rows or this statement will not be accepted
    ├── QueryTooExpensive  ask for less: the query passed a limit of time, rows or memory
    ├── FileUnusable       put the file right: it cannot be read, or what it says cannot be used
    ├── DataDirInUse       another process runs its database in this folder
    └── PortTaken          another process listens on this port
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

REJECTED_CODES: Final = frozenset(
    {6, 10, 16, 20, 26, 27, 32, 33, 36, 38, 41, 43, 44, 47, 48, 50, 53, 60, 62, 69, 70, 72, 73, 81, 117, 128, 131}
    | {190, 285, 321, 349, 352, 407, 441, 457, 469, 636}
)
"""ClickHouse error codes that say the rows or the statement are wrong, whatever the time
(https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp). Codes not in a table mean
"again later": unknown trouble must cost time, not data."""

TOO_EXPENSIVE: Final[Mapping[int, str]] = {
    158: "this reads more rows than the server allows.",
    159: "this takes longer than its time limit.",
    160: "this would take longer than its time limit.",
    241: "this needs more memory than there is for one question.",
    307: "this reads more than one question may.",
    396: "this gives more rows than one answer may have.",
}
"""Codes of a limit that was passed, of a *query*. For an insert they mean "again later"."""


class StoreError(Exception):
    """The store could not do what was asked; the message is a sentence for a person."""


class StoreUnavailable(StoreError):
    """The database cannot answer now. Keep what you hold and try again later."""


class StoreRejected(StoreError):
    """The database will never accept this. Set it aside; trying again changes nothing."""


class QueryTooExpensive(StoreError):
    """The query passed a limit. A shorter window or more filters can succeed."""


class FileUnusable(StoreError):
    """A file that somebody wrote cannot be used; the message says what is wrong in which line."""


class DataDirInUse(StoreError):
    """A second database was started in a folder that already has one running."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"The data directory {data_dir} is in use by another spanglass process.")
        self.data_dir = data_dir


class PortTaken(StoreError):
    """The port the database should listen on belongs to another process."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"Port {port} on {host} is taken by another process.")
        self.host = host
        self.port = port
