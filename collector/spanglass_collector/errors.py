"""Everything this room raises, sorted by what the caller should do.

::

    CollectorError
    ├── Rejected             never again: the same request will never be accepted (400)
    │   ├── Unauthenticated  no key, or one that is not known (401)
    │   ├── Forbidden        a key that may not do this (403)
    │   ├── TooLarge         more bytes than the limits allow (413)
    │   └── Unsupported      a content type or encoding that is not spoken here (415)
    ├── Busy                 again after ``retry_after_seconds`` (503)
    │   ├── QueueFull        the queue is at its byte limit (429)
    │   └── RateLimited      this key sends more than it may (429)
    └── StartRefused         the collector cannot start here; the sentence says what to change
        ├── QueueInUse       another collector has this data directory
        ├── PortTaken        another process has this port
        └── RulesRefused     the file of redaction rules cannot be used
"""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import ClassVar


class CollectorError(Exception):
    """The collector could not do what was asked; the message is a sentence for a person."""


class Rejected(CollectorError):
    """Sending the same again changes nothing."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST


class Unauthenticated(Rejected):
    """No key was given, or one that nobody knows."""

    status = HTTPStatus.UNAUTHORIZED


class Forbidden(Rejected):
    """The key is known and its scope does not allow this."""

    status = HTTPStatus.FORBIDDEN


class TooLarge(Rejected):
    """The body passed a limit, before or after decompression."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class Unsupported(Rejected):
    """The content type or the content encoding is not one the collector reads."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class Busy(CollectorError):
    """Not now. Nothing was kept; send the same again after ``retry_after_seconds``."""

    status: ClassVar[HTTPStatus] = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class QueueFull(Busy):
    """The queue holds as many bytes as it may: the database is slower than the clients, or away."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class RateLimited(Busy):
    """Whoever has this key sends more than the limits let through."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class StartRefused(CollectorError):
    """The collector cannot start here."""


class QueueInUse(StartRefused):
    """Two collectors on one queue would lease each other's items."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"The queue in {directory} is in use by another collector. Stop that one, or set SPANGLASS_DATA_DIR."
        )


class PortTaken(StartRefused):
    """The port the collector should listen on belongs to another process."""

    def __init__(self, host: str, port: int, variable: str = "SPANGLASS_PORT") -> None:
        super().__init__(f"Port {port} on {host} is taken by another process. Choose another with {variable}.")


class RulesRefused(StartRefused):
    """The file of redaction rules cannot be used as it is."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"The redaction rules in {path} cannot be used: {problem}.".replace("..", "."))
