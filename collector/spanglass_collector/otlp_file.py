"""Files with OTLP in them, as SDKs, collectors and people leave them, to the spans they hold. Pure.

Protobuf, or JSON as one document or one to a line (as the OpenTelemetry Collector's file exporter writes), plain or as
gzip. Log records come as the spans that they tell of.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from spanglass_collector.decode import WireSpan, decode
from spanglass_collector.decode_logs import decode_logs
from spanglass_collector.errors import Rejected
from spanglass_collector.pipeline_logs import as_span, is_told_by_a_call
from spanglass_collector.receive.json_body import protobuf_from_json

MAX_BYTES: Final = 256 * 1024 * 1024
"""Largest file, unpacked."""
_GZIP: Final = b"\x1f\x8b"
_SIGNALS: Final = {"traces": ("resourceSpans", "resource_spans"), "logs": ("resourceLogs", "resource_logs")}


@dataclass(frozen=True, slots=True)
class OtlpFile:
    """What a file holds: its spans, and the spans that its log records tell of."""

    spans: tuple[WireSpan, ...]
    events: tuple[WireSpan, ...]
    records: int


def otlp_from_bytes(data: bytes) -> OtlpFile:
    """What is in a file. Raises Rejected with a sentence for one that holds no traces and no logs."""
    spans: list[WireSpan] = []
    events: list[WireSpan] = []
    records = 0
    for signal, body in _requests(_unpacked(data)):
        if signal == "traces":
            spans += decode(body).spans
        else:
            decoded = decode_logs(body)
            records += decoded.records
            events += [as_span(event, event.time_ns) for event in decoded.events if is_told_by_a_call(event)]
    if not spans and not records:
        msg = "It holds no spans and no log records."
        raise Rejected(msg)
    return OtlpFile(tuple(spans), tuple(events), records)


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(data, MAX_BYTES)
    except zlib.error as error:
        msg = "It begins as gzip does, and cannot be unpacked."
        raise Rejected(msg) from error
    if unpacking.unconsumed_tail:
        msg = f"Unpacked it has more than {MAX_BYTES} bytes."
        raise Rejected(msg)
    return plain


def _requests(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The export requests, each with its signal, as protobuf."""
    if data.lstrip()[:1] in {b"{", b"["}:
        for document in _documents(data):
            yield from _of_document(document)
    else:
        yield _signal_of(data), data


def _documents(data: bytes) -> list[bytes]:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return [line for line in data.splitlines() if line.strip()]
    return [data]


def _of_document(text: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        msg = f"It begins as JSON does, and is none: {error}."
        raise Rejected(msg) from error
    for each in document if isinstance(document, list) else [document]:
        for signal, names in _SIGNALS.items():
            if isinstance(each, dict) and not each.keys().isdisjoint(names):
                yield signal, protobuf_from_json(orjson.dumps(each), signal)


def _signal_of(data: bytes) -> str:
    """Which request some protobuf is: the two are alike but for the records in them."""
    if decode(data).spans:
        return "traces"
    return "logs" if decode_logs(data).records else "traces"
