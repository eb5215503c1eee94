"""How long rows stay, as they say it themselves when they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest
from collector.log_records import logs_body, record
from collector.serving import PROTOBUF, serving, settings
from collector.waiting import until
from collector.wire import body_of, wire_span

from spanglass.semconv import PROJECT_HEADER
from spanglass_collector.current_retention import CurrentRetention
from spanglass_store.connection import Store
from spanglass_store.errors import StoreUnavailable
from spanglass_store.query import Query
from spanglass_store.retention import Retention, block_from_retention, kept_for
from spanglass_store.rows import block_from_rows


def test_while_the_database_is_away_what_was_read_last_stays_good() -> None:
    answers: list[list[Retention] | None] = [None, [Retention("shop", 30)], None]

    def load() -> Iterable[Retention]:
        answer = answers.pop(0)
        if answer is None:
            raise StoreUnavailable
        return answer

    known, block = CurrentRetention(load), block_from_rows([{"project": "shop"}])
    asyncio.run(known.refresh())
    assert known.kept(block, "shop") is block
    for _ in range(2):
        asyncio.run(known.refresh())
        assert known.kept(block, "shop") == kept_for(block, 30)
        assert known.kept(block, "house") is block
    asyncio.run(known.wait(timeout_seconds=0.01))


@pytest.mark.clickhouse
def test_spans_records_and_scores_say_how_long_they_stay(tmp_path: Path, store: Store, store_url: str) -> None:
    store.insert(block_from_retention(Retention("shop", 30), version=1), token="1")
    body = body_of(wire_span())
    log = logs_body(record("gen_ai.user.message", {"content": "why?"}, trace_id="ab" * 16, span_id="cd" * 8))
    with serving(settings(tmp_path, store_url)) as client:
        for project in ("shop", "house"):
            as_project = {PROJECT_HEADER: project}
            assert client.post("/v1/traces", content=body, headers=PROTOBUF | as_project).is_success
            assert client.post("/v1/logs", content=log, headers=PROTOBUF | as_project).is_success
            score = {"name": "good", "value": 1, "trace_id": "ab" * 16}
            assert client.post("/api/v1/scores", json=score, headers=as_project).is_success
        every = " UNION ALL ".join(
            f"SELECT project, '{table}' AS kept, retention_days AS days FROM {table}"
            for table in ("spans", "span_details", "scores")
        )
        found = until(
            lambda: len(rows := store.fetch_rows(Query("days", f"{every} ORDER BY project, kept"))) == 6 and rows
        )
    assert {(row["project"], row["days"]) for row in found} == {("shop", 30), ("house", 0)}
