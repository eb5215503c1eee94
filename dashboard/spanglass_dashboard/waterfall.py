"""Where each span of a trace goes: a tree in pre-order, and its bars in time. Pure.

Real traces are damaged: parents that never arrived, ids told twice, circles. Every span is kept, exactly once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from spanglass_store.span import Span

COLLAPSE_ABOVE_SPANS = 300
COLLAPSE_FROM_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Layout:
    """``spans`` in the order of the rows: a parent, then its subtree, siblings by start.

    ``depths`` counts from 0; ``sizes`` is the number of descendants, so the row after the subtree of row ``i`` is
    ``i + sizes[i] + 1``; ``critical`` marks the path that the end of the trace waited for. All are of equal length.
    """

    spans: tuple[Span, ...]
    depths: tuple[int, ...]
    sizes: tuple[int, ...]
    critical: tuple[bool, ...]
    start_ns: int
    end_ns: int

    @property
    def is_partial(self) -> bool:
        """Whether a row stands at the top whose parent is not there: the root, or a branch, is missing."""
        return any(depth == 0 and span.parent_span_id for depth, span in zip(self.depths, self.spans, strict=True))


def layout(spans: Sequence[Span]) -> Layout:
    """Arrange ``spans`` of one trace, in any order. Orphans and circles stand at the top, as roots do."""
    children, roots = _family(spans)
    order, depths = _walk(spans, children, roots)
    sizes = _sizes(depths)
    placed = tuple(spans[i] for i in order)
    return Layout(
        spans=placed,
        depths=tuple(depths),
        sizes=tuple(sizes),
        critical=tuple(_critical(placed, depths, sizes)),
        start_ns=min((span.start_ns for span in spans), default=0),
        end_ns=max((span.end_ns for span in spans), default=0),
    )


def to_bytes(placed: Layout, *, trace_id: str, selected: str, height: int) -> bytes:
    """The layout as the JSON the component reads: one array a column, times in microseconds from the first start.

    ``selected`` is the id of the span marked at first. Encoded once and cached, it costs a rerun nothing.
    """
    names: dict[str, int] = {}
    kinds: dict[str, int] = {}
    spans = placed.spans
    columns = {
        "id": [span.span_id for span in spans],
        "name": [names.setdefault(span.name or "(no name)", len(names)) for span in spans],
        "kind": [kinds.setdefault(span.kind, len(kinds)) for span in spans],
        "depth": placed.depths,
        "size": placed.sizes,
        "start": [(span.start_ns - placed.start_ns) // 1000 for span in spans],
        "duration": [span.duration_ns // 1000 for span in spans],
        "error": [int(span.status == "error") for span in spans],
        "critical": [int(mark) for mark in placed.critical],
        "tokens": [counted_tokens(span) for span in spans],
        "cost": [counted_cost_usd(span) for span in spans],
    }
    return orjson.dumps(
        {
            "traceId": trace_id,
            "count": len(spans),
            "names": list(names),
            "kinds": list(kinds),
            "total": max(1, (placed.end_ns - placed.start_ns) // 1000),
            "selected": selected,
            "height": height,
            "collapseFrom": COLLAPSE_FROM_DEPTH if len(spans) > COLLAPSE_ABOVE_SPANS else -1,
            **columns,
        }
    )


def counted_tokens(span: Span) -> int | None:
    """Input and output tokens that count in totals; None where the span has no usage of its own."""
    told = (span.usage.input_tokens, span.usage.output_tokens)
    if not span.usage_counted or told == (None, None):
        return None
    return sum(tokens or 0 for tokens in told)


def counted_cost_usd(span: Span) -> float | None:
    """US dollars that count in totals; None where the span has no known cost of its own."""
    total = span.cost.total_usd
    return float(total) if span.usage_counted and total is not None else None


def _family(spans: Sequence[Span]) -> tuple[dict[int, list[int]], list[int]]:
    """Children by parent and roots, as positions in ``spans``, each by start."""
    first: dict[str, int] = {}
    for i, span in enumerate(spans):
        first.setdefault(span.span_id, i)
    children: dict[int, list[int]] = {}
    roots: list[int] = []
    for i in sorted(range(len(spans)), key=lambda i: (spans[i].start_ns, -spans[i].end_ns, i)):
        parent = first.get(spans[i].parent_span_id)
        if parent is None or parent == i:
            roots.append(i)
        else:
            children.setdefault(parent, []).append(i)
    return children, roots


def _walk(spans: Sequence[Span], children: dict[int, list[int]], roots: list[int]) -> tuple[list[int], list[int]]:
    """Positions in pre-order and their depths. Without recursion: a trace may be deeper than Python's stack."""
    order: list[int] = []
    depths: list[int] = []
    seen = bytearray(len(spans))
    for top in (*roots, *range(len(spans))):  # whatever the roots do not lead to is in a circle
        stack = [(top, 0)]
        while stack:
            i, depth = stack.pop()
            if seen[i]:
                continue
            seen[i] = 1
            order.append(i)
            depths.append(depth)
            stack.extend((child, depth + 1) for child in reversed(children.get(i, ())))
    return order, depths


def _sizes(depths: Sequence[int]) -> list[int]:
    """Number of descendants of each row: rows that follow until one is not deeper."""
    sizes = [0] * len(depths)
    open_rows: list[int] = []
    for row, depth in enumerate(depths):
        while open_rows and depths[open_rows[-1]] >= depth:
            closed = open_rows.pop()
            sizes[closed] = row - closed - 1
        open_rows.append(row)
    for row in open_rows:
        sizes[row] = len(depths) - row - 1
    return sizes


def _critical(spans: Sequence[Span], depths: Sequence[int], sizes: Sequence[int]) -> list[bool]:
    """From the longest root, always the child that ended last."""
    marks = [False] * len(spans)
    tops = [row for row, depth in enumerate(depths) if depth == 0]
    row: int | None = max(tops, key=lambda i: spans[i].duration_ns, default=None)
    while row is not None:
        marks[row] = True
        row = max(_child_rows(row, sizes), key=lambda i: spans[i].end_ns, default=None)
    return marks


def _child_rows(row: int, sizes: Sequence[int]) -> list[int]:
    rows, child = [], row + 1
    while child <= row + sizes[row]:
        rows.append(child)
        child += sizes[child] + 1
    return rows
