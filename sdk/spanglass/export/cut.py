"""A request that the server finds too large -> smaller ones. Pure.

It is taken apart as bytes, without knowing more of it than where spans and texts are: so it works on a request that
was written to disk by an earlier process just as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spanglass.capture import shortened_json
from spanglass.export.wire import Request, field, varint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BYTES: Final = 2  # wire types of protobuf
_FIXED: Final = {1: 8, 5: 4}
_SPAN_ATTRIBUTES: Final = 9
_SPAN_EVENTS: Final = 11
_EVENT_ATTRIBUTES: Final = 3
_MARK: Final = "…[{} more bytes]"

Groups = dict[tuple[bytes, bytes], list[bytes]]


def fields(body: bytes) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Number, wire type, content and whole bytes of each field. ``ValueError`` for what is no protobuf."""
    at = 0
    while at < len(body):
        start = at
        tag, at = _number(body, at)
        kind = tag & 7
        if kind == _BYTES:
            size, at = _number(body, at)
        elif kind == 0:
            size, at = 0, _number(body, at)[1]
        else:
            size = _FIXED.get(kind, len(body))
        if at + size > len(body):
            message = "a field is longer than what holds it"
            raise ValueError(message)
        yield tag >> 3, kind, body[at : at + size], body[start : at + size]
        at += size


def _number(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(body) or shift > 63:
            message = "a number has no end"
            raise ValueError(message)
        byte = body[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7


def groups(body: bytes | bytearray) -> Groups:
    """(resource, scope) -> spans of a request: the inverse of ``wire.Request``."""
    found: Groups = {}
    for _, _, resource_spans, _ in fields(bytes(body)):
        parts = list(fields(resource_spans))
        resource = b"".join(whole for number, _, _, whole in parts if number != 2)
        for number, _, scope_spans, _ in parts:
            if number == 2:
                inner = list(fields(scope_spans))
                scope = b"".join(whole for number, _, _, whole in inner if number != 2)
                found.setdefault((resource, scope), []).extend(each for number, _, each, _ in inner if number == 2)
    return found


def halves(body: bytes | bytearray) -> tuple[tuple[bytes | bytearray, int], ...]:
    """Two requests with half of the spans each, and how many those are; a single one when there is only one span."""
    every = [(where, span) for where, spans in groups(body).items() for span in spans]
    middle = (len(every) + 1) // 2
    return tuple((_together(part), len(part)) for part in (every[:middle], every[middle:]) if part)


def _together(spans: Iterable[tuple[tuple[bytes, bytes], bytes]]) -> bytes | bytearray:
    gathered = Request()
    for where, span in spans:
        gathered.add(*where, span)
    return gathered.body()


def shortened(body: bytes | bytearray, max_text_bytes: int) -> bytes | bytearray:
    """The same request with no text of an attribute much longer than this.

    What was cut leaves a mark; what was JSON is JSON still.
    """
    every = ((where, span) for where, spans in groups(body).items() for span in spans)
    return _together((where, _span(span, max_text_bytes)) for where, span in every)


def _span(span: bytes, limit: int) -> bytes:
    out = []
    for number, _, content, whole in fields(span):
        if number == _SPAN_ATTRIBUTES:
            out.append(field(number, _pair(content, limit)))
        elif number == _SPAN_EVENTS:
            inner = [
                field(tag, _pair(part, limit)) if tag == _EVENT_ATTRIBUTES else kept
                for tag, _, part, kept in fields(content)
            ]
            out.append(field(number, b"".join(inner)))
        else:
            out.append(whole)
    return b"".join(out)


def _pair(pair: bytes, limit: int) -> bytes:
    return b"".join(
        field(2, _value(content, limit)) if number == 2 else whole for number, _, content, whole in fields(pair)
    )


def _value(value: bytes, limit: int) -> bytes:
    out = []
    for number, kind, content, whole in fields(value):
        if number == 1 and kind == _BYTES and len(content) > limit:
            told = shortened_json(content, limit) or _beginning(content, limit)
            out.append(b"\x0a" + varint(len(told)) + told)
        else:
            out.append(whole)
    return b"".join(out)


def _beginning(text: bytes, limit: int) -> bytes:
    kept = text[:limit].decode("utf-8", "ignore").encode()
    return kept + _MARK.format(len(text) - len(kept)).encode()
