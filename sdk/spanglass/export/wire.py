"""Ended spans -> the bytes of an OTLP request, and such bytes cut into smaller ones. Pure.

Written by hand because it is what sending costs most: the message classes of the protobuf library take about six
times as long (docs/performance.md). Field numbers are those of
https://github.com/open-telemetry/opentelemetry-proto (trace/v1/trace.proto, common/v1/common.proto); the tests hold
every span against the official encoder.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry.trace import SpanKind, StatusCode

from spanglass.capture import shortened_json, snapshot, text

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, TraceState

_DOUBLE: Final = struct.Struct("<d").pack
_FIXED64: Final = struct.Struct("<Q").pack
_FIXED32: Final = struct.Struct("<I").pack
_TIMES: Final = struct.Struct("<BQBQ").pack  # start and end, each behind its field's tag
_HAS_REMOTE: Final = 0x100  # flags of a span: it is known whether the parent is remote, and it is
_IS_REMOTE: Final = 0x200
_MASK64: Final = (1 << 64) - 1
_INT64: Final = range(-(1 << 63), 1 << 63)


def varint(number: int) -> bytes:
    """Protobuf's base-128 form of a number from 0 to 2^64 - 1."""
    if number < 16_384:
        return _SMALL[number]
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


_SMALL: Final = [bytes((n,)) if n < 128 else bytes((n & 127 | 128, n >> 7)) for n in range(1 << 14)]


def field(tag: int, body: bytes | bytearray) -> bytes:
    """A length-delimited field of a number below 16."""
    return bytes((tag << 3 | 2,)) + varint(len(body)) + body


def _utf8(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return value.encode("utf-8", "replace")


def any_value(value: object, max_bytes: int) -> bytes:
    """An ``AnyValue``. Texts beyond ``max_bytes`` are shortened with a mark; what OTLP has no word for becomes text."""
    kind = type(value)
    if kind is str:
        raw = _utf8(value)  # type: ignore[arg-type]
        if len(raw) > max_bytes:
            raw = shortened_json(raw, max_bytes) or _utf8(text(snapshot(value, max_bytes)))
        return b"\x0a" + varint(len(raw)) + raw
    if kind is bool:
        return b"\x10\x01" if value else b"\x10\x00"
    if kind is int and value in _INT64:
        return b"\x18" + varint(value & _MASK64)  # type: ignore[operator]
    if kind is float:
        return b"\x21" + _DOUBLE(value)
    return b"" if value is None else _rarer_value(value, max_bytes)


def _rarer_value(value: object, max_bytes: int) -> bytes:
    if isinstance(value, bytes):
        return field(7, value[:max_bytes])
    if isinstance(value, Mapping):
        return field(6, b"".join(field(1, _pair(str(key), item, max_bytes)) for key, item in value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return field(5, b"".join(field(1, any_value(item, max_bytes)) for item in value))
    for base, plain in _PLAIN.items():
        if isinstance(value, base) and type(value) is not base:
            return any_value(plain(value), max_bytes)
    return any_value(_said(value), max_bytes)


def _said(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  an object of the application, or a number too long to print
        return f"<{type(value).__name__}: unreadable>"


# What makes of a member of an enumeration, or of a number of numpy, the value that it is.
_PLAIN: Final[dict[type, Callable[[Any], object]]] = {str: str.__str__, int: int.__int__, float: float.__float__}
_KEYS: Final[dict[str, bytes]] = {}
_MAX_KEYS: Final = 10_000  # names of attributes are few; where they are not, they are not remembered


def _key(name: str) -> bytes:
    """The key of a ``KeyValue``, up to the length of its value."""
    found = _KEYS.get(name)
    if found is None:
        found = field(1, _utf8(name)) + b"\x12"
        if len(_KEYS) < _MAX_KEYS:
            _KEYS[name] = found
    return found


def _pair(name: str, value: object, max_bytes: int) -> bytes:
    told = any_value(value, max_bytes)
    return _key(name) + varint(len(told)) + told


_PAIRS: Final[dict[tuple[str, str], bytes]] = {}  # short texts come again and again: models, kinds, providers
_MAX_PAIRS: Final = 4_096
_SHORT_TEXT: Final = 48  # characters


def pairs(tag: int, attributes: Mapping[str, Any], max_bytes: int, *, is_text: bool = False) -> bytearray:
    """Attributes as repeated fields of this number. ``is_text``: values that are bytes are text already encoded.

    Everything is appended to one buffer: here it is memory that costs, each copy of a page as much as writing ten
    attributes.
    """
    head = bytes((tag << 3 | 2,))
    out = bytearray()
    for name, value in attributes.items():
        if type(value) is str and len(value) <= _SHORT_TEXT:
            known = _PAIRS.get((name, value))
            if known is None:
                known = _pair(name, value, max_bytes)
                known = varint(len(known)) + known
                if len(_PAIRS) >= _MAX_PAIRS:
                    _PAIRS.clear()
                _PAIRS[name, value] = known
            out += head
            out += known
            continue
        key = _KEYS.get(name) or _key(name)
        kind = type(value)
        raw = value if kind is bytes and is_text else _utf8(value) if kind is str else None
        if raw is None or len(raw) > max_bytes:
            told = any_value(raw.decode() if raw is not None else value, max_bytes)
            length = varint(len(told))
            out += b"".join((head, varint(len(key) + len(length) + len(told)), key, length, told))
            continue
        size = varint(len(raw))  # a text, as most are: written out
        inner = 1 + len(size) + len(raw)
        length = varint(inner)
        out += b"".join((head, varint(len(key) + len(length) + inner), key, length, b"\x0a", size))
        out += raw
    return out


class Ids(NamedTuple):
    """Which span it is, and below which."""

    trace_id: int
    span_id: int
    parent_id: int  # 0: none
    is_remote: bool  # whether the parent is
    trace_state: TraceState | None


def ids(ended: ReadableSpan) -> Ids:
    """``ValueError`` for a span that has no context."""
    own, parent = ended.get_span_context(), ended.parent
    if own is None:
        message = "a span without a context"
        raise ValueError(message)
    parent_id, is_remote = (parent.span_id, parent.is_remote) if parent is not None else (0, False)
    return Ids(own.trace_id, own.span_id, parent_id, is_remote, own.trace_state)


def span(
    ended: ReadableSpan, own: Ids, attributes: Mapping[str, Any], max_bytes: int, *, is_text: bool = False
) -> bytearray:
    """A ``Span`` with these ids and attributes in the place of its own; each text at most ``max_bytes`` long.

    Attributes whose values are bytes are texts in UTF-8 if ``is_text`` says so.
    """
    name = _utf8(ended.name)
    out = pairs(9, attributes, max_bytes, is_text=is_text)
    out += b"".join(
        (
            b"\x0a\x10",
            own.trace_id.to_bytes(16, "big"),
            b"\x12\x08",
            own.span_id.to_bytes(8, "big"),
            b"\x2a",
            varint(len(name)),
            name,
            _KINDS[ended.kind],
            _TIMES(0x39, ended.start_time or 0, 0x41, ended.end_time or 0),
            _FLAGS[own.is_remote],
        )
    )
    if own.parent_id:
        out += b"\x22\x08" + own.parent_id.to_bytes(8, "big")
    if own.trace_state:
        out += field(3, _utf8(own.trace_state.to_header()))
    for event in ended.events:
        told = b"\x09" + _FIXED64(event.timestamp) + field(2, _utf8(event.name))
        out += field(11, told + pairs(3, event.attributes or {}, max_bytes) + _count(4, event.dropped_attributes))
    for link in ended.links:
        told = _link(link.context, link.attributes or {}, max_bytes)
        out += field(13, told + _count(5, link.dropped_attributes))
    for tag, dropped in ((10, ended.dropped_attributes), (12, ended.dropped_events), (14, ended.dropped_links)):
        out += _count(tag, dropped)
    status = ended.status
    if status.status_code is not StatusCode.UNSET or status.description:
        said = b"\x12" + any_value(status.description, max_bytes)[1:] if status.description else b""
        out += field(15, said + b"\x18" + varint(status.status_code.value))
    return out


_KINDS: Final = {kind: b"\x30" + varint(kind.value + 1) for kind in SpanKind}
_FLAGS: Final = {
    remote: b"\x85\x01" + _FIXED32(_HAS_REMOTE | (_IS_REMOTE if remote else 0)) for remote in (False, True)
}


def _count(tag: int, number: int) -> bytes:
    return bytes((tag << 3,)) + varint(number) if number else b""


def _link(to: SpanContext, attributes: Mapping[str, Any], max_bytes: int) -> bytes:
    state = field(3, _utf8(to.trace_state.to_header())) if to.trace_state else b""
    head = b"\x0a\x10" + to.trace_id.to_bytes(16, "big") + b"\x12\x08" + to.span_id.to_bytes(8, "big") + state
    return head + pairs(4, attributes, max_bytes) + b"\x35" + _FLAGS[to.is_remote][2:]


def resource_head(resource: Resource, max_bytes: int) -> bytes:
    """The beginning of a ``ResourceSpans``: what stands before its spans."""
    return field(1, pairs(1, resource.attributes, max_bytes)) + (
        field(3, _utf8(resource.schema_url)) if resource.schema_url else b""
    )


def scope_head(scope: InstrumentationScope | None, max_bytes: int) -> bytes:
    """The beginning of a ``ScopeSpans``."""
    if scope is None:
        return b""
    version = field(2, _utf8(scope.version)) if scope.version else b""
    told = field(1, _utf8(scope.name)) + version + pairs(3, scope.attributes or {}, max_bytes)
    return field(1, told) + (field(3, _utf8(scope.schema_url)) if scope.schema_url else b"")


class Request:
    """An ``ExportTraceServiceRequest`` that grows. Spans of one resource and scope are appended to one buffer.

    The lengths around them are not known before the end: room for them is left in front, five bytes each, which
    protobuf allows a small number to take.
    """

    def __init__(self) -> None:
        self._bodies: dict[tuple[bytes, bytes], bytearray] = {}
        self.size_bytes = 0
        self.count = 0

    def add(self, resource: bytes, scope: bytes, encoded: bytes | bytearray) -> None:
        """Append an encoded span below the ``resource_head`` and the ``scope_head``."""
        body = self._bodies.get((resource, scope))
        if body is None:
            body = self._bodies[resource, scope] = bytearray(
                b"".join((b"\x0a", _NO_LENGTH, resource, b"\x12", _NO_LENGTH, scope))
            )
            self.size_bytes += len(body)
        body += b"\x12" + varint(len(encoded))
        body += encoded
        self.size_bytes += len(encoded) + 4
        self.count += 1

    def body(self) -> bytes | bytearray:
        """The request. Nothing may be added afterwards."""
        for (resource, _), body in self._bodies.items():
            inner = 1 + len(_NO_LENGTH) + len(resource)
            body[1:6] = _long(len(body) - 6)
            body[inner + 1 : inner + 6] = _long(len(body) - inner - 6)
        bodies = list(self._bodies.values())
        return bodies[0] if len(bodies) == 1 else b"".join(bodies)


_NO_LENGTH: Final = bytes(5)


def _long(number: int) -> bytes:
    """A number below 2^35 in five bytes."""
    return bytes(number >> shift & 127 | 128 for shift in (0, 7, 14, 21)) + bytes((number >> 28 & 127,))
