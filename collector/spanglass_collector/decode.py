"""OTLP protobuf to plain Python values. Nothing is interpreted.

Most spans of a request are like others in it, with attributes of the same names: those come as ``Alike``, column by
column, any other as a ``WireSpan`` of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import Any, Final, TypeAlias, TypeVar

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from spanglass_collector.attributes import Attributes, Pairs, Value
from spanglass_collector.encoded import Encoded, name_of
from spanglass_collector.errors import Rejected
from spanglass_collector.wire_messages import Request, Status

__all__ = ["Attributes", "Decoded", "Value", "WireEvent", "WireLink", "WireSpan", "decode"]

T = TypeVar("T")
_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
_PARENT_BYTES: Final = frozenset({0, _SPAN_ID_BYTES})
_NO_TRACE_ID: Final = bytes(_TRACE_ID_BYTES)
_NO_SPAN_ID: Final = bytes(_SPAN_ID_BYTES)
_PAIRS: Final = Pairs()
_STATUS: Final[Mapping[bytes, tuple[int, str]]] = {b"": (0, ""), b"\x18\x01": (1, ""), b"\x18\x02": (2, "")}
"""Code and message of the statuses without words, which nearly all are."""


@dataclass(frozen=True, slots=True)
class WireEvent:
    """An event as sent."""

    time_ns: int
    name: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class WireLink:
    """A link as sent; ids in lower-case hex."""

    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(slots=True)
class WireSpan:
    """A span as sent; ids in lower-case hex, ``parent_span_id`` empty for a root, times in nanoseconds.

    ``status_code`` is 0 unset, 1 ok, 2 error; other numbers are possible on the wire. Not frozen, because making a
    frozen one takes four times as long; nobody changes it.
    """

    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    start_ns: int
    end_ns: int
    status_code: int = 0
    status_message: str = ""
    attributes: Attributes = field(default_factory=dict)
    events: tuple[WireEvent, ...] = ()
    links: tuple[WireLink, ...] = ()
    resource: Attributes = field(default_factory=dict)
    scope_name: str = ""
    scope_version: str = ""


AlikeRow: TypeAlias = tuple[bytes, bytes, bytes, bytes, int, int, tuple[int, str], Sequence[bytes]]
"""Trace id, span id, parent's (empty for a root), name, start and end in ns, status, attributes as sent."""


@dataclass(slots=True)
class Alike:
    """Spans of one resource and scope with attributes of the same names in the same order, and no events or links.

    ``beginnings``: what each attribute begins with, up to the length of its value; the same in every row.
    """

    resource: Attributes
    scope_name: str
    scope_version: str
    names: tuple[str, ...]
    beginnings: tuple[bytes, ...]
    rows: list[AlikeRow] = field(default_factory=list)

    def columns(self) -> dict[str, Encoded]:
        """The attributes, each over all spans."""
        columns = zip(*(row[-1] for row in self.rows), strict=True)
        return dict(zip(self.names, map(Encoded, columns, self.beginnings), strict=True))

    def spans(self) -> Iterator[WireSpan]:
        """The same, each by itself."""
        for trace_id, span_id, parent, name, start_ns, end_ns, (code, message), encoded in self.rows:
            ids = trace_id.hex(), span_id.hex(), parent.hex()
            scope = self.resource, self.scope_name, self.scope_version
            attributes = _PAIRS.read(encoded)
            yield WireSpan(*ids, _text(name), start_ns, end_ns, code, message, attributes, (), (), *scope)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The spans of one request that can be stored, those that are alike together; a sentence for each that cannot."""

    alike: Sequence[Alike]
    others: Sequence[WireSpan]
    rejects: tuple[str, ...]

    @property
    def spans(self) -> tuple[WireSpan, ...]:
        """All of them, span by span, in no order."""
        return (*chain.from_iterable(each.spans() for each in self.alike), *self.others)


def decode(body: bytes) -> Decoded:
    """The spans of an ``ExportTraceServiceRequest``. Raises Rejected for bytes that are none."""
    return read_request(Request(), body, "trace", "resource_spans", _decoded)


def read_request(request: Any, body: bytes, signal: str, resources: str, read: Callable[[Any], T]) -> T:
    """What ``read`` makes of an export request, an empty message of ours, once it is filled with a body.

    ``resources`` is the field that any such request has. Raises Rejected for bytes that are none.
    """
    try:
        request.ParseFromString(body)
        if not getattr(request, resources) and len(UnknownFieldSet(request)):
            msg = f"The body is protobuf, and not an OTLP {signal} export request: it has no {resources}."
            raise Rejected(msg)
        return read(request)
    except (DecodeError, ValueError) as error:
        msg = f"The body is not an OTLP {signal} export request: it cannot be parsed as protobuf."
        raise Rejected(msg) from error


def _decoded(request: Any) -> Decoded:
    alike: list[Alike] = []
    others: list[WireSpan] = []
    rejects: list[str] = []
    for of_resource in request.resource_spans:
        resource = _PAIRS.read(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            scope = resource, _text(of_scope.scope.name), _text(of_scope.scope.version)
            _sort(of_scope.spans, scope, alike, others, rejects)
    return Decoded([each for each in alike if each.rows], others, tuple(rejects))


def _sort(
    spans: Iterable[Any],
    scope: tuple[Attributes, str, str],
    alike: list[Alike],
    others: list[WireSpan],
    rejects: list[str],
) -> None:
    """Put each span of a scope where it belongs."""
    shapes: dict[tuple[bytes, ...], Alike] = {}
    likely: dict[bytes, Alike | None] = {}
    begins = bytes.startswith
    for proto in spans:
        trace_id, span_id, parent, name, start_ns, end_ns, status = _fields(proto)
        if len(trace_id) != _TRACE_ID_BYTES or len(span_id) != _SPAN_ID_BYTES or len(parent) not in _PARENT_BYTES:
            rejects.append(_problem(proto))
            continue
        if trace_id == _NO_TRACE_ID or span_id == _NO_SPAN_ID:
            rejects.append(_problem(proto))
            continue
        if parent == _NO_SPAN_ID:
            parent = b""
        status = _STATUS.get(status) or _status(status)
        encoded, events, links = proto.attributes[:], proto.events, proto.links
        group = likely.get(name)  # spans of one name are nearly always alike
        if group is None or len(group.beginnings) != len(encoded) or not all(map(begins, encoded, group.beginnings)):
            shape = _shape(encoded)
            group = shapes.get(shape)
            if group is None and (names := _names(shape)) is not None:
                group = shapes[shape] = Alike(*scope, names, shape)
                alike.append(group)
            likely[name] = group
        if group is None or events or links:
            ids = trace_id.hex(), span_id.hex(), parent.hex()
            found = tuple(_events(events)), tuple(_links(links))
            attributes = _PAIRS.read(encoded)
            others.append(WireSpan(*ids, _text(name), start_ns, end_ns, *status, attributes, *found, *scope))  # type: ignore[arg-type]
        else:
            group.rows.append((trace_id, span_id, parent, name, start_ns, end_ns, status, encoded))


_fields: Final = attrgetter(
    "trace_id", "span_id", "parent_span_id", "name", "start_time_unix_nano", "end_time_unix_nano", "status"
)


def _shape(encoded: Sequence[bytes]) -> tuple[bytes, ...]:
    """What each attribute begins with, up to the length of its value: its name is in that."""
    try:
        return tuple([each[: each[1] + 3] for each in encoded])
    except IndexError:
        return (b"",)


def _names(shape: Sequence[bytes]) -> tuple[str, ...] | None:
    """The names of the attributes that begin so; None where they are not as usual, or one comes twice."""
    names = [name_of(begins) for begins in shape]
    return None if None in names or len(set(names)) < len(names) else tuple(names)  # type: ignore[arg-type]


def _problem(proto: Any) -> str:
    """Why this span cannot be stored."""
    for name, value, size in (
        ("trace_id", proto.trace_id, _TRACE_ID_BYTES),
        ("span_id", proto.span_id, _SPAN_ID_BYTES),
    ):
        if len(value) != size:
            return f"span {_text(proto.name)[:60]!r}: {name} has {len(value)} bytes, not {size}"
        if value == bytes(size):
            return f"span {_text(proto.name)[:60]!r}: {name} is all zeros"
    return f"span {_text(proto.name)[:60]!r}: parent_span_id has {len(proto.parent_span_id)} bytes, not 8"


def _status(encoded: bytes) -> tuple[int, str]:
    status = Status.FromString(encoded)
    return status.code, _text(status.message)


def _events(events: Iterable[Any]) -> Iterable[WireEvent]:
    return (WireEvent(e.time_unix_nano, _text(e.name), _PAIRS.read(e.attributes)) for e in events)


def _links(links: Iterable[Any]) -> Iterable[WireLink]:
    """Links whose ids can be followed; one that points nowhere is left out."""
    for link in links:
        if len(link.trace_id) == _TRACE_ID_BYTES and len(link.span_id) == _SPAN_ID_BYTES:
            yield WireLink(link.trace_id.hex(), link.span_id.hex(), _PAIRS.read(link.attributes))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
