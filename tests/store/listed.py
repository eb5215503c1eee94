"""The made-up data set of ``sample`` as lists want it: many spans at the same time, traces without a root, words to
search for; and what a list of it must be, worked out in Python.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from spanglass_store.connection import Store
from spanglass_store.migrate import migrate
from spanglass_store.query import Query, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Span
from spanglass_store.span_details import WHOLE, block_from_details
from store import sample

PROJECT: Final = sample.PROJECT
SECOND_NS: Final = sample.SECOND_NS
WINDOW: Final = Window(sample.WINDOW.previous().start_ns, sample.WINDOW.end_ns)
STEP_NS: Final = 150 * SECOND_NS

Traces = Mapping[str, list[Span]]


def _spans() -> list[Span]:
    """Starts are whole steps; every ninth trace lost its root."""
    found = []
    for number, span in enumerate(sample.spans()):
        start_ns = span.start_ns // STEP_NS * STEP_NS
        if span.parent_span_id or number % 9:
            moved = replace(span, start_ns=start_ns, end_ns=start_ns + span.end_ns - span.start_ns)
            found.append(replace(moved, resource={"host.name": f"h{number % 3}"}))
    return found


SPANS: Final = _spans()
SCORES: Final = [
    Score(PROJECT, f"{number}", "quality", span.start_ns + 1, span.trace_id, value=number % 10 / 10)
    for number, span in enumerate(SPANS[::7])
] + [Score(PROJECT, "of a session", "helpful", WINDOW.start_ns + 1, session_id="s7", value=1.0)]
TOLD_BY_RECORD: Final = SPANS[100]


def fill(store: Store) -> None:
    """The schema and all rows."""
    migrate(store)
    store.insert(block_from_spans(SPANS), token="spans")
    store.insert(block_from_scores(SCORES), token="scores")
    record = {
        "project": PROJECT,
        "trace_id": bytes.fromhex(TOLD_BY_RECORD.trace_id),
        "span_id": int(TOLD_BY_RECORD.span_id, 16),
        "record_id": bytes(16),
        "start_time": TOLD_BY_RECORD.start_ns,
        "name": WHOLE,
        "input": "told by a Record alone",
    }
    store.insert(block_from_details([record]), token="record")


def by_trace(spans: Iterable[Span] = SPANS) -> Traces:
    """The spans of each trace."""
    grouped: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        grouped[span.trace_id].append(span)
    return grouped


def tokens(span: Span) -> int:
    """Tokens that count."""
    return span.usage_counted * ((span.usage.input_tokens or 0) + (span.usage.output_tokens or 0))


def cost(span: Span) -> Any:
    """US dollars that count."""
    return (span.cost.total_usd or 0) if span.usage_counted else 0


def ordered(ids: Iterable[str], key: Callable[[str], Any], *, descending: bool = True) -> list[str]:
    """Ids by their key, then by themselves."""
    return sorted(ids, key=lambda one: (key(one), one), reverse=descending)


def read_by_page(
    store: Store, find: Callable[[str], Query], after: Callable[[Any, str], str], column: str
) -> list[str]:
    """The ids of a whole list, read from page to page."""
    ids: list[str] = []
    cursor = ""
    while True:
        rows = store.fetch_rows(find(cursor))
        ids += [row[column] for row in rows]
        if not rows.cut:
            return ids
        cursor = after(rows, cursor)
