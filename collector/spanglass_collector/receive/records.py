"""How many records an OTLP export request holds, counted on its bytes, without making an object for any of them. Pure.

Two bytes on the wire (an empty span) become some hundred and eighty in protobuf's parser, so whoever sends nothing but
those takes a hundred times the memory of the body. Counted first, such a request is refused before it is parsed.

The three requests have one shape: resources are field 1 of the request, scopes field 2 of a resource, records field 2
of a scope (opentelemetry-proto v1, ``*_service.proto``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from spanglass_collector.errors import Rejected, TooLarge

_RESOURCE, _SCOPE, _RECORD = 1, 2, 3
_VARINT, _BYTES = 0, 2  # https://protobuf.dev/programming-guides/encoding/#structure
_FIXED_BYTES: Final = {1: 8, 5: 4}


def records_in(body: bytes, signal: str) -> int:
    """Spans, log records or metrics. Raises Rejected for bytes that are no export request of this signal."""
    try:
        found = Counter(_levels(body))
    except (IndexError, ValueError) as error:
        msg = f"The body is not an OTLP {signal} export request: it cannot be parsed as protobuf."
        raise Rejected(msg) from error
    if body and not found:
        msg = f"The body is protobuf, and not an OTLP {signal} export request: it has no resource_{signal}."
        raise Rejected(msg)
    return found[_RECORD]


def require_few(body: bytes, max_records: int) -> None:
    """Raises TooLarge when there are more records, scopes and resources than that; broken bytes are left to others."""
    try:
        for count, _ in enumerate(_levels(body), start=1):
            if count > max_records:
                msg = f"The request holds more than {max_records} records. Send fewer in one request."
                raise TooLarge(msg)
    except (IndexError, ValueError):
        return


def _levels(body: bytes) -> Iterator[int]:
    """The level of each resource, scope and record. Raises IndexError or ValueError for broken bytes."""
    for start, end in _messages(body, 0, len(body), 1):
        yield _RESOURCE
        for inner_start, inner_end in _messages(body, start, end, 2):
            yield _SCOPE
            for _ in _messages(body, inner_start, inner_end, 2):
                yield _RECORD


def _messages(body: bytes, at: int, end: int, number: int) -> Iterator[tuple[int, int]]:
    """Where the messages in a field of the message between ``at`` and ``end`` begin and end."""
    while at < end:
        tag, at = _varint(body, at)
        kind = tag & 7
        if kind == _BYTES:
            length, at = _varint(body, at)
            if at + length > end:
                raise IndexError
            if tag >> 3 == number:
                yield at, at + length
            at += length
        elif kind == _VARINT:
            _, at = _varint(body, at)
        elif kind in _FIXED_BYTES:
            at += _FIXED_BYTES[kind]
        else:
            raise ValueError
    if at > end:
        raise IndexError


def _varint(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
        if shift > 63:
            raise ValueError
