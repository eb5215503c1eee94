"""Spans of a request that are alike, column by column: nearly all are like others beside them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from spanglass_collector.attributes import Attributes, Pairs
from spanglass_collector.encoded import Encoded, name_of
from spanglass_collector.wire_span import WireSpan

T = TypeVar("T")
PAIRS: Final = Pairs()
MAX_SHAPES: Final = 4096
"""Shapes whose names are remembered: names come from clients."""

Scope: TypeAlias = tuple[Attributes, str, str]
"""Attributes of a resource, name and version of an instrumentation scope."""
Shape: TypeAlias = tuple[bytes, ...]
"""What each attribute of a span begins with, up to the length of its value: its name is in that."""


class Columns(NamedTuple):
    """Of some spans: trace ids, span ids, their parents' (empty for a root), names, starts and ends in ns, statuses (code
    and message), and of each span its attributes as sent.
    """

    trace_ids: Sequence[bytes]
    span_ids: Sequence[bytes]
    parents: Sequence[bytes]
    span_names: Sequence[bytes]
    starts_ns: Sequence[int]
    ends_ns: Sequence[int]
    statuses: Sequence[tuple[int, str]]
    encoded: Sequence[Sequence[bytes]]

    def at(self, places: Sequence[int]) -> Columns:
        """Those spans."""
        if len(places) == len(self.trace_ids):
            return self
        columns: Sequence[Sequence[Any]] = self
        return Columns._make(picked(column, places) for column in columns)


@dataclass(frozen=True, slots=True)
class Alike:
    """Spans of one resource and scope with attributes of the same ``names`` in the same order, and no events or links.

    The names are the first one's. Reading a column raises NotAlike where it is another's; ``apart`` then helps.
    """

    resource: Attributes
    scope_name: str
    scope_version: str
    names: tuple[str, ...]
    shape: Shape
    rows: Columns

    def __len__(self) -> int:
        return len(self.rows.trace_ids)

    def columns(self) -> dict[str, Encoded]:
        """The attributes, each over all spans."""
        columns = zip(*self.rows.encoded, strict=True)
        return dict(zip(self.names, map(Encoded, columns, self.shape), strict=True))

    def apart(self) -> tuple[list[Alike], list[WireSpan]]:
        """The spans of one shape each, where they turned out not to be alike."""
        names = set(self.rows.span_names)
        if len(_VARIED) + len(names) > MAX_SHAPES:
            _VARIED.clear()
        _VARIED.update(names)
        return alike_in(self.rows, (self.resource, self.scope_name, self.scope_version))

    def spans(self) -> Iterator[WireSpan]:
        """The same, each by itself."""
        return wire_spans(self.rows, (self.resource, self.scope_name, self.scope_version))


def alike_in(rows: Columns, scope: Scope) -> tuple[list[Alike], list[WireSpan]]:
    """The spans of a scope, those together that are alike, and those whose attributes are not as usual each by itself.

    Spans of one name with as many attributes are taken to be alike: nearly always they are, and whoever reads them sees
    where they are not. Names that were seen to have spans of several shapes are looked at closely.
    """
    by_shape: defaultdict[Shape, list[int]] = defaultdict(list)
    for likely in _likely_alike(rows):
        if rows.span_names[likely[0]] not in _VARIED:
            by_shape[shape_of(rows.encoded[likely[0]])] += likely
        else:
            for place in likely:
                by_shape[shape_of(rows.encoded[place])].append(place)
    alike: list[Alike] = []
    others: list[WireSpan] = []
    for shape, places in by_shape.items():
        names = _names_of(shape)
        if names is None:
            others += wire_spans(rows.at(places), scope)
        else:
            alike.append(Alike(*scope, names, shape, rows.at(places)))
    return alike, others


def wire_spans(rows: Columns, scope: Scope) -> Iterator[WireSpan]:
    """The spans of a scope, without events and links, each by itself."""
    for trace_id, span_id, parent, name, start_ns, end_ns, (code, message), encoded in zip(*rows, strict=True):
        ids = trace_id.hex(), span_id.hex(), parent.hex()
        yield WireSpan(*ids, text(name), start_ns, end_ns, code, message, PAIRS.read(encoded), (), (), *scope)


def _likely_alike(rows: Columns) -> list[list[int]]:
    """Places of spans of one name and with as many attributes."""
    places: defaultdict[tuple[bytes, int], list[int]] = defaultdict(list)
    for place, key in enumerate(zip(rows.span_names, map(len, rows.encoded), strict=True)):
        places[key].append(place)
    return [*places.values()]


def shape_of(encoded: Sequence[bytes]) -> Shape:
    """The shape of a span with these attributes."""
    try:
        return tuple([each[: each[1] + 3] for each in encoded])
    except IndexError:
        return (b"",)


def picked(column: Sequence[T], places: Sequence[int]) -> Sequence[T]:
    """The entries of a column at these places."""
    return itemgetter(*places)(column) if len(places) > 1 else (column[places[0]],)


def text(value: bytes) -> str:
    """The text, with a mark for each byte that is no UTF-8."""
    return value.decode("utf-8", "replace")


_VARIED: Final[set[bytes]] = set()
_NAMES: Final[dict[Shape, tuple[str, ...] | None]] = {}


def _names_of(shape: Shape) -> tuple[str, ...] | None:
    """The names of the attributes; None where they are not as usual, or one comes twice."""
    if shape not in _NAMES:
        if len(_NAMES) >= MAX_SHAPES:
            _NAMES.clear()
        names: list[Any] = [name_of(begins) for begins in shape]
        _NAMES[shape] = None if None in names or len(set(names)) < len(names) else tuple(names)
    return _NAMES[shape]
