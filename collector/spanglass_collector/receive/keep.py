"""What is done with the records of a request, once it has been read: one ``Keep`` for each signal."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from spanglass_collector.caps import Caps, capped
from spanglass_collector.decode import Decoded
from spanglass_collector.metrics import Metrics
from spanglass_collector.pipeline import Batch, batch_from_body
from spanglass_collector.pricing import PriceTable
from spanglass_collector.queue import Queue
from spanglass_collector.receive.records import records_in
from spanglass_collector.redaction import Redaction, Redactor
from spanglass_collector.redaction_spans import redacted

T = TypeVar("T")

SMALL_BODY_BYTES: Final = 64 * 1024
"""Bodies up to here are read where they arrive; larger ones in a thread, so that others are served meanwhile."""
MAX_TOLD: Final = 3
"""Reasons told in one answer."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done with a body: records read and refused, whether it was new, and the answer as protobuf."""

    received: int
    rejected: int
    is_new: bool
    answer: bytes


class Keep(Protocol):
    """Makes a request durable. Raises Rejected or Busy."""

    async def __call__(self, body: bytes, project: str) -> Kept:
        """Keep the records of a body, in OTLP's protobuf, for a project."""


@dataclass(frozen=True, slots=True)
class KeepSpans:
    """Spans: through the pipeline into the queue."""

    queue: Queue
    prices: PriceTable
    metrics: Metrics
    caps: Caps
    redaction: Redaction | None = None
    clock: Callable[[], int] = time.time_ns

    async def __call__(self, body: bytes, project: str) -> Kept:
        """The answer, once the spans are on disk."""
        redactor = None if self.redaction is None else self.redaction.redactor_of(project)
        batch, digest = await inline_or_thread(len(body), lambda: self._batch(body, project, redactor))
        rejected = len(batch.rejects)
        is_new = await asyncio.wrap_future(self.queue.submit(batch.rows, digest=digest, rejected=rejected))
        if is_new and batch.unpriced:
            self.metrics.add("spanglass_unpriced_spans_total", batch.unpriced)
        return Kept(batch.rows.rows + rejected, rejected, is_new, _answer(batch))

    def _batch(self, body: bytes, project: str, redactor: Redactor | None) -> tuple[Batch, bytes]:
        def change(decoded: Decoded) -> Decoded:
            if redactor is not None:
                decoded = redacted(decoded, redactor)
            return capped(decoded, self.caps, len(body))

        now_ns = self.clock()
        batch = batch_from_body(body, project=project, received_ns=now_ns, prices=self.prices, change=change)
        return batch, hashlib.sha256(project.encode() + b"\0" + body).digest()


@dataclass(frozen=True, slots=True)
class CountRecords:
    """Signals that are accepted, counted and not kept, so that a client configured for all three is content."""

    name: str

    async def __call__(self, body: bytes, project: str) -> Kept:
        """An empty success. Raises Rejected for a body that is no export request."""
        del project
        return Kept(await inline_or_thread(len(body), lambda: records_in(body, self.name)), 0, is_new=True, answer=b"")


async def inline_or_thread(size: int, work: Callable[[], T]) -> T:
    """What ``work`` returns; where ``size`` bytes are many, from a thread."""
    return work() if size <= SMALL_BODY_BYTES else await asyncio.to_thread(work)


def _answer(batch: Batch) -> bytes:
    response = ExportTraceServiceResponse()
    if batch.rejects:
        response.partial_success.rejected_spans = len(batch.rejects)
        more = f" (and {len(batch.rejects) - MAX_TOLD} more)" if len(batch.rejects) > MAX_TOLD else ""
        response.partial_success.error_message = "; ".join(batch.rejects[:MAX_TOLD]) + more
    return bytes(response.SerializeToString())
