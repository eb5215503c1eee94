"""What is done with the records of a request, once it has been read: one ``Keep`` for each signal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, TypeVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from xxhash import xxh3_128

from spanglass_collector.caps import Caps, capped
from spanglass_collector.decode import Decoded
from spanglass_collector.metrics import Metrics
from spanglass_collector.names_seen import NamesSeen
from spanglass_collector.pipeline import Batch, batch_from_body
from spanglass_collector.pipeline_logs import LogBatch, batch_from_logs
from spanglass_collector.pricing import PriceTable
from spanglass_collector.queue import Queue
from spanglass_collector.receive.records import records_in
from spanglass_collector.redaction import Redaction
from spanglass_collector.redaction_spans import redacted
from spanglass_store.native import Block

T = TypeVar("T")
Change: TypeAlias = Callable[[Decoded], Decoded]
Limited: TypeAlias = Callable[[Block, str], Block]
"""Gives the rows of a project the days that they stay."""

SMALL_BODY_BYTES: Final = 64 * 1024
"""Bodies up to here are read where they arrive; larger ones in a thread, so that others are served meanwhile."""
QUICK_BODY_BYTES: Final = 1024 * 1024
"""The same of spans that nothing has to be redacted in: some 10 ms. Another processor would have to fetch them first."""
MAX_TOLD: Final = 3
"""Reasons told in one answer."""
_READER: Final = ThreadPoolExecutor(4, "reader")
"""Python's threads take turns, but redaction and decompression let others go on: a slow one must not hold up the rest."""


def for_ever(block: Block, _project: str) -> Block:
    """The rows as they are: they stay for ever."""
    return block


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
    names: NamesSeen | None = None
    clock: Callable[[], int] = time.time_ns
    limited: Limited = for_ever

    async def __call__(self, body: bytes, project: str) -> Kept:
        """The answer, once the spans are on disk."""
        change = changes(self.caps, self.redaction, self.names, project=project, body_bytes=len(body))
        most = QUICK_BODY_BYTES if self.redaction is None else SMALL_BODY_BYTES
        batch, digest = await inline_or_thread(len(body), lambda: self._batch(body, project, change), inline_bytes=most)
        rejected, rows = len(batch.rejects), self.limited(batch.rows, project)
        is_new = await asyncio.wrap_future(self.queue.submit(rows, digest=digest, rejected=rejected))
        if is_new and batch.unpriced:
            self.metrics.add("spanglass_unpriced_spans_total", batch.unpriced)
        return Kept(batch.rows.rows + rejected, rejected, is_new, _answer(batch))

    def _batch(self, body: bytes, project: str, change: Change) -> tuple[Batch, bytes]:
        now_ns = self.clock()
        batch = batch_from_body(body, project=project, received_ns=now_ns, prices=self.prices, change=change)
        digest = xxh3_128(project.encode() + b"\0")
        digest.update(body)
        return batch, digest.digest()


@dataclass(frozen=True, slots=True)
class KeepLogs:
    """Log records: what GenAI instrumentations say in events goes into the queue, one item a table; the rest is counted."""

    queue: Queue
    metrics: Metrics
    caps: Caps
    redaction: Redaction | None = None
    names: NamesSeen | None = None
    clock: Callable[[], int] = time.time_ns
    limited: Limited = for_ever

    async def __call__(self, body: bytes, project: str) -> Kept:
        """An empty success, once the events are on disk. Raises Rejected for a body that is no export request."""
        change = changes(self.caps, self.redaction, self.names, project=project, body_bytes=len(body))
        batch, items = await inline_or_thread(len(body), lambda: self._batch(body, project, change))
        kept = [self.queue.submit(self.limited(block, project), digest=digest) for block, digest in items]
        news = await asyncio.gather(*map(asyncio.wrap_future, kept))
        for what, count in (("kept", batch.kept), ("homeless", batch.homeless), ("unread", batch.unread)):
            self.metrics.add("spanglass_log_records_total", count, outcome=what)
        return Kept(batch.records, 0, is_new=any(news) or not news, answer=b"")

    def _batch(self, body: bytes, project: str, change: Change) -> tuple[LogBatch, list[tuple[Block, bytes]]]:
        batch = batch_from_logs(body, project=project, received_ns=self.clock(), change=change)
        named = ((block, f"{project}\0{block.table}\0".encode()) for block in batch.blocks)
        return batch, [(block, xxh3_128(name + body).digest()) for block, name in named]


@dataclass(frozen=True, slots=True)
class CountRecords:
    """Signals that are accepted, counted and not kept, so that a client configured for all three is content."""

    name: str

    async def __call__(self, body: bytes, project: str) -> Kept:
        """An empty success. Raises Rejected for a body that is no export request."""
        del project
        return Kept(await inline_or_thread(len(body), lambda: records_in(body, self.name)), 0, is_new=True, answer=b"")


def changes(
    caps: Caps, redaction: Redaction | None = None, names: NamesSeen | None = None, *, project: str, body_bytes: int
) -> Change:
    """What is done to the records of one request before anything else looks at them: redaction, and caps. The names of
    their attributes are looked at before.
    """
    redactor = None if redaction is None else redaction.redactor_of(project)

    def change(decoded: Decoded) -> Decoded:
        if names is not None:
            names.look(project, decoded)
        return capped(decoded if redactor is None else redacted(decoded, redactor), caps, body_bytes)

    return change


async def inline_or_thread(size: int, work: Callable[[], T], *, inline_bytes: int = SMALL_BODY_BYTES) -> T:
    """What ``work`` returns; where ``size`` bytes are many, from a thread."""
    return work() if size <= inline_bytes else await asyncio.get_running_loop().run_in_executor(_READER, work)


def _answer(batch: Batch) -> bytes:
    response = ExportTraceServiceResponse()
    if batch.rejects:
        response.partial_success.rejected_spans = len(batch.rejects)
        more = f" (and {len(batch.rejects) - MAX_TOLD} more)" if len(batch.rejects) > MAX_TOLD else ""
        response.partial_success.error_message = "; ".join(batch.rejects[:MAX_TOLD]) + more
    return bytes(response.SerializeToString())
