"""The line of log records: bytes of one request to rows ready to insert. Pure.

A record is told as the span that it belongs to would tell it, so that redaction, caps, dialects and canonical names
are those of spans. It becomes a row of ``span_details``, or a score.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from spanglass_collector.decode import Decoded, WireSpan
from spanglass_collector.decode_logs import WireLog, decode_logs
from spanglass_collector.dialects import told_by
from spanglass_collector.evaluation_events import EVALUATION, score_from_event
from spanglass_collector.message_events import ROLES, attributes_of_event
from spanglass_collector.normalise import EARLIEST_NS, LATEST_AHEAD_NS, row_from_wire
from spanglass_collector.values import to_json
from spanglass_store.native import Block
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.sheet import Row
from spanglass_store.span_details import FILLED, WHOLE, block_from_details

_TRACE_ID_DIGITS: Final = 32
_SPAN_ID_DIGITS: Final = 16
_COLUMNS: Final = frozenset({"project", "trace_id", "span_id", "start_time", "name", *FILLED})


@dataclass(frozen=True, slots=True)
class LogBatch:
    """What becomes of one request: rows of ``span_details``, and scores.

    ``records`` are all it holds; ``homeless`` those that tell of a call and not of which span. What is in neither list
    is not kept.
    """

    details: Sequence[Row]
    scores: Sequence[Score]
    records: int
    homeless: int

    @property
    def kept(self) -> int:
        """Records that have become a row or a score."""
        return len(self.details) + len(self.scores)

    @property
    def unread(self) -> int:
        """Records that tell nothing that is read here."""
        return self.records - self.kept - self.homeless

    @property
    def blocks(self) -> tuple[Block, ...]:
        """A block for each table that has rows of it."""
        blocks = (block_from_details(self.details), block_from_scores(self.scores))
        return tuple(block for block in blocks if block.rows)


def batch_from_logs(
    body: bytes, *, project: str, received_ns: int, change: Callable[[Decoded], Decoded] | None = None
) -> LogBatch:
    """What an OTLP logs export request holds. Raises Rejected for a body that is none.

    ``change`` as in ``pipeline.batch_from_body``.
    """
    decoded = decode_logs(body)
    calls = [*filter(is_told_by_a_call, decoded.events)]
    homes = [event for event in calls if _has_home(event)]
    judgements = [event for event in decoded.events if event.name == EVALUATION]
    events = [*homes, *judgements]
    spans: Sequence[WireSpan] = [as_span(event, received_ns) for event in events]
    if change is not None:
        spans = change(Decoded((), spans, ())).others
    told = list(zip(events, spans, _record_ids(events, spans), strict=True))
    details = [
        _row(span, project, record_id, event.position, received_ns) for event, span, record_id in told[: len(homes)]
    ]
    found = [score_from_event(span, project, record_id.hex()) for _, span, record_id in told[len(homes) :]]
    scores = [score for score in found if score is not None]
    return LogBatch(details, scores, decoded.records, len(calls) - len(homes))


def is_told_by_a_call(event: WireLog) -> bool:
    """Whether an event says what its span would, or part of it."""
    return event.name in ROLES or event.name == WHOLE


def _has_home(event: WireLog) -> bool:
    return all(
        len(digits) == size and digits.strip("0")
        for digits, size in ((event.trace_id, _TRACE_ID_DIGITS), (event.span_id, _SPAN_ID_DIGITS))
    )


def as_span(event: WireLog, received_ns: int) -> WireSpan:
    """The event as its span would tell it; what has no time, or none that can be true, has that of its arrival."""
    attributes = (
        attributes_of_event(event.name, event.body, event.attributes) if event.name in ROLES else event.attributes
    )
    at_ns = event.time_ns if EARLIEST_NS <= event.time_ns <= received_ns + LATEST_AHEAD_NS else received_ns
    ids = event.trace_id, event.span_id, ""
    return WireSpan(
        *ids,
        event.name,
        at_ns,
        at_ns,
        attributes=attributes,
        resource=event.resource,
        scope_name=event.scope_name,
        scope_version=event.scope_version,
    )


def _record_ids(events: Sequence[WireLog], spans: Sequence[WireSpan]) -> Iterator[bytes]:
    """16 bytes a record, made of what is kept of it: the same wherever and however often the request arrives.

    Records of one request that are the same to the letter are told apart by their order.
    """
    seen: Counter[bytes] = Counter()
    for event, span in zip(events, spans, strict=True):
        told = to_json([event.trace_id, event.span_id, event.name, event.time_ns, span.attributes]).encode()
        digest = hashlib.blake2b(told, digest_size=16).digest()
        yield hashlib.blake2b(digest, digest_size=16, salt=seen[digest].to_bytes(8, "big")).digest()
        seen[digest] += 1


def _row(span: WireSpan, project: str, record_id: bytes, position: int, received_ns: int) -> Row:
    row = row_from_wire(span, told_by(span), {"project": project}, received_ns=received_ns)
    return {name: value for name, value in row.items() if name in _COLUMNS} | {
        "record_id": record_id,
        "position": position,
    }
