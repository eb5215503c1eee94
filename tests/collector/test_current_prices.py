"""The prices of now: read again and again, kept in a file, and good while the database is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from collector.serving import PROTOBUF, serving, settings
from collector.waiting import until
from collector.wire import body_of, model_call
from own_prices import own
from ports import free_port

from spanglass_collector.current_prices import CurrentPrices, keep, read_kept
from spanglass_collector.metrics import Metrics
from spanglass_collector.prices import GenaiPrices
from spanglass_collector.pricing import DAY_NS, Call
from spanglass_store.connection import Store
from spanglass_store.errors import StoreUnavailable
from spanglass_store.prices import OwnPrice, all_prices, block_from_prices, price_from_row
from spanglass_store.query import Query

PUBLIC = GenaiPrices()
CHEAP, DEAR = own(project="shop"), own(project="shop", output_usd=Decimal(9), comment="ü")
NOW_NS = time.time_ns()


class Database:
    """What a collector reads its prices from, or a database that is away."""

    def __init__(self, *prices: OwnPrice) -> None:
        self.prices: Iterable[OwnPrice] | None = prices

    def load(self) -> Iterable[OwnPrice]:
        if self.prices is None:
            raise StoreUnavailable(self)
        return self.prices


def price_id(prices: CurrentPrices, model: str = "llama-8b") -> str:
    tariff = prices.tariff_of(Call("shop", "openai", model, "", "", NOW_NS // DAY_NS), NOW_NS)
    return tariff.price_id if tariff else ""


def refreshed(prices: CurrentPrices) -> None:
    asyncio.run(prices.refresh())


def test_a_new_price_is_known_after_the_next_look(tmp_path: Path) -> None:
    database, metrics = Database(), Metrics()
    prices = CurrentPrices(PUBLIC, database.load, tmp_path / "own_prices.json", metrics)
    refreshed(prices)
    assert price_id(prices) == ""
    assert price_id(prices, "gpt-4o").endswith(":openai/gpt-4o")
    database.prices = [CHEAP]
    refreshed(prices)
    assert price_id(prices) == CHEAP.price_id
    database.prices = [DEAR]
    refreshed(prices)
    assert price_id(prices) == DEAR.price_id
    assert b"spanglass_own_prices 1.0" in metrics.text()
    database.prices = []
    refreshed(prices)
    assert price_id(prices) == ""


def test_while_the_database_is_away_the_prices_last_read_are_good_after_a_restart_too(tmp_path: Path) -> None:
    file, metrics = tmp_path / "queue" / "own_prices.json", Metrics()
    database = Database(DEAR)
    refreshed(CurrentPrices(PUBLIC, database.load, file, metrics))
    database.prices = None
    restarted = CurrentPrices(PUBLIC, database.load, file, metrics)
    assert price_id(restarted) == DEAR.price_id
    refreshed(restarted)
    assert price_id(restarted) == DEAR.price_id
    assert b"spanglass_own_prices_unread_total 1.0" in metrics.text()
    database.prices = []
    refreshed(restarted)
    assert read_kept(file) == []


def test_nobody_waits_for_a_database_that_is_away(tmp_path: Path) -> None:
    async def start() -> None:
        prices = CurrentPrices(PUBLIC, Database().load, tmp_path / "own_prices.json", Metrics())
        await prices.wait(timeout_seconds=0.01)  # nobody has looked yet
        database = Database()
        database.prices = None
        prices = CurrentPrices(PUBLIC, database.load, tmp_path / "own_prices.json", Metrics())
        await prices.refresh()
        await prices.wait(timeout_seconds=60)

    asyncio.run(start())


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"model": 1}]', '[{"project": "", "model": "m", "rate": 1}]', "7"])
def test_a_file_that_cannot_be_used_is_as_good_as_none(tmp_path: Path, text: str, caplog: object) -> None:
    file = tmp_path / "own_prices.json"
    file.write_text(text)
    assert read_kept(file) == []
    assert "cannot be used" in caplog.text  # type: ignore[attr-defined]


def test_a_folder_that_cannot_be_written_is_told_and_survived(tmp_path: Path, caplog: object) -> None:
    (tmp_path / "file").write_text("")
    keep([CHEAP], tmp_path / "file" / "own_prices.json")
    assert "cannot be kept" in caplog.text  # type: ignore[attr-defined]


def test_what_is_kept_comes_back_whole(tmp_path: Path) -> None:
    file = tmp_path / "own_prices.json"
    keep([CHEAP, DEAR], file)
    assert read_kept(file) == [CHEAP, DEAR]
    assert [path.name for path in tmp_path.iterdir()] == ["own_prices.json"]


@pytest.mark.clickhouse
def test_prices_are_read_from_the_database(store: Store, tmp_path: Path) -> None:
    prices = CurrentPrices(
        PUBLIC,
        lambda: map(price_from_row, store.fetch_rows(all_prices())),
        tmp_path / "own_prices.json",
        Metrics(),
    )
    store.insert(block_from_prices([CHEAP], version=1), token="1")
    refreshed(prices)
    assert price_id(prices) == CHEAP.price_id
    store.execute("DROP TABLE prices SYNC")
    refreshed(prices)
    assert price_id(prices) == CHEAP.price_id


@pytest.mark.clickhouse
def test_a_running_collector_prices_by_own_prices_and_after_a_restart_without_the_database_too(
    tmp_path: Path, store: Store, store_url: str
) -> None:
    mine = own("gpt-4o-mini*", project="default", input_usd=Decimal(100), output_usd=Decimal(0))
    store.insert(block_from_prices([mine], version=1), token="1")
    query = Query("costs", "SELECT name, toString(cost_usd) AS usd, price_id FROM spans ORDER BY name")
    with serving(settings(tmp_path, store_url)) as client:
        client.post("/v1/traces", content=body_of(replace(model_call(), name="first")), headers=PROTOBUF)
        assert until(lambda: len(store.fetch_rows(query)) == 1)
    with serving(settings(tmp_path, f"http://127.0.0.1:{free_port()}/away")) as client:
        client.post("/v1/traces", content=body_of(replace(model_call(), name="second")), headers=PROTOBUF)
    with serving(settings(tmp_path, store_url)):
        assert until(lambda: len(store.fetch_rows(query)) == 2)
    assert store.fetch_rows(query) == [
        {"name": name, "usd": "0.1", "price_id": mine.price_id} for name in ("first", "second")
    ]
