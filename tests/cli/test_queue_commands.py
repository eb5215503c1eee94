"""`spanglass queue`: what the database refused, while no collector runs and while one does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from collector.forked import Collector
from collector.load import ledger_of
from collector.serving import settings
from collector.waiting import until
from collector.wire import body_of, wire_span
from command import spanglass

from spanglass_collector.pipeline import batch_from_body
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.queue import Queue
from spanglass_store.connection import Store
from spanglass_store.native import Block
from spanglass_store.query import Query

REASON = "insert into spans: Unknown column „x“\nin block"


@pytest.fixture
def block() -> Block:
    return batch_from_body(body_of(wire_span()), project="p", received_ns=1, prices=GenaiPrices()).rows


@pytest.fixture
def data_dir(tmp_path: Path, block: Block) -> Path:
    """A folder with two requests set aside."""
    with Queue.open(tmp_path / "queue" / "0", max_bytes=10**8) as queue:
        for each in (block, Block("scores", b"rows", 3)):
            queue.put(each)
            group = queue.lease(max_rows=10, max_bytes=10**6)
            assert group is not None
            queue.set_aside(group, REASON if each is block else "why")
    return tmp_path


def test_what_is_set_aside_is_listed_shown_and_taken_out(data_dir: Path, block: Block) -> None:
    listed = spanglass("queue", "list", "--data-dir", data_dir)
    first, second, third = listed.stdout.splitlines()
    assert first.split() == ["id", "table", "rows", "bytes", "when", "why"]
    assert re.match(
        rf"0/1 +spans +1 +{len(block.body)} +\S+ \S+ UTC +insert into spans: Unknown column „x“ in block$", second
    )
    assert re.match(r"0/2 +scores +3 +4 ", third)
    shown = spanglass("queue", "show", "0/1", SPANGLASS_DATA_DIR=str(data_dir)).stdout
    assert shown.endswith(f"why    {REASON}\n")
    assert str(data_dir / "queue" / "0" / "set_aside" / "000000000001.item") in shown
    exported = data_dir / "rows.native"
    assert spanglass("queue", "export", "0/1", "-o", exported, "--data-dir", data_dir).returncode == 0
    assert exported.read_bytes() == block.body


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("replay",), "name the ids"),
        (("replay", "0/1", "--all"), "name the ids"),
        (("replay", "0/9"), "nothing is set aside under '0/9'"),
        (("show", "x"), "nothing is set aside under 'x'"),
    ],
)
def test_what_cannot_be_done_is_one_line(data_dir: Path, arguments: tuple[str, ...], says: str) -> None:
    done = spanglass("queue", *arguments, "--data-dir", data_dir)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_where_nothing_is_set_aside_it_says_so(tmp_path: Path) -> None:
    assert spanglass("queue", "list", "--data-dir", tmp_path).stdout == "nothing is set aside\n"


@pytest.mark.clickhouse
def test_what_is_put_back_is_stored_by_the_collector_that_runs(data_dir: Path, store: Store, store_url: str) -> None:
    with Collector(settings(data_dir, store_url)) as collector:
        assert ledger_of(collector.url) == {"received": 4, "set_aside": 4}
        assert spanglass("queue", "replay", "0/1", "--data-dir", data_dir).stdout.startswith("1 put back")
        until(lambda: ledger_of(collector.url) == {"received": 4, "set_aside": 3, "stored": 1})
    assert store.fetch_rows(Query("rows", "SELECT count() AS rows FROM spans")) == [{"rows": 1}]
