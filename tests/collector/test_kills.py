"""``kill -9`` of the collector, of ClickHouse and of both, and ClickHouse away, under load: nothing that was acknowledged
is lost, nothing is doubled, the ledger says so.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from collector.forked import Collector
from collector.load import Load, ledger_of, require_each_once, settled
from collector.serving import settings
from ports import free_port

from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.migrate import migrate

pytestmark = pytest.mark.clickhouse

OUTAGE_SECONDS = float(os.environ.get("SPANGLASS_TEST_OUTAGE_SECONDS", "3"))
"""How long ClickHouse is away. Tried with 120 too."""


@pytest.fixture
def own_clickhouse(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    with EmbeddedClickHouse(tmp_path / "clickhouse", http_port=free_port()) as server:
        with Store(server.url()) as store:
            migrate(store)
        yield server


def kill(server: EmbeddedClickHouse) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)


def test_whatever_is_killed_under_load_everything_is_stored_once(
    tmp_path: Path, own_clickhouse: EmbeddedClickHouse
) -> None:
    collector = Collector(settings(tmp_path, own_clickhouse.url(), linger_seconds=0.02, retry_max_seconds=0.2))
    with collector, Load(collector.url) as load:
        for _ in range(20):
            load.more(150)
            collector.kill()
            collector.start()
        for _ in range(7):
            load.more(100)
            kill(own_clickhouse)
            own_clickhouse.restart()
        for _ in range(3):
            load.more(100)
            kill(own_clickhouse)
            collector.kill()
            own_clickhouse.stop()
            own_clickhouse.start()
            collector.start()
            own_clickhouse.wait_ready()
        kill(own_clickhouse)
        time.sleep(OUTAGE_SECONDS)
        load.more(500)
        assert ledger_of(collector.url)["queued"] >= 500
        own_clickhouse.restart()
        load.more(500)
    with collector, Store(own_clickhouse.url()) as store:
        (ledger,) = settled(collector.url)
        assert ledger["stored"] == require_each_once(store, load, [ledger])
