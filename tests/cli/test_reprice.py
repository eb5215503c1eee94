"""Costs written anew in a real database: as if the calls had just arrived, whatever happens in between."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from command import called
from own_prices import day_ns, own
from ports import free_port

from spanglass_cli.errors import CommandError
from spanglass_cli.reprice import Repricing, present_prices
from spanglass_collector.own_prices import Prices
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.pricing import AMOUNTS, PriceTable, price_sheet
from spanglass_store.cluster import Cluster
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.migrate import migrate
from spanglass_store.prices import OwnPrice, block_from_prices
from spanglass_store.queries import reprice as queries
from spanglass_store.query import Query, Window
from spanglass_store.rows import block_from_sheet
from spanglass_store.sheet import Row, sheets_from_rows

pytestmark = pytest.mark.clickhouse

EVER = Window(0, 2**63 - 1)
DAYS = ("2026-11-22", "2026-11-23", "2026-11-24")
PUBLIC = GenaiPrices()
HOUSE = own("llama-8b", "2026-11-23T12:00", cache_read_usd=Decimal("0.1"))
SHOP = own("gpt-4o-mini", project="shop", input_usd=Decimal("0.1"), output_usd=Decimal("0.123456789"))
MODELS = ("gpt-4o-mini", "gpt-4o", "llama-8b", "nobody-knows")


def calls(count: int, seed: int = 7) -> list[Row]:
    """Spans of two projects over three days: most are calls of models, some have a cost their client reported."""
    dice = random.Random(seed)

    def row(number: int) -> Row:
        used = dice.randrange(5000)
        reported = {"cost_usd": 7, "cost_source": "reported"} if dice.random() < 0.1 else {}
        return {
            "project": dice.choice(("shop", "house")),
            "trace_id": dice.randbytes(16),
            "span_id": number + 1,
            "start_time": day_ns(dice.choice(DAYS)) + dice.randrange(86_400 * 10**9),
            "duration_ns": 1,
            "name": "chat",
            "kind": dice.choice(("llm", "llm", "llm", "embedding", "tool")),
            "status": dice.choice(("ok", "error")),
            "provider": "openai",
            "request_model": dice.choice(MODELS),
            "input": "why?" * 50,
            "input_tokens": used if dice.random() < 0.9 else None,
            "output_tokens": dice.randrange(500),
            "cache_read_tokens": dice.choice((None, 0, used // 2)),
            "usage_counted": dice.random() < 0.9,
            **reported,
        }

    return [row(number) for number in range(count)]


def arrive(store: Store, rows: Sequence[Row], prices: PriceTable, token: str = "calls") -> None:
    """Let calls arrive at a collector with these prices."""
    sheets = sheets_from_rows([dict(row) for row in rows])
    for sheet in sheets:
        price_sheet(sheet, prices)
    store.insert(block_from_sheet(*sheets), token=token)


def costs(store: Store) -> list[Mapping[str, Any]]:
    columns = ", ".join((*AMOUNTS, "cost_source"))
    return store.fetch_rows(Query("costs", f"SELECT span_id, {columns} FROM spans ORDER BY span_id"))


def set_prices(store: Store, *prices: OwnPrice) -> None:
    store.insert(block_from_prices(prices, version=1), token=repr(prices))


def silent(_done: int, _total: int) -> None:
    pass


def one(store: Store, sql: str) -> Any:
    return next(iter(store.fetch_rows(Query("one", sql))[0].values()))


@pytest.fixture
def other(store_url: str) -> Any:
    """A second database, in which the same calls arrive with the right prices."""
    with Store(store_url + "_other") as opened:
        migrate(opened)
        yield opened
        opened.execute("DROP DATABASE {name:Identifier} SYNC", {"name": opened.database}, use_database=False)


@pytest.mark.parametrize("max_staged", [1_000_000, 100])
def test_stored_calls_get_the_costs_they_would_get_if_they_arrived_now(
    store: Store, other: Store, max_staged: int
) -> None:
    rows = calls(600)
    # So small a day is one compact part; that of a real one is wide, and its projections must stay right as well.
    store.execute("ALTER TABLE spans MODIFY SETTING min_bytes_for_wide_part = 0")
    store.execute(
        "ALTER TABLE spans ADD PROJECTION by_request_model (SELECT request_model, sum(cost_usd) GROUP BY request_model)"
    )
    arrive(store, rows, PUBLIC)
    store.execute("ALTER TABLE spans MATERIALIZE PROJECTION by_request_model SETTINGS mutations_sync = 2")
    arrive(other, rows, Prices(PUBLIC, [HOUSE, SHOP]))
    assert costs(store) != costs(other)
    set_prices(store, HOUSE, SHOP)
    repricing = Repricing(store, present_prices(store), None, EVER, max_staged)
    seen = repricing.look(silent)
    before = costs(store)
    assert before != costs(other)  # looking changes nothing
    told: list[tuple[int, int]] = []
    written = repricing.write(lambda done, total: told.append((done, total)))
    assert costs(store) == costs(other)
    assert (written.rows, written.lines()) == (seen.rows, pytest.approx(seen.lines()))
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1] > 0
    assert repricing.write(silent).rows == 0
    by_model = "SELECT sum(cost_usd) FROM spans WHERE request_model = 'gpt-4o-mini' GROUP BY request_model SETTINGS "
    assert one(store, by_model + "force_optimize_projection = 1") == one(
        store, by_model + "optimize_use_projections = 0"
    )
    assert (
        one(store, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name LIKE 'repriced%'")
        == 0
    )
    # and back again: without own prices, what they alone knew is unknown
    Repricing(store, PUBLIC, None, EVER).write(silent)
    assert costs(store) == before


def test_a_project_and_its_days_alone(store: Store) -> None:
    arrive(store, calls(300), PUBLIC)
    set_prices(store, HOUSE, replace(SHOP, project=""))
    middle = Window(day_ns("2026-11-23T06:00"), day_ns("2026-11-24"))
    Repricing(store, present_prices(store), "shop", middle).write(silent)
    touched = store.fetch_rows(
        Query(
            "own", "SELECT DISTINCT project, toString(toDate(start_time)) AS day FROM spans WHERE price_id LIKE 'own/%'"
        )
    )
    assert touched == [{"project": "shop", "day": "2026-11-23"}]
    assert one(store, "SELECT countIf(start_time < '2026-11-23 06:00:00') FROM spans WHERE price_id LIKE 'own/%'") == 0


def test_calls_that_arrive_meanwhile_are_all_kept(store: Store) -> None:
    rows = calls(400)
    new = Prices(PUBLIC, [HOUSE, SHOP])
    arrive(store, rows, PUBLIC, "first")
    set_prices(store, HOUSE, SHOP)
    ended = threading.Event()
    late = 0

    def keep_arriving() -> None:
        nonlocal late
        while not ended.is_set():
            late += 1
            arrive(store, [row | {"span_id": row["span_id"] + late * 1000} for row in rows[:50]], new, f"late {late}")

    arriving = threading.Thread(target=keep_arriving)
    arriving.start()
    Repricing(store, present_prices(store), None, EVER, 50).write(silent)
    ended.set()
    arriving.join()
    assert late > 0
    assert one(store, "SELECT count() FROM spans") == 400 + 50 * late
    assert one(store, "SELECT uniqExact(span_id) FROM spans") == 400 + 50 * late
    assert Repricing(store, present_prices(store), None, EVER).look(silent).rows == 0


class Saboteur(Store):
    """A store that loses the lookup table before it is used."""

    def execute(self, sql: str, params: Mapping[str, Any] | None = None, *, use_database: bool = True) -> None:
        if sql.startswith("ALTER"):
            name = str((params or {})["lookup"]).rpartition(".")[2]
            super().execute("SYSTEM STOP MERGES spans")
            super().execute(sql, params, use_database=use_database)
            super().execute("DROP TABLE {name:Identifier} SYNC", {"name": name})
            super().execute("SYSTEM START MERGES spans")
        else:
            super().execute(sql, params, use_database=use_database)


def test_where_the_database_cannot_write_it_is_told_and_nothing_hangs(store: Store, store_url: str) -> None:
    arrive(store, calls(300), PUBLIC)
    set_prices(store, SHOP)
    before = costs(store)
    with Saboteur(store_url) as broken:
        repricing = Repricing(broken, present_prices(broken), None, EVER, patience_seconds=0)
        with pytest.raises(CommandError, match="could not write the new costs"):
            repricing.write(silent)
    assert costs(store) == before
    assert one(store, "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done") == 0
    assert Repricing(store, present_prices(store), None, EVER).write(silent).rows > 0


class Interrupted(Exception):
    pass


def test_a_run_that_ends_with_the_database_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, rows = free_port(), calls(300)

    def left(store: Store) -> int:
        return int(
            one(store, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name LIKE 'repriced%'")
        )

    def cut_off(_repricing: Repricing, _lookup: str) -> None:
        raise Interrupted

    with EmbeddedClickHouse(tmp_path, http_port=port) as server, Store(server.url()) as store:
        migrate(store)
        arrive(store, rows, PUBLIC)
        set_prices(store, HOUSE, SHOP)
        store.execute("SYSTEM STOP MERGES spans")  # what is begun cannot go on before the next start
        monkeypatch.setattr(Repricing, "_wait", cut_off)
        with pytest.raises(Interrupted):
            Repricing(store, present_prices(store), None, EVER).write(silent)
        monkeypatch.undo()
        assert left(store) == 1
        monkeypatch.setattr(queries, "ABANDONED_SECONDS", 0)
        assert store.fetch_rows(queries.left_behind()) == []  # it is still needed
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
    with EmbeddedClickHouse(tmp_path, http_port=port) as server, Store(server.url()) as store:
        repricing = Repricing(store, present_prices(store), None, EVER)
        repricing.write(silent)
        assert repricing.look(silent).rows == 0
        assert one(store, "SELECT count() FROM spans") == 300
        assert one(store, "SELECT count() FROM system.mutations WHERE NOT is_done") == 0
        repricing.write(silent)
        assert left(store) == 0


def test_the_command_shows_then_writes(store: Store, store_url: str) -> None:
    arrive(store, calls(300), PUBLIC)
    set_prices(store, SHOP)
    here = {"SPANGLASS_CLICKHOUSE_URL": store_url}
    shown = called("reprice", "--dry-run", **here)
    assert shown.returncode == 0, shown.stderr
    head, *lines, total, count = shown.stdout.splitlines()
    assert head.split("  ")[0] == "day"
    assert {line.split()[0] for line in lines} <= set(DAYS)
    assert total.startswith("total ")
    assert count.endswith(" calls would get new costs")
    assert "of" in shown.stderr
    asked = called("reprice", **here)
    assert (asked.returncode, asked.stderr.splitlines()[-1]) == (
        1,
        "spanglass: nothing is written without being asked: add --yes, or --dry-run",
    )
    told = json.loads(called("reprice", "--json", "--from", "2026-11-23", "--to", "2026-11-23", **here).stdout)
    assert not told["written"]
    assert {line["day"] for line in told["lines"]} == {"2026-11-23"}
    assert {line["project"] for line in told["lines"]} == {"shop"}
    written = called("reprice", "--yes", **here)
    assert written.stdout.splitlines()[-1] == count.replace("would get", "have")
    assert called("reprice", "--yes", **here).stdout == "every cost is what it would be today\n"
    backwards = called("reprice", "--from", "2026-11-23", "--to", "2026-11-22", **here)
    assert backwards.stderr == "spanglass: --to is before --from\n"


def test_on_a_cluster_nothing_is_written_and_it_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spanglass_cli.reprice.layout", lambda _: Cluster("main", "d", has_keeper=True))
    with pytest.raises(CommandError, match="cannot be written anew on the cluster 'main'"):
        Repricing(store, present_prices(store), None, EVER).write(lambda *_: None)
