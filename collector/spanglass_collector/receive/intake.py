"""What happens to every request of a signal, however it arrives: let in, counted, kept, or refused with a reason."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from spanglass_collector.errors import Busy, Rejected, TooLarge, Unsupported
from spanglass_collector.metrics import Metrics
from spanglass_collector.receive.auth import Gate, Visitor
from spanglass_collector.receive.keep import Keep, Kept, inline_or_thread
from spanglass_collector.receive.memory import Hold, Memory
from spanglass_collector.receive.rates import Rates
from spanglass_collector.receive.records import require_few

log = logging.getLogger(__name__)

LARGE_BODY_BYTES: Final = 1024 * 1024
"""From here on records are counted before they are parsed; what is smaller cannot take much memory."""
LEAST_RECORD_BYTES: Final = 30
"""A span with its ids. Whatever is smaller is refused anyway, or is a metric."""

# google.rpc.Code
INVALID_ARGUMENT, PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNIMPLEMENTED, UNAVAILABLE, UNAUTHENTICATED = (
    3,
    7,
    8,
    12,
    14,
    16,
)
_CODES: Final[Mapping[HTTPStatus, int]] = {
    HTTPStatus.UNAUTHORIZED: UNAUTHENTICATED,
    HTTPStatus.FORBIDDEN: PERMISSION_DENIED,
    TooLarge.status: RESOURCE_EXHAUSTED,  # without RetryInfo it means: not again (OTLP, "OTLP/gRPC Throttling")
    Unsupported.status: UNIMPLEMENTED,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest body as sent, and decompressed; most records in one request."""

    body_bytes: int
    decompressed_bytes: int
    records: int = 50_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: as HTTP and as gRPC say it. ``retry_after_seconds`` is None where the same will never be accepted."""

    status: HTTPStatus
    code: int
    message: str
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """What all signals share."""

    gate: Gate
    limits: Limits
    rates: Rates
    memory: Memory
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Intake:
    """One signal: ``traces``, ``logs`` or ``metrics``."""

    signal: str
    keep: Keep
    shared: Shared

    async def admit(self, headers: Mapping[str, str]) -> Visitor:
        """Who asks, if they may send now. Raises Rejected or Busy."""
        visitor = await self.shared.gate.visitor(headers, "ingest")
        self.shared.rates.admit(visitor.sender)
        return visitor

    def count_body(self, visitor: Visitor, size: int) -> None:
        """Count a body as it was sent."""
        self.shared.metrics.add("spanglass_request_bytes_total", size, signal=self.signal)
        self.shared.rates.count_bytes(visitor.sender, size)

    async def take(self, visitor: Visitor, body: bytes, began: float) -> Kept:
        """What was done with a body in OTLP's protobuf that was whole at ``began`` (``time.perf_counter``).

        Raises Rejected or Busy.
        """
        most = self.shared.limits.records
        if len(body) > min(LARGE_BODY_BYTES, LEAST_RECORD_BYTES * most):
            await inline_or_thread(len(body), lambda: require_few(body, most))
        kept = await self.keep(body, visitor.project)
        metrics = self.shared.metrics
        metrics.observe("spanglass_ack_seconds", time.perf_counter() - began, signal=self.signal)
        counted = (("received", kept.received), ("rejected", kept.rejected * kept.is_new))
        for what, records in (*counted, ("duplicate", kept.received * (not kept.is_new))):
            metrics.add(f"spanglass_{what}_total", records, signal=self.signal)
        return kept

    def hold(self) -> Hold:
        """This request's share of the memory."""
        return self.shared.memory.hold()

    def answered(self, status: HTTPStatus) -> None:
        """Count a request by how it was answered."""
        self.shared.metrics.add("spanglass_requests_total", signal=self.signal, status=str(int(status)))


def refusal_of(error: Exception) -> Refusal:
    """How an error is answered. What nobody foresaw is logged, and "again later": clients drop data on a plain 500."""
    if isinstance(error, Rejected):
        return Refusal(error.status, _CODES.get(error.status, INVALID_ARGUMENT), str(error))
    if isinstance(error, Busy):
        return Refusal(error.status, UNAVAILABLE, str(error), error.retry_after_seconds)
    log.error("a request could not be handled", exc_info=error)
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, UNAVAILABLE, "Something went wrong here.", retry_after_seconds=5)
