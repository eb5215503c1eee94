"""Pages to test: run in this process without a browser, or served and opened in a real one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import browser
import pytest
import shop
from playwright.sync_api import Browser, BrowserContext, Page
from serving import dashboard
from streamlit.testing.v1 import AppTest

from spanglass_dashboard import data, server, settings, trace_data
from spanglass_dashboard.settings import Settings
from spanglass_store.connection import Store
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import block_from_scores

OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(store: Store, store_url: str) -> Iterator[OpenPage]:
    """Runs a page on the test's own database: ``open_page("traces", t="7d")``. Without a browser."""
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


def insert(store: Store, history: shop.History) -> None:
    """Write ``history`` into ``store``."""
    store.insert(block_from_spans(history.spans), token=f"spans-{id(history)}")
    if history.scores:
        store.insert(block_from_scores(history.scores), token=f"scores-{id(history)}")


@dataclass
class Visit:
    """A tab of a real browser, and what it should never have done."""

    page: Page
    address: str
    foreign: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open ``path`` of the dashboard and wait until its frame is drawn."""
        self.page.goto(self.address + path)
        self.page.get_by_test_id("stAppViewContainer").wait_for()
        return self.page


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; without Chromium they are skipped, with a line that says how to get it."""
    if browser.executable() is None:
        pytest.skip(browser.HOW_TO_GET_IT)
    with browser.launch() as launched:
        yield launched


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that remembers nothing of other tests."""
    opened = chromium.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Europe/Berlin", locale="en-GB")
    opened.set_default_timeout(30_000)
    yield opened
    opened.close()


@pytest.fixture
def browser_page(store: Store, store_url: str, context: BrowserContext, tmp_path: Path) -> Iterator[Visit]:
    """A tab on a dashboard that serves the test's database. It fails a test whose page called another host."""
    with dashboard(store_url, tmp_path / "dashboard.log") as address:
        visit = watched(context.new_page(), address)
        yield visit
    assert visit.foreign == []
    assert visit.violations == []


def watched(page: Page, address: str) -> Visit:
    """``page`` with an eye on requests to other hosts and on what the content policy refused."""
    visit = Visit(page, address)
    own = (address, address.replace("http", "ws", 1), "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(own) else visit.foreign.append(request.url))
    page.on(
        "console",
        lambda told: visit.violations.append(told.text) if "Content Security Policy" in told.text else None,
    )
    return visit
