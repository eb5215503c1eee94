"""OTLP protobuf to plain Python values. Nothing is interpreted.

Most spans of a request are like others in it, with attributes of the same names: those come as ``Alike``, column by
column, any other as a ``WireSpan`` of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import Any, Final, TypeVar

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from spanglass_collector.alike import PAIRS, Alike, Columns, Scope, alike_in, picked, text
from spanglass_collector.attributes import Attributes, Value
from spanglass_collector.errors import Rejected
from spanglass_collector.wire_messages import ABSENT, Request, Status, WholeRequest
from spanglass_collector.wire_span import WireEvent, WireLink, WireSpan

__all__ = ["Alike", "Attributes", "Decoded", "Value", "WireEvent", "WireLink", "WireSpan", "decode"]

T = TypeVar("T")
_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
_NO_TRACE_ID: Final = bytes(_TRACE_ID_BYTES)
_NO_SPAN_ID: Final = bytes(_SPAN_ID_BYTES)
_TRACE_ID_SIZES: Final = {_TRACE_ID_BYTES}
_SPAN_ID_SIZES: Final = {_SPAN_ID_BYTES}
_PARENT_SIZES: Final = {0, _SPAN_ID_BYTES}


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
    return read_request(Request(), body, "trace", "resource_spans", lambda request: _Scopes(body).decoded(request))


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


class _Scopes:
    """The scopes of one request, one after another."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._alike: list[Alike] = []
        self._others: list[WireSpan] = []
        self._rejects: list[str] = []

    def decoded(self, request: Any) -> Decoded:
        """All spans."""
        for at, of_resource in enumerate(request.resource_spans):
            resource = PAIRS.read(of_resource.resource.attributes)
            for place, of_scope in enumerate(of_resource.scope_spans):
                scope = resource, text(of_scope.scope.name), text(of_scope.scope.version)
                if rows := [*map(_fields, of_scope.spans)]:
                    self._sort(rows, scope, (at, place))
        return Decoded(self._alike, self._others, tuple(self._rejects))

    def _sort(self, rows: Sequence[tuple[Any, ...]], scope: Scope, place: tuple[int, int]) -> None:
        """Put each span of a scope where it belongs."""
        columns: list[Sequence[Any]] = [*zip(*rows, strict=True)]
        if not _are_usual(*columns):
            usual: list[int] = []
            for at, row in enumerate(rows):
                if problem := _problem(*row[:4]):
                    self._rejects.append(problem)
                elif row[-2:] != (ABSENT, ABSENT):
                    self._add_whole(self._whole.resource_spans[place[0]].scope_spans[place[1]].spans[at], scope)
                else:
                    usual.append(at)
            if not usual:
                return
            columns = [picked(column, usual) for column in columns]
        trace_ids, span_ids, parents, names, starts_ns, ends_ns, statuses, attributes, _, _ = columns
        if _NO_SPAN_ID in parents:
            parents = [*map(_parent, parents)]
        told = {status: _status(status) for status in set(statuses)}
        codes, encoded = [*map(told.__getitem__, statuses)], [each[:] for each in attributes]
        alike, others = alike_in(
            Columns(trace_ids, span_ids, parents, names, starts_ns, ends_ns, codes, encoded), scope
        )
        self._alike += alike
        self._others += others

    def _add_whole(self, proto: Any, scope: Scope) -> None:
        """A span with events or links, by itself."""
        code, message = _status(proto.status)
        self._others.append(
            WireSpan(
                proto.trace_id.hex(),
                proto.span_id.hex(),
                _parent(proto.parent_span_id).hex(),
                text(proto.name),
                proto.start_time_unix_nano,
                proto.end_time_unix_nano,
                code,
                message,
                PAIRS.read(proto.attributes),
                tuple(_events(proto.events)),
                tuple(_links(proto.links)),
                *scope,
            )
        )

    @cached_property
    def _whole(self) -> Any:
        """The request once more, with the events and links that few have: to ask whether they are there takes as long for
        each span as to parse it.
        """
        whole = WholeRequest()
        whole.ParseFromString(self._body)
        return whole


_fields: Final = attrgetter(
    "trace_id", "span_id", "parent_span_id", "name", "start_time_unix_nano", "end_time_unix_nano", "status", "attributes",
    "events", "links",
)  # fmt: skip


def _are_usual(
    trace_ids: Sequence[bytes], span_ids: Sequence[bytes], parents: Sequence[bytes], *others: Sequence[Any]
) -> bool:
    """Whether all ids can be, and no span has events or links (the last two columns)."""
    return (
        set(map(len, trace_ids)) == _TRACE_ID_SIZES
        and set(map(len, span_ids)) == _SPAN_ID_SIZES
        and _PARENT_SIZES.issuperset(map(len, parents))
        and _NO_TRACE_ID not in trace_ids
        and _NO_SPAN_ID not in span_ids
        and others[-2].count(ABSENT) == others[-1].count(ABSENT) == len(trace_ids)
    )


def _problem(trace_id: bytes, span_id: bytes, parent: bytes, name: bytes) -> str:
    """Why this span cannot be stored; empty where it can."""
    told = f"span {text(name)[:60]!r}:"
    for what, value, size in (("trace_id", trace_id, _TRACE_ID_BYTES), ("span_id", span_id, _SPAN_ID_BYTES)):
        if len(value) != size:
            return f"{told} {what} has {len(value)} bytes, not {size}"
        if value == bytes(size):
            return f"{told} {what} is all zeros"
    if len(parent) not in _PARENT_SIZES:
        return f"{told} parent_span_id has {len(parent)} bytes, not 8"
    return ""


def _parent(span_id: bytes) -> bytes:
    return b"" if span_id == _NO_SPAN_ID else span_id


def _status(encoded: bytes) -> tuple[int, str]:
    """Code and message."""
    status = Status.FromString(encoded)
    return status.code, text(status.message)


def _events(events: Iterable[Any]) -> Iterable[WireEvent]:
    return (WireEvent(e.time_unix_nano, text(e.name), PAIRS.read(e.attributes)) for e in events)


def _links(links: Iterable[Any]) -> Iterable[WireLink]:
    """Links whose ids can be followed; one that points nowhere is left out."""
    for link in links:
        if len(link.trace_id) == _TRACE_ID_BYTES and len(link.span_id) == _SPAN_ID_BYTES:
            yield WireLink(link.trace_id.hex(), link.span_id.hex(), PAIRS.read(link.attributes))
