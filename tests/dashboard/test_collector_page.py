"""The page Collector with a real collector behind it, without one, and with something else in its place."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from collector.forked import Collector
from collector.load import ledger_of
from collector.serving import PROTOBUF, settings
from collector.waiting import until
from collector.wire import body_of, wire_span
from dashboard.serving import dashboard
from dashboard.visits import House, OpenPage, watched, words
from playwright.sync_api import BrowserContext, expect
from streamlit.testing.v1 import AppTest

from spanglass_collector.queue import Queue
from spanglass_dashboard import collector_api
from spanglass_dashboard import settings as settings_in_use
from spanglass_store.connection import Store
from spanglass_store.keys import block_from_key, new_key
from spanglass_store.native import block_from_columns

pytestmark = pytest.mark.clickhouse


def asks(url: str, key: str | None = None) -> None:
    """Have the page ask there."""
    changed = {"clickhouse_url": settings_in_use.current().clickhouse_url, "collector_api_url": url}
    settings_in_use.use(settings_in_use.Settings(**changed, collector_api_key=key))  # type: ignore[arg-type]
    collector_api._status.clear()
    collector_api._set_aside.clear()


@contextmanager
def busy_collector(folder: Path, url: str, **values: object) -> Iterator[Collector]:
    """A collector that stored one span, knew one again, refused one request and set one aside."""
    with Queue.open(folder / "queue" / "0", max_bytes=10**6) as queue:
        queue.put(block_from_columns("spans", [("no_such_column", "UInt8", [1, 2, 3])]))
    with Collector(settings(folder, url, **values)) as collector:
        body = body_of(wire_span())
        for sent in (body, body, b"garbage!"):
            httpx.post(f"{collector.url}/v1/traces", content=sent, headers=PROTOBUF)
        until(lambda: "queued" not in ledger_of(collector.url))
        yield collector


def tables(app: AppTest) -> list[dict[str, list[object]]]:
    return [each.value.to_dict("list") for each in app.dataframe]


def test_the_ledger_adds_up_and_what_was_refused_is_told(
    open_page: OpenPage, store: Store, store_url: str, tmp_path: Path
) -> None:
    with busy_collector(tmp_path, store_url) as collector:
        asks(f"{collector.url}/")
        app = open_page("collector")
        assert not app.exception
        ledger, refused, aside = tables(app)
        assert {name: cells for name, cells in ledger.items() if name != "adds_up"} == {
            "table": ["spans"], "received": [5], "stored": [1], "queued": [0], "duplicate": [1], "rejected": [0],
            "set_aside": [3],
        }  # fmt: skip
        assert ledger["adds_up"] == ["✓"]
        assert refused["what"] == ["Requests that cannot be read"]
        assert (aside["id"], aside["rows"], "no_such_column" in str(aside["reason"])) == (["0/1"], [3], True)
        assert [metric.value for metric in app.metric if metric.label in {"Waiting", "Set aside"}] == ["0", "3"]
        assert "Receives and stores" in words(app)
        asks(f"{collector.url}, http://127.0.0.1:9")
        assert "Receives and stores" in words(open_page("collector"))  # the first of several
        collector.kill()
        asks(collector.url)
        gone = open_page("collector")
        assert f"No collector answers at {collector.url}".replace(":", r"\:").split(r"\:")[0] in words(gone)
        assert "SPANGLASS_COLLECTOR_API_URL" in words(gone)


def test_reasons_take_a_key_of_an_admin_where_keys_are_required(
    open_page: OpenPage, store: Store, store_url: str, tmp_path: Path
) -> None:
    text, key = new_key("p", "k", "admin", secret=secrets.token_urlsafe(32), key_id="k", now_ns=1)
    store.insert(block_from_key(key, version=1), token="k")
    with Collector(settings(tmp_path, store_url, require_keys=True)) as collector:
        asks(collector.url)
        app = open_page("collector")
        assert not app.exception
        assert "Nothing was received yet." in words(app)
        assert "SPANGLASS_COLLECTOR_API_KEY" in words(app)
        asks(collector.url, text)
        assert "Nothing is set aside." in words(open_page("collector"))


def test_something_else_in_its_place_is_told(open_page: OpenPage, store_url: str) -> None:
    for url in (
        store_url.partition("@")[0].partition("//")[0] + "//" + store_url.partition("@")[2].partition("/")[0],
        "x",
    ):
        asks(url)
        app = open_page("collector")
        assert not app.exception
        assert "is no collector of this version" in words(app) or "is no address" in words(app)


@pytest.mark.browser
def test_it_fits_a_telephone_and_follows_what_happens(
    store: Store, store_url: str, context: BrowserContext, tmp_path: Path
) -> None:
    with (
        busy_collector(tmp_path, store_url) as collector,
        dashboard(store_url, tmp_path / "dashboard.log", SPANGLASS_COLLECTOR_URL=collector.url) as address,
    ):
        page = context.new_page()
        visit = watched(page, House(store, address))
        page.set_viewport_size({"width": 390, "height": 844})
        visit.go("/collector")
        expect(page.get_by_text("Receives and stores")).to_be_visible()
        expect(page.get_by_test_id("stDataFrame")).to_have_count(3)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        collector.kill()
        expect(page.get_by_text("No collector answers at")).to_be_visible()
        assert visit.foreign == visit.refused == []
