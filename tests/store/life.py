"""Traces of several people, sessions and projects, with log records, scores and notes, for tests of what becomes of them."""

from __future__ import annotations

import secrets
import time
from typing import Final

from spanglass_store.annotations import Annotation, block_from_annotations
from spanglass_store.connection import Store
from spanglass_store.query import Query
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Span
from spanglass_store.span_details import block_from_details

NOW_NS: Final = time.time_ns() // 10**9 * 10**9
DAY_NS: Final = 86_400 * 10**9
ANN, SHARED, BOB, TOLD_BY_RECORD, ELSEWHERE = (digit * 32 for digit in "abcde")
"""Of Ann: a trace of hers, one in a session with Bob, and one of which only a log record says whose it is; of Bob one in
that session; and one of Ann's in another project."""

_IDENTITY: Final = {
    "spans": "lower(hex(span_id))",
    "span_details": "lower(hex(trace_id))",
    "scores": "score_id",
    "annotations": "annotation_id",
}


def span(trace_id: str, number: int, *, project: str = "shop", at_ns: int = NOW_NS, **more: str) -> Span:
    ids = f"{number:016x}", "" if number % 2 else f"{number - 1:016x}"
    return Span(project, trace_id, *ids, at_ns, at_ns + 1, "chat", **more)


def fill(store: Store) -> str:
    """Store it all; a word that stands in everything Ann said and nowhere else."""
    secret = secrets.token_hex(16)
    yesterday_ns = NOW_NS - DAY_NS
    spans = [
        span(ANN, 1, user_id="ann", session_id="hers", input=f"I am {secret}"),
        span(ANN, 2, output=f"hello, {secret}"),
        span(SHARED, 3, user_id="ann", session_id="both", at_ns=yesterday_ns, input=secret),
        span(BOB, 5, user_id="bob", session_id="both", at_ns=yesterday_ns, input="bob speaks"),
        span(BOB, 6, output="to bob"),
        span(TOLD_BY_RECORD, 7, at_ns=yesterday_ns, input=secret),
        span(ELSEWHERE, 9, project="house", user_id="ann", session_id="hers", input="another ann"),
    ]
    record = {"project": "shop", "span_id": 7, "start_time": NOW_NS, "name": "n", "record_id": bytes(16)}
    records = [
        record | {"trace_id": bytes.fromhex(TOLD_BY_RECORD), "user_id": "ann", "input": secret},
        record | {"trace_id": bytes.fromhex(BOB), "span_id": 6, "input": "of bob"},
    ]
    scores = [
        Score("shop", "of her trace", "good", NOW_NS, trace_id=ANN, value=1.0, comment=secret),
        Score("shop", "of her session", "good", NOW_NS, session_id="hers", value=1.0, comment=secret),
        Score("shop", "of both", "good", NOW_NS, session_id="both", value=1.0),
        Score("shop", "of bob", "good", NOW_NS, trace_id=BOB, value=1.0),
        Score("house", "of her trace", "good", NOW_NS, trace_id=ELSEWHERE, value=1.0),
    ]
    notes = [
        Annotation("shop", "on her span", secret, "eve", NOW_NS, ANN, f"{2:016x}"),
        Annotation("shop", "on her session", secret, "eve", NOW_NS, session_id="hers"),
        Annotation("shop", "on bob", "poor bob", "eve", NOW_NS, BOB),
    ]
    blocks = (
        block_from_spans(spans),
        block_from_details(records),
        block_from_scores(scores),
        block_from_annotations(notes, version=1),
    )
    for block in blocks:
        store.insert(block, token=f"life-{block.table}")
    return secret


def left(store: Store, table: str, project: str = "shop") -> set[str]:
    """The ids of the rows that are there: of spans theirs, of records that of their trace."""
    sql = f"SELECT DISTINCT {_IDENTITY[table]} AS id FROM {table} WHERE project = {{project:String}}"
    return {row["id"].lstrip("0") for row in store.fetch_rows(Query("left", sql, (("project", project),)))}
