"""A trace whose content came as log records, on its page."""

from __future__ import annotations

import time

import pytest
from dashboard.visits import OpenPage, words

from spanglass_store.connection import Store
from spanglass_store.rows import block_from_spans
from spanglass_store.span import Span
from spanglass_store.span_details import block_from_details

TRACE = "ab" * 16


@pytest.mark.clickhouse
def test_messages_of_log_records_are_shown_as_if_the_span_had_them(open_page: OpenPage, store: Store) -> None:
    start_ns = time.time_ns() - 60 * 10**9
    store.insert(
        block_from_spans([Span("default", TRACE, "01" * 8, "", start_ns, start_ns + 10**9, "chat", "llm")]), token="s"
    )
    said = '[{"role":"user","parts":[{"type":"text","content":"Where is my parcel?"}]}]'
    row = {"project": "default", "trace_id": bytes.fromhex(TRACE), "span_id": int("01" * 8, 16), "record_id": b"r" * 16}
    told = {
        "start_time": start_ns,
        "name": "gen_ai.user.message",
        "input": said,
        "input_preview": "Where is my parcel?",
    }
    store.insert(block_from_details([row | told]), token="d")
    assert open_page("traces").dataframe[0].value["input_preview"].tolist() == ["Where is my parcel?"]
    app = open_page("traces", trace=TRACE)
    assert not app.exception
    assert "Where is my parcel?" in words(app)
