"""The line itself: bytes of one request to rows ready to insert. Pure: one call after the other, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spanglass_collector.decode import Decoded, decode
from spanglass_collector.dialects import told_by, told_together
from spanglass_collector.encoded import NotAlike
from spanglass_collector.normalise import origin_row, row_from_wire
from spanglass_collector.normalise_alike import sheet_from_alike
from spanglass_collector.pricing import PriceTable, price_sheet
from spanglass_collector.together import lend_messages, share_trace_context
from spanglass_collector.told_twice import count_once
from spanglass_store.native import Block
from spanglass_store.rows import block_from_sheet, span_from_sparse
from spanglass_store.sheet import Sheet, sheets_from_rows
from spanglass_store.span import Span


@dataclass(frozen=True, slots=True)
class Batch:
    """What becomes of one request: rows to keep, and a sentence for each span that cannot be kept.

    ``unpriced`` counts the model calls that told their usage and have no known price.
    """

    rows: Block
    rejects: tuple[str, ...]
    unpriced: int


def batch_from_body(
    body: bytes,
    *,
    project: str,
    received_ns: int,
    prices: PriceTable,
    change: Callable[[Decoded], Decoded] | None = None,
) -> Batch:
    """The rows of an OTLP trace export request. Raises Rejected for a body that is none.

    ``change`` gets the spans as they were sent, before anything else looks at them: redaction, and caps.
    """
    decoded = decode(body)
    if change is not None:
        decoded = change(decoded)
    sheets = sheets_from_decoded(decoded, project=project, received_ns=received_ns)
    unpriced = sum([price_sheet(sheet, prices) for sheet in sheets])
    return Batch(block_from_sheet(*sheets), decoded.rejects, unpriced)


def sheets_from_decoded(decoded: Decoded, *, project: str, received_ns: int) -> list[Sheet]:
    """The canonical rows of the spans of one request, not priced yet. Spans that are alike go together, where they
    can.
    """
    sheets, others = [], list(decoded.others)
    waiting = [*decoded.alike]
    for alike in waiting:
        try:
            together = told_together(alike)
        except NotAlike:
            several, odd = alike.apart()
            waiting += several
            others += odd
            continue
        sheet = together and sheet_from_alike(alike, together, project=project, received_ns=received_ns)
        if sheet:
            sheets.append(sheet)
        else:
            others += alike.spans()
    sheets += sheets_from_rows(
        row_from_wire(span, told_by(span), origin_row(span, project), received_ns=received_ns) for span in others
    )
    share_trace_context(sheets)
    lend_messages(sheets)
    count_once(sheets)
    return sheets


def spans_from_body(
    body: bytes, *, project: str, received_ns: int, prices: PriceTable
) -> tuple[list[Span], tuple[str, ...]]:
    """The canonical spans of a request, priced, and a sentence for each that was refused. Raises Rejected."""
    decoded = decode(body)
    sheets = sheets_from_decoded(decoded, project=project, received_ns=received_ns)
    for sheet in sheets:
        price_sheet(sheet, prices)
    return [span_from_sparse(row) for sheet in sheets for row in sheet.rows()], decoded.rejects
