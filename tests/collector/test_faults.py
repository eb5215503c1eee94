"""Two collectors with the same requests, a full disk, a clock that is set back: counted in the ledger and in ClickHouse."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from collector.forked import FORKS, Collector
from collector.load import Load, ledger_of, require_each_once, settled
from collector.serving import PROTOBUF, settings
from collector.waiting import until
from collector.wire import body_of, wire_span

from spanglass_store.connection import Store
from spanglass_store.migrate import migrate
from spanglass_store.query import Query

pytestmark = pytest.mark.clickhouse
MIB = 1024 * 1024
DAY_NS = 86_400 * 10**9


def send(url: str, body: bytes) -> httpx.Response:
    return httpx.post(f"{url}/v1/traces", content=body, headers=PROTOBUF, timeout=60)


def stored(store: Store) -> int:
    rows: int = store.fetch_rows(Query("rows", "SELECT count() AS rows FROM spans"))[0]["rows"]
    return rows


def test_two_collectors_that_get_the_same_requests_and_are_killed_store_them_once(
    tmp_path: Path, store: Store, store_url: str
) -> None:
    quick = {"linger_seconds": 0.02, "retry_max_seconds": 0.2, "claim_patience_seconds": 3.0}
    one, two = (Collector(settings(tmp_path / name, store_url, **quick)) for name in "ab")
    with one, two:
        with Load(one.url, two.url, again=3) as load:
            for collector in (one, two) * 3:
                load.more(200)
                collector.kill()
                load.more(100)
                collector.start()
        ledgers = settled(one.url, two.url)
    require_each_once(store, load, ledgers)
    # Of a request that both were killed at, both may count it as stored, or neither: see docs/adr/011-queue.md.
    assert sum(told["duplicate"] for told in ledgers) > 100


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_on_a_full_disk_it_says_again_later_and_what_it_took_is_stored(
    tmp_path: Path, small_disk: Path, store_url: str
) -> None:
    bodies = [body_of(wire_span(attributes={"text": f"{number:02}" * 150_000})) for number in range(20)]
    with Collector(settings(small_disk, store_url)) as collector:
        answers = [send(collector.url, body) for body in bodies]
        taken = [answer.status_code for answer in answers].count(200)
        assert 10 < taken < 20
        assert {answer.status_code for answer in answers} == {200, 503}
        refused = answers[-1]
        assert (refused.headers["retry-after"], b"No space left" in refused.content) == ("5", True)
        told = httpx.get(f"{collector.url}/readyz").json()["problems"]
        assert "The queue's disk is full, or nearly." in told
        assert ledger_of(collector.url) == {"received": taken, "queued": taken}
        collector.kill()
        collector.start()  # also with a full disk
        assert ledger_of(collector.url) == {"received": taken, "queued": taken}
        with Store.open(store_url) as store:
            migrate(store)  # now they can leave
            assert settled(collector.url) == [{"received": taken, "stored": taken}]
            until(lambda: all(send(collector.url, body).status_code == 200 for body in bodies))
            (told_now,) = settled(collector.url)
            assert (told_now["stored"], stored(store)) == (20, 20)


def test_a_clock_that_is_set_back_costs_nothing(tmp_path: Path, store: Store, store_url: str) -> None:
    offset_ns = FORKS.Value("q", 0)
    bodies = [body_of(wire_span()) for _ in range(6)]
    with Collector(settings(tmp_path, store_url), clock_ns=offset_ns) as collector:
        for number, step_ns in enumerate((0, -DAY_NS // 12, -DAY_NS, DAY_NS // 48, -400 * DAY_NS)):
            offset_ns.value += step_ns
            if number in {2, 4}:
                collector.kill()
                collector.start()
            for body in bodies[: number + 1]:  # those from before are known again
                assert send(collector.url, body).status_code == 200
        (told,) = settled(collector.url)
        assert told == {"received": 15, "duplicate": 10, "stored": 5}
        assert stored(store) == 5
        assert httpx.get(f"{collector.url}/readyz").json() == {"ready": True, "problems": []}
