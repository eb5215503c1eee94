"""When texts are indexed: by inserts, by merges, not at all. What is found is the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spanglass_store import text_index
from spanglass_store.connection import Store
from spanglass_store.migrate import migrate
from spanglass_store.queries import traces
from spanglass_store.query import Filters, Query, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.span import Span

NOW_NS = 1_790_000_000 * 10**9
INDEXED = Query(
    "indexed parts",
    "SELECT countIf(secondary_indices_uncompressed_bytes > 1000) AS indexed, count() AS parts FROM system.parts "
    "WHERE active AND database = currentDatabase() AND table = 'spans'",
)


def told(number: int) -> Span:
    text = " ".join(f"word{number * 50 + each}" for each in range(50))
    return Span(
        project="default",
        trace_id=f"{number + 1:032x}",
        span_id=f"{number + 1:016x}",
        parent_span_id="",
        name="chat",
        start_ns=NOW_NS + number,
        end_ns=NOW_NS + number + 1,
        input=text,
    )


@pytest.mark.clickhouse
@pytest.mark.parametrize(
    ("when", "after_insert", "after_merge"), [("insert", True, True), ("merge", False, True), ("off", False, False)]
)
def test_texts_are_indexed_when_it_is_set(
    store: Store, when: text_index.When, after_insert: bool, after_merge: bool
) -> None:
    assert migrate(store, text_index=when) == []
    store.execute("SYSTEM STOP TTL MERGES spans")  # of old spans, which would be in the way of those asked for below
    url = f"http://{store._user}:{store._password}@{store.host}:{store.port}/{store.database}"
    with Store.open(url, insert_settings=text_index.insert_settings(when)) as writer:
        for first in (0, 100):
            writer.insert(block_from_spans([told(first + each) for each in range(100)]), token=str(first))
    for is_indexed in (after_insert, after_merge):
        (parts,) = store.fetch_rows(INDEXED)
        assert parts["indexed"] == (parts["parts"] if is_indexed else 0)
        found = store.fetch_rows(traces.find("default", Window(NOW_NS - 1, NOW_NS + 10**9), Filters.of("WORD4321")))
        assert [row["trace_id"] for row in found] == [f"{87:032x}"]
        store.execute("OPTIMIZE TABLE spans FINAL")
    migrate(store, text_index="insert")
    bare = replace(
        INDEXED,
        sql="SELECT create_table_query AS made FROM system.tables WHERE database = currentDatabase() AND name = 'spans'",
    )
    assert "exclude_materialize" not in store.fetch_rows(bare)[0]["made"]
