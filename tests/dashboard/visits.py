"""How tests look at pages: what a page says without a browser, and what a tab of a real one must never do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Page
from streamlit.testing.v1 import AppTest

from dashboard import shop
from spanglass_store.connection import Store
from spanglass_store.rows import block_from_spans
from spanglass_store.scores import block_from_scores

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
