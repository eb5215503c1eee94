"""OTLP over gRPC: the same intakes as HTTP, with gRPC's codes (opentelemetry-proto 1.x, "OTLP/gRPC Response").

Messages stay bytes on both sides. Methods are registered as streams of requests, which on the wire is the same as one
request: so the metadata are there first, and nobody without a key makes us read a message.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NoReturn

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from spanglass_collector.errors import Busy, Rejected, StartRefused
from spanglass_collector.receive.intake import Intake, Refusal, refusal_of
from spanglass_collector.settings import Settings

METHODS: Final[Mapping[str, str]] = {
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
}
"""Signal to the service whose ``Export`` takes it."""
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}
_DETAILS: Final = "grpc-status-details-bin"


@contextlib.asynccontextmanager
async def grpc_serving(settings: Settings, intakes: Mapping[str, Intake]) -> AsyncIterator[None]:
    """Listen on ``settings.grpc_port`` during the block, unless it is 0; then finish what is under way.

    Raises StartRefused where that port cannot be had.
    """
    if not settings.grpc_port:
        yield
        return
    server = grpc.aio.server(options=_options(settings), compression=grpc.Compression.NoCompression)
    for signal, intake in intakes.items():
        export = grpc.stream_unary_rpc_method_handler(Service(intake, settings.body_seconds).export)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(METHODS[signal], {"Export": export}),))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        server.add_insecure_port(f"{host}:{settings.grpc_port}")
    except RuntimeError as error:
        msg = f"The collector cannot listen on {host}:{settings.grpc_port} for gRPC."
        raise StartRefused(msg) from error
    await server.start()
    try:
        yield
    finally:
        await server.stop(grace=settings.shutdown_seconds / 4)


def _options(settings: Settings) -> list[tuple[str, int]]:
    """Channel arguments, see grpc/impl/channel_arg_names.h."""
    milliseconds = int(settings.header_seconds * 1000)
    return [
        ("grpc.max_receive_message_length", settings.max_body_bytes),
        ("grpc.max_send_message_length", settings.max_body_bytes),
        ("grpc.max_metadata_size", 64 * 1024),
        ("grpc.server_handshake_timeout_ms", milliseconds),
        ("grpc.max_connection_idle_ms", max(milliseconds, 75_000)),
        ("grpc.so_reuseport", int(settings.workers > 1)),  # else two collectors would share a port without a word
    ]


@dataclass(frozen=True, slots=True)
class Service:
    """One of OTLP's services: they have one method each."""

    intake: Intake
    message_seconds: float

    async def export(self, messages: AsyncIterator[bytes], context: Any) -> bytes:
        """The answer as protobuf."""
        try:
            answer = await self._answer(messages, context)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  everything is answered; what nobody foresaw is logged there
            refusal = refusal_of(error)
            self.intake.answered(refusal.status)
            await _refuse(context, refusal)
        self.intake.answered(HTTPStatus.OK)
        return answer

    async def _answer(self, messages: AsyncIterator[bytes], context: Any) -> bytes:
        metadata = {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}
        visitor = await self.intake.admit(metadata)
        with self.intake.hold() as hold:
            body = await self._message(messages)
            began = time.perf_counter()
            hold.grow(len(body))
            self.intake.count_body(visitor, len(body))
            return (await self.intake.take(visitor, body, began)).answer

    async def _message(self, messages: AsyncIterator[bytes]) -> bytes:
        try:
            async with asyncio.timeout(self.message_seconds):
                async for message in messages:
                    return message
        except TimeoutError as error:
            self.intake.shared.metrics.add("spanglass_slow_connections_total", waiting_for="body")
            msg = "The message did not come in time."
            raise Busy(msg) from error
        msg = "The call came without a message."
        raise Rejected(msg)


async def _refuse(context: Any, refusal: Refusal) -> NoReturn:
    """End the call with a ``google.rpc.Status``; with RetryInfo, without which clients give up or guess."""
    status = Status(code=refusal.code, message=refusal.message)
    if refusal.retry_after_seconds is not None:
        packed = AnyMessage()
        packed.Pack(RetryInfo(retry_delay=Duration(seconds=refusal.retry_after_seconds)))
        status.details.append(packed)
    trailing = ((_DETAILS, status.SerializeToString()),)
    await context.abort(_CODES[refusal.code], refusal.message, trailing)
    raise AssertionError  # abort raises
