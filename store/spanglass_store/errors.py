"""Everything this room raises, sorted by what the caller should do.

::

    StoreError
    ├── StoreUnavailable   again later: network, time-out, overload, anything not understood
    ├── StoreRejected      never again: these rows or this statement will not be accepted
    ├── QueryTooExpensive  ask for less: the query passed a limit of time, rows or memory
    ├── DataDirInUse       another process runs its database in this folder
    └── PortTaken          another process listens on this port
"""

from __future__ import annotations

from pathlib import Path


class StoreError(Exception):
    """The store could not do what was asked; the message is a sentence for a person."""


class StoreUnavailable(StoreError):
    """The database cannot answer now. Keep what you hold and try again later."""


class StoreRejected(StoreError):
    """The database will never accept this. Set it aside; trying again changes nothing."""


class QueryTooExpensive(StoreError):
    """The query passed a limit. A shorter window or more filters can succeed."""


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
