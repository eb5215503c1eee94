"""OTLP over HTTP, answered as its specification says (opentelemetry-proto 1.x, "OTLP/HTTP Response").

A 200 means: on disk, fsynced. What will never be readable is 400 (401, 403, 413, 415) with a ``google.rpc.Status``;
"again later" is 429 or 503 with Retry-After. The answer is in the form of the question: protobuf, or JSON.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.types import Receive, Scope, Send

from spanglass_collector.errors import TooLarge, Unsupported
from spanglass_collector.receive.auth import Visitor
from spanglass_collector.receive.body import decompressed, read_body
from spanglass_collector.receive.intake import Intake, Refusal, refusal_of
from spanglass_collector.receive.json_body import parsed_bytes, protobuf_from_json
from spanglass_collector.receive.keep import inline_or_thread
from spanglass_collector.receive.memory import Hold

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
SPOKEN: Final[Mapping[str, str]] = {PROTOBUF: PROTOBUF, "application/protobuf": PROTOBUF, JSON: JSON}
"""Content type of a request to that of its answer."""
PACKED_TIMES: Final = 8
"""By how much a packed body counts as larger than it is, where it is decided whether to leave it to a thread."""
_RESPONSES: Final[Mapping[str, type[Message]]] = {
    "traces": ExportTraceServiceResponse,
    "logs": ExportLogsServiceResponse,
    "metrics": ExportMetricsServiceResponse,
}


@dataclass(frozen=True, slots=True)
class Receiver:
    """An ASGI application: one OTLP signal at one path."""

    intake: Intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = headers_of(scope)
        media_type = media_type_of(asked)
        form = SPOKEN.get(media_type, PROTOBUF)
        headers = {b"content-type": form.encode()}
        try:
            answer = await self._answer(receive, asked, media_type)
            status = HTTPStatus.OK
        except Exception as error:  # noqa: BLE001  everything is answered; what nobody foresaw is logged there
            refusal = refusal_of(error)
            status, answer = refusal.status, _status(refusal, form)
            if isinstance(error, TooLarge):
                headers[b"connection"] = b"close"  # the rest of its body is not read
            if refusal.retry_after_seconds is not None:
                headers[b"retry-after"] = str(refusal.retry_after_seconds).encode()
        self.intake.answered(status)
        headers[b"content-length"] = str(len(answer)).encode()
        await send({"type": "http.response.start", "status": int(status), "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, receive: Receive, headers: Mapping[str, str], media_type: str) -> bytes:
        visitor = await self.intake.admit(headers)
        if media_type not in SPOKEN:
            msg = f"The content type {media_type[:60]!r} is not supported; send {PROTOBUF} or {JSON}."
            raise Unsupported(msg)
        with self.intake.hold() as hold:
            return await self._kept(receive, headers, media_type, visitor, hold)

    async def _kept(
        self, receive: Receive, headers: Mapping[str, str], media_type: str, visitor: Visitor, hold: Hold
    ) -> bytes:
        limits = self.intake.shared.limits
        declared = headers.get("content-length", "")
        body = await read_body(receive, declared, max_bytes=limits.body_bytes, grow=hold.grow)
        began = time.perf_counter()
        self.intake.count_body(visitor, len(body))
        if encoding := headers.get("content-encoding", ""):
            sent = body
            body = await inline_or_thread(
                len(sent) * PACKED_TIMES,
                lambda: decompressed(sent, encoding, max_bytes=limits.decompressed_bytes, grow=hold.grow),
            )
        if SPOKEN[media_type] == JSON:
            text = body
            hold.grow(parsed_bytes(text))
            body = await inline_or_thread(len(text), lambda: protobuf_from_json(text, self.intake.signal))
        kept = await self.intake.take(visitor, body, began)
        return _as_json(kept.answer, self.intake.signal) if SPOKEN[media_type] == JSON else kept.answer


def headers_of(scope: Scope) -> Mapping[str, str]:
    """Header names (lower-case) to values; of a name sent twice the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def media_type_of(headers: Mapping[str, str]) -> str:
    """The content type without its parameters, in lower case."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _as_json(answer: bytes, signal: str) -> bytes:
    return orjson.dumps(MessageToDict(_RESPONSES[signal].FromString(answer)))


def _status(refusal: Refusal, form: str) -> bytes:
    """A ``google.rpc.Status``."""
    if form == JSON:
        return orjson.dumps({"code": refusal.code, "message": refusal.message})
    return bytes(Status(code=refusal.code, message=refusal.message).SerializeToString())
