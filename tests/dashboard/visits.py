"""How tests look at pages: what a page says without a browser, and what a tab of a real one must never do."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from playwright.sync_api import ConsoleMessage, Page, Request
from streamlit.testing.v1 import AppTest

from dashboard import shop
from spanglass_dashboard.address import DEFAULT_PROJECT
from spanglass_store.connection import Store
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import block_from_scores
from spanglass_store.span import Span

OpenPage = Callable[..., AppTest]


def words(app: AppTest) -> str:
    """Everything a page says, in one text."""
    kinds = (app.markdown, app.caption, app.text, app.code, app.subheader, app.info, app.warning, app.error)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def insert(store: Store, history: shop.History) -> None:
    """Write ``history`` into ``store``."""
    store.insert(block_from_spans(history.spans), token=f"spans-{id(history)}")
    if history.scores:
        store.insert(block_from_scores(history.scores), token=f"scores-{id(history)}")


@dataclass(frozen=True)
class House:
    """A served dashboard and the store behind it."""

    store: Store
    address: str


@dataclass
class Visit:
    """A tab of a real browser on a project, and what it should never do: call ``foreign`` hosts, or try to run or
    load what the content policy then ``refused``.
    """

    page: Page
    house: House
    project: str = DEFAULT_PROJECT
    foreign: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open ``path`` of the dashboard in this project and wait until its frame is drawn."""
        joint = "&" if "?" in path else "?"
        project = "" if self.project == DEFAULT_PROJECT else f"{joint}project={self.project}"
        self.page.goto(f"{self.house.address}{path}{project}")
        self.page.get_by_test_id("stAppViewContainer").wait_for()
        return self.page

    def insert(self, *spans: Span) -> None:
        """Write ``spans`` into this project."""
        insert(self.house.store, shop.History([replace(span, project=self.project) for span in spans], []))

    def shop(self, traces: int = 40) -> shop.History:
        """Write some hours of the shop into this project; what was written."""
        made = shop.history(time.time_ns(), traces=traces, hours=20, project=self.project)
        insert(self.house.store, made)
        return made


def watched(page: Page, house: House, project: str = DEFAULT_PROJECT) -> Visit:
    """``page`` with an eye on requests to other hosts and on what the content policy refused."""
    visit = Visit(page, house, project)
    own = (house.address, house.address.replace("http", "ws", 1), "data:", "blob:")

    def requested(request: Request) -> None:
        if not request.url.startswith(own):
            visit.foreign.append(request.url)

    def failed(request: Request) -> None:
        if request.failure == "csp":  # it never left the browser
            visit.foreign.remove(request.url)

    def told(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            visit.refused.append(message.text)

    page.on("request", requested)
    page.on("requestfailed", failed)
    page.on("console", told)
    return visit
