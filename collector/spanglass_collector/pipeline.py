"""The line itself: bytes of one request to rows ready to insert. Pure: one call after the other, nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from spanglass_collector.decode import WireSpan, decode
from spanglass_collector.dialects import told_by
from spanglass_collector.normalise import origin_row, row_from_wire
from spanglass_collector.pricing import PriceTable, price_row
from spanglass_collector.together import count_once, share_trace_context
from spanglass_store.native import Block
from spanglass_store.rows import Row, block_from_rows, span_from_sparse
from spanglass_store.span import Span


@dataclass(frozen=True, slots=True)
class Batch:
    """What becomes of one request: rows to keep, and a sentence for each span that cannot be kept.

    ``unpriced`` counts the model calls that told their usage and have no known price.
    """

    rows: Block
    rejects: tuple[str, ...]
    unpriced: int


def batch_from_body(body: bytes, *, project: str, received_ns: int, prices: PriceTable) -> Batch:
    """The rows of an OTLP trace export request. Raises Rejected for a body that is none."""
    decoded = decode(body)
    rows = rows_from_wire(decoded.spans, project=project, received_ns=received_ns)
    unpriced = sum([price_row(row, prices) for row in rows])
    return Batch(block_from_rows(rows), decoded.rejects, unpriced)


def rows_from_wire(spans: Iterable[WireSpan], *, project: str, received_ns: int) -> list[Row]:
    """The canonical rows of the spans of one request, not priced yet."""
    rows = []
    resource, scope_name, origin = None, "", None
    for span in spans:
        if origin is None or span.resource is not resource or span.scope_name != scope_name:
            resource, scope_name, origin = span.resource, span.scope_name, origin_row(span, project)
        rows.append(row_from_wire(span, told_by(span), origin, received_ns=received_ns))
    share_trace_context(rows)
    count_once(rows)
    return rows


def spans_from_body(
    body: bytes, *, project: str, received_ns: int, prices: PriceTable
) -> tuple[list[Span], tuple[str, ...]]:
    """The canonical spans of a request, priced, and a sentence for each that was refused. Raises Rejected."""
    decoded = decode(body)
    rows = rows_from_wire(decoded.spans, project=project, received_ns=received_ns)
    for row in rows:
        price_row(row, prices)
    return [span_from_sparse(row) for row in rows], decoded.rejects
