"""The line itself: bytes of one request to rows ready to insert. Pure: one call after the other, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from spanglass_collector.decode import decode
from spanglass_collector.dialects import told_by
from spanglass_collector.normalise import span_from_wire
from spanglass_collector.pricing import PriceTable, priced
from spanglass_collector.together import counted_once, with_trace_context
from spanglass_store.native import Block
from spanglass_store.rows import block_from_spans
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
    spans, rejects = spans_from_body(body, project=project, received_ns=received_ns, prices=prices)
    unpriced = sum(span.cost.total_usd is None and span.usage.input_tokens is not None for span in spans)
    return Batch(block_from_spans(spans), rejects, unpriced)


def spans_from_body(
    body: bytes, *, project: str, received_ns: int, prices: PriceTable
) -> tuple[list[Span], tuple[str, ...]]:
    """The canonical spans of a request, priced, and a sentence for each that was refused. Raises Rejected."""
    decoded = decode(body)
    spans = [span_from_wire(w, told_by(w), project=project, received_ns=received_ns) for w in decoded.spans]
    return [priced(span, prices) for span in counted_once(with_trace_context(spans))], decoded.rejects
