"""Several processes that receive at one address, killed one by one and all together."""

from __future__ import annotations

from pathlib import Path

import httpx
import psutil
import pytest
from collector.forked import Collector, forked, run_orphan
from collector.load import Load, require_each_once, settled
from collector.serving import settings
from collector.waiting import until

from spanglass_store.connection import Store

pytestmark = pytest.mark.clickhouse


def workers_of(collector: Collector) -> list[psutil.Process]:
    assert collector.process is not None
    assert collector.process.pid is not None
    return psutil.Process(collector.process.pid).children()


def folders(root: Path) -> set[str]:
    return {path.parent.name for path in (root / "queue").glob("*/queue.lock")}


def test_workers_are_replaced_what_they_left_is_stored_and_all_end_together(
    tmp_path: Path, store: Store, store_url: str
) -> None:
    quick = {"linger_seconds": 0.02, "retry_max_seconds": 0.2, "claim_patience_seconds": 3.0, "shutdown_seconds": 8.0}
    collector = Collector(settings(tmp_path, store_url, workers=2, **quick))
    with collector:
        with Load(collector.url) as load:
            load.more(200)
            first = workers_of(collector)
            assert len(first) == 2
            assert folders(tmp_path) == {"0", "1"}
            first[0].kill()
            load.more(200)
            until(lambda: len(set(workers_of(collector)) - set(first)) == 1)  # another one
            load.more(200)
        (ledger,) = settled(collector.url)
        assert ledger["stored"] == require_each_once(store, load, [ledger])
        told = httpx.get(f"{collector.url}/metrics").text
        inserted = [line for line in told.splitlines() if line.startswith("spanglass_inserted_rows_total{")]
        assert sum(float(line.rpartition(" ")[2]) for line in inserted) >= len(load.acknowledged) - 1000
        left = workers_of(collector)
        assert collector.stop() == 0
        assert not any(process.is_running() for process in left)


def test_a_worker_ends_when_the_process_that_started_it_is_gone(tmp_path: Path) -> None:
    with forked(run_orphan, settings(tmp_path, "http://x@127.0.0.1:1/spanglass")) as process:
        process.join(60)
        assert process.exitcode == 0
    assert folders(tmp_path) == {"0"}
