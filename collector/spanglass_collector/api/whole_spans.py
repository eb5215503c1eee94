"""Spans of any traces as whole documents: what log records tell of them is in it, and their scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from spanglass_collector.api.documents import score_document, span_document
from spanglass_store.connection import Store
from spanglass_store.queries import of_traces
from spanglass_store.rows import span_from_row
from spanglass_store.scores import score_from_row
from spanglass_store.span_details import completed


def whole_spans(store: Store, project: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The documents of ``rows`` of ``queries.spans.find`` with all columns, in their order. Blocks: asks twice more."""
    trace_ids = sorted({row["trace_id_hex"] for row in rows})
    if not trace_ids:
        return []
    details: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in store.fetch_rows(of_traces.details(project, trace_ids)):
        details[row["trace_id_hex"]].append(row)
    scores: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for score in map(score_from_row, store.fetch_rows(of_traces.scores(project, trace_ids))):
        scores[score.trace_id, score.span_id].append(score_document(score))
    spans = map(span_from_row, rows)
    whole = (completed([span], details[span.trace_id])[0] for span in spans)
    return [span_document(span, scores[span.trace_id, span.span_id]) for span in whole]
