"""OTLP over HTTP, answered as its specification says (opentelemetry-proto 1.x, "OTLP/HTTP Response").

A 200 means: on disk, fsynced. What will never be readable is 400 (401, 403, 413, 415) with a ``google.rpc.Status``;
"again later" is 429 or 503 with Retry-After. Trouble nobody foresaw is 503 too: clients drop data on a plain 500.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol, TypeVar

from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.types import Receive, Scope, Send

from spanglass_collector.errors import Busy, Rejected, TooLarge, Unsupported
from spanglass_collector.metrics import Metrics
from spanglass_collector.pipeline import Batch, batch_from_body
from spanglass_collector.pricing import PriceTable
from spanglass_collector.queue import Queue
from spanglass_collector.receive.auth import Gate
from spanglass_collector.receive.body import decompressed, read_body

log = logging.getLogger(__name__)
T = TypeVar("T")

PROTOBUF: Final = "application/x-protobuf"
SPOKEN: Final = frozenset({PROTOBUF, "application/protobuf"})
SMALL_BODY_BYTES: Final = 64 * 1024
"""Bodies up to here are read where they arrive; larger ones in a thread, so that others are served meanwhile."""
MAX_TOLD: Final = 3
"""Reasons told in one answer."""
_CODES: Final = {HTTPStatus.BAD_REQUEST: 3, HTTPStatus.UNAUTHORIZED: 16, HTTPStatus.FORBIDDEN: 7}
_INVALID_ARGUMENT, _UNAVAILABLE = 3, 14  # google.rpc.Code


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest body as sent, and decompressed."""

    body_bytes: int
    decompressed_bytes: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done with a body: records read and refused, whether it was new, and the answer's body."""

    received: int
    rejected: int
    is_new: bool
    answer: bytes


class Keep(Protocol):
    """Makes a request durable. Raises Rejected or Busy."""

    async def __call__(self, body: bytes, project: str) -> Kept:
        """Keep the records of a decompressed body for a project."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """An ASGI application: one OTLP signal at one path."""

    signal: str
    keep: Keep
    gate: Gate
    limits: Limits
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers: dict[bytes, bytes] = {}
        try:
            answer = await self._kept(scope, receive)
            status = HTTPStatus.OK
        except Rejected as error:
            status, answer = error.status, _status(_CODES.get(error.status, _INVALID_ARGUMENT), error)
            if isinstance(error, TooLarge):
                headers[b"connection"] = b"close"  # the rest of its body is not read
        except Busy as error:
            status, answer = error.status, _status(_UNAVAILABLE, error)
            headers[b"retry-after"] = str(error.retry_after_seconds).encode()
        except Exception:
            log.exception("a request to %s could not be handled", scope["path"])
            status, answer = HTTPStatus.SERVICE_UNAVAILABLE, _status(_UNAVAILABLE, "Something went wrong here.")
            headers[b"retry-after"] = b"5"
        self.metrics.add("spanglass_requests_total", signal=self.signal, status=str(int(status)))
        headers |= {b"content-type": PROTOBUF.encode(), b"content-length": str(len(answer)).encode()}
        await send({"type": "http.response.start", "status": int(status), "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": answer})

    async def _kept(self, scope: Scope, receive: Receive) -> bytes:
        headers = headers_of(scope)
        project = await self.gate.project_of(headers, "ingest")
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in SPOKEN:
            msg = f"The content type {media_type[:60]!r} is not supported; send {PROTOBUF}."
            raise Unsupported(msg)
        sent = await read_body(receive, headers.get("content-length", ""), max_bytes=self.limits.body_bytes)
        began = time.perf_counter()
        self.metrics.add("spanglass_request_bytes_total", len(sent), signal=self.signal)
        encoding = headers.get("content-encoding", "")
        body = await _inline_or_thread(
            len(sent) if encoding else 0,
            lambda: decompressed(sent, encoding, max_bytes=self.limits.decompressed_bytes),
        )
        kept = await self.keep(body, project)
        self.metrics.observe("spanglass_ack_seconds", time.perf_counter() - began, signal=self.signal)
        counted = (("received", kept.received), ("rejected", kept.rejected * kept.is_new))
        for what, records in (*counted, ("duplicate", kept.received * (not kept.is_new))):
            self.metrics.add(f"spanglass_{what}_total", records, signal=self.signal)
        return kept.answer


@dataclass(frozen=True, slots=True)
class KeepSpans:
    """Spans: through the pipeline into the queue."""

    queue: Queue
    prices: PriceTable
    metrics: Metrics
    clock: Callable[[], int] = time.time_ns

    async def __call__(self, body: bytes, project: str) -> Kept:
        """The answer, once the spans are on disk."""
        batch, digest = await _inline_or_thread(len(body), lambda: self._batch(body, project))
        rejected = len(batch.rejects)
        is_new = await asyncio.wrap_future(self.queue.submit(batch.rows, digest=digest, rejected=rejected))
        if is_new and batch.unpriced:
            self.metrics.add("spanglass_unpriced_spans_total", batch.unpriced)
        return Kept(batch.rows.rows + rejected, rejected, is_new, _answer(batch))

    def _batch(self, body: bytes, project: str) -> tuple[Batch, bytes]:
        batch = batch_from_body(body, project=project, received_ns=self.clock(), prices=self.prices)
        return batch, hashlib.sha256(project.encode() + b"\0" + body).digest()


@dataclass(frozen=True, slots=True)
class CountRecords:
    """Signals that are accepted, counted and not kept, so that a client configured for all three is content."""

    count: Callable[[bytes], int]

    async def __call__(self, body: bytes, project: str) -> Kept:
        """An empty success."""
        del project
        return Kept(self.count(body), 0, is_new=True, answer=b"")


def count_log_records(body: bytes) -> int:
    """Log records of an ``ExportLogsServiceRequest``. Raises Rejected for bytes that are none."""
    request = ExportLogsServiceRequest()
    _parse(request, body, "logs")
    return sum(len(scope.log_records) for resource in request.resource_logs for scope in resource.scope_logs)


def count_metrics(body: bytes) -> int:
    """Metrics of an ``ExportMetricsServiceRequest``. Raises Rejected for bytes that are none."""
    request = ExportMetricsServiceRequest()
    _parse(request, body, "metrics")
    return sum(len(scope.metrics) for resource in request.resource_metrics for scope in resource.scope_metrics)


def headers_of(scope: Scope) -> Mapping[str, str]:
    """Header names (lower-case) to values; of a name sent twice the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _parse(request: Message, body: bytes, signal: str) -> None:
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        msg = f"The body is not an OTLP {signal} export request: it cannot be parsed as protobuf."
        raise Rejected(msg) from error


def _answer(batch: Batch) -> bytes:
    response = ExportTraceServiceResponse()
    if batch.rejects:
        response.partial_success.rejected_spans = len(batch.rejects)
        more = f" (and {len(batch.rejects) - MAX_TOLD} more)" if len(batch.rejects) > MAX_TOLD else ""
        response.partial_success.error_message = "; ".join(batch.rejects[:MAX_TOLD]) + more
    return bytes(response.SerializeToString())


def _status(code: int, message: object) -> bytes:
    return bytes(Status(code=code, message=str(message)).SerializeToString())


async def _inline_or_thread(size: int, work: Callable[[], T]) -> T:
    return work() if size <= SMALL_BODY_BYTES else await asyncio.to_thread(work)
