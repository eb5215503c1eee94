"""An exception, noted down so that it can be told later without being kept.

Holding the exception itself until export would keep alive its frames, and with them every local variable of the
application on the way. Formatting it at once costs the caller ten times what noting it costs.
"""

from __future__ import annotations

from traceback import TracebackException
from typing import Final

from spanglass.capture import snapshot, text

_MAX_FRAMES: Final = 50
_MAX_MESSAGE_BYTES: Final = 8_192
_MAX_STACK_BYTES: Final = 65_536


class Failure:
    """Type, message and stack of ``error`` (its last 50 frames, its causes included)."""

    __slots__ = ("_noted", "message", "type_name")

    def __init__(self, error: BaseException) -> None:
        kind = type(error)
        self.type_name = (
            kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        )
        try:
            said = str(error)
        except Exception:  # noqa: BLE001  the application's own __str__
            said = f"<{kind.__qualname__}: unreadable>"
        self.message = text(snapshot(said, _MAX_MESSAGE_BYTES))
        self._noted = TracebackException(
            kind, error, error.__traceback__, limit=-_MAX_FRAMES, lookup_lines=False, compact=True
        )

    def attributes(self) -> dict[str, str]:
        """OpenTelemetry's attributes of an ``exception`` event."""
        return {
            "exception.type": self.type_name,
            "exception.message": self.message,
            "exception.stacktrace": text(snapshot("".join(self._noted.format()), _MAX_STACK_BYTES)),
        }
