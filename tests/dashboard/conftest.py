"""Pages to test: run in this process without a browser, or served and opened in a real one."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dashboard.serving import dashboard
from dashboard.visits import House, OpenPage, Visit, insert, watched
from playwright.sync_api import BrowserContext, expect
from streamlit.testing.v1 import AppTest

from dashboard import shop
from spanglass_dashboard import data, server, settings, trace_data
from spanglass_dashboard.settings import Settings
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.migrate import migrate

expect.set_options(timeout=30_000)


@pytest.fixture
def open_page(store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPage]:
    """Runs a page on the test's own database: ``open_page("traces", t="7d")``. Without a browser."""
    # AppTest makes the page the main module and leaves it so: a process that a later test spawns would run it.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    settings.use(Settings(clickhouse_url=store_url, collector_url="http://collector.example:4318"))

    def opened(page: str = "overview", **address: str) -> AppTest:
        app = AppTest.from_file(str(server.SCRIPT), default_timeout=60)
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        return app if page == "overview" else app.switch_page(f"pages/{page}.py").run()

    yield opened
    data.forget()
    trace_data.forget()
    data._store_at.clear()
    settings._in_use = None


@pytest.fixture
def full(store: Store) -> shop.History:
    """A day of the shop in the test's database, and what it was made of."""
    made = shop.history(time.time_ns(), traces=120, hours=20)
    insert(store, made)
    return made


@pytest.fixture(scope="session")
def house(clickhouse: EmbeddedClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One dashboard for all tests with a browser: each of them has a project of its own, which is wall enough."""
    url = clickhouse.url(database="house")
    with Store(url) as store:
        migrate(store)
        with dashboard(url, tmp_path_factory.mktemp("house") / "dashboard.log") as address:
            yield House(store, address)


@pytest.fixture
def visit(house: House, context: BrowserContext) -> Iterator[Visit]:
    """A tab on the house, in a new project. It fails a test whose page called another host or broke the policy."""
    opened = watched(context.new_page(), house, f"p{secrets.token_hex(4)}")
    yield opened
    assert opened.foreign == []
    assert opened.refused == []


@pytest.fixture
def browser_page(store: Store, store_url: str, context: BrowserContext, tmp_path: Path) -> Iterator[Visit]:
    """As ``visit``, on a dashboard and a database of the test's own (``store``): slower, for what projects share."""
    with dashboard(store_url, tmp_path / "dashboard.log") as address:
        opened = watched(context.new_page(), House(store, address))
        yield opened
    assert opened.foreign == []
    assert opened.refused == []
