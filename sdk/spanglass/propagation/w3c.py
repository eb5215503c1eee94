"""The headers of the W3C (traceparent, tracestate, baggage) <-> OpenTelemetry's context; by OpenTelemetry's propagators.

Headers are whatever a library has them as: a mapping, or pairs, as text or as bytes, in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from opentelemetry.context import Context

Headers = Mapping[Any, Any] | Iterable[tuple[Any, Any]]

_TRACE: Final = TraceContextTextMapPropagator()
_BAGGAGE: Final = W3CBaggagePropagator()
TRACEPARENT: Final = "traceparent"
BAGGAGE: Final = "baggage"
FIELDS: Final = (TRACEPARENT, "tracestate", BAGGAGE)


def to_headers(context: Context) -> dict[str, str]:
    """What ``context`` says as headers; none for what it has not."""
    headers: dict[str, str] = {}
    _TRACE.inject(headers, context)
    _BAGGAGE.inject(headers, context)
    return headers


def from_headers(headers: Headers, context: Context) -> Context:
    """``context`` with what the headers say; what is malformed says nothing."""
    found = read(headers)
    return _BAGGAGE.extract(found, _TRACE.extract(found, context))


def read(headers: Headers) -> dict[str, str]:
    """The headers of the W3C among these, lower-case; one given several times is joined, as HTTP has it."""
    pairs = headers.items() if isinstance(headers, Mapping | MutableMapping) else headers
    found: dict[str, str] = {}
    for name, value in pairs:
        field = _text(name).lower()
        if field in FIELDS and value is not None:
            found[field] = f"{found[field]},{_text(value)}" if field in found else _text(value)
    return found


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
