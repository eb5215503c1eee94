"""Words of OpenTelemetry that any span may carry. Pure."""

from __future__ import annotations

from typing import Final

from spanglass import semconv
from spanglass_collector import values
from spanglass_collector.decode import Value
from spanglass_collector.dialects.dialect import Dialect, Word


def _http_status(value: Value) -> str | None:
    """What a type of error says that is an HTTP status."""
    return value if isinstance(value, str) and value.isdigit() and len(value) == 3 else None


GENERAL: Final = Dialect(
    name="opentelemetry",
    prefixes=("session.", "user.", "enduser.", "error."),
    words=(
        Word(semconv.SESSION_ID, "session_id", values.text),
        Word(semconv.USER_ID, "user_id", values.text),
        Word("enduser.id", "user_id", values.text),
        Word(semconv.ERROR_TYPE, "error_type", values.text),
        Word(semconv.ERROR_TYPE, "http_status", _http_status),
    ),
)
