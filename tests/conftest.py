"""What tests share: the database and the browser, both real.

The database is the embedded engine, one server a run, one fresh database a test. It is off unless a test asks for it
by its marker, so that what is meant to be pure stays pure and quick.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import NoReturn

import browser
import pytest
from hypothesis import settings
from playwright.sync_api import Browser, BrowserContext, expect
from ports import free_port
from schema_copies import copy_schema

from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.migrate import migrate

settings.register_profile("house", deadline=None)  # a busy machine is no counterexample
settings.load_profile("house")


expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong


@pytest.fixture(scope="session", autouse=True)
def spool_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the SDK spools, here or in a process that a test starts, is not put into the user's own folder."""
    os.environ["SPANGLASS_SPOOL_DIR"] = str(tmp_path_factory.mktemp("spool"))


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedClickHouse]:
    """A running embedded server."""
    with EmbeddedClickHouse(tmp_path_factory.mktemp("clickhouse"), http_port=free_port()) as server:
        yield server


@pytest.fixture
def store_url(clickhouse: EmbeddedClickHouse) -> Iterator[str]:
    """The address of a fresh database with nothing in it, not even created; dropped after the test."""
    database = f"t_{secrets.token_hex(6)}"
    yield clickhouse.url(database=database)
    with Store(clickhouse.url(database=database)) as store:
        store.execute("DROP DATABASE IF EXISTS {name:Identifier} SYNC", {"name": database}, use_database=False)


@pytest.fixture(scope="session")
def migrated(clickhouse: EmbeddedClickHouse) -> Iterator[Store]:
    """A database with the whole schema and no rows: what each test's own is made like, a tenth of the time of migrating it."""
    with Store(clickhouse.url(database=f"t_like_{secrets.token_hex(6)}")) as opened:
        migrate(opened)
        yield opened
        opened.execute("DROP DATABASE {name:Identifier} SYNC", {"name": opened.database}, use_database=False)


@pytest.fixture
def store(store_url: str, migrated: Store) -> Iterator[Store]:
    """A store whose database has the whole schema and no rows."""
    with Store(store_url) as opened:
        copy_schema(migrated, opened)
        yield opened


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """A browser, for one test: while Playwright is open, nobody else in this thread can run an event loop.

    Without Chromium the test is skipped with a line that says how to get it, or fails where the environment forbids
    the skip.
    """
    if browser.executable() is None:
        (pytest.fail if os.environ.get("SPANGLASS_REQUIRE_BROWSER") else pytest.skip)(browser.HOW_TO_GET_IT)
    with browser.launch() as launched:
        yield launched


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that remembers nothing of other tests."""
    opened = chromium.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Europe/Berlin", locale="en-GB")
    opened.set_default_timeout(30_000)
    yield opened
    opened.close()


UNASKED = "This test uses the database but is not marked with @pytest.mark.clickhouse."


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test by its argument, not by the bytes in it: a packed body holds the time, and two workers differ."""
    return argname if isinstance(val, bytes) else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test that asks for a server without its marker, before one is started."""
    if "clickhouse" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("clickhouse"):
        pytest.fail(UNASKED, pytrace=False)


@pytest.fixture(autouse=True)
def no_unasked_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that opens a Store by itself without the marker."""
    if request.node.get_closest_marker("clickhouse"):
        return

    def refuse(*_: object, **__: object) -> NoReturn:
        pytest.fail(UNASKED)

    monkeypatch.setattr(Store, "__init__", refuse)
