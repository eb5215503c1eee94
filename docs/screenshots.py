"""Take the pictures in ``docs/pictures``: a real demo, a real browser, desktop, light and dark. ``make screenshots``."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Final, Literal

import browser
import httpx
from command import Up
from playwright.sync_api import Browser, Page, expect

PICTURES: Final = Path(__file__).parent / "pictures"
SETTLED: Final = '[data-testid="stApp"][data-test-script-state="notRunning"]'
PAGES: Final = {
    "overview": "/?t=24h",
    "traces": "/traces?t=24h",
    "trace": "/traces?trace={trace_id}",
    "quality": "/quality?t=7d",
    "alerts": "/alerts",
    "prices": "/prices",
    "dialects": "/dialects",
    "collector": "/collector",
}
Theme = Literal["light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")


def main() -> None:
    """Start the demo in a folder of its own, look at every page, end it."""
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Up(Path(folder), command="demo") as demo,
        browser.launch() as chromium,
    ):
        demo.wait_for("Live traffic follows")
        time.sleep(45)  # the alert fires, and some traffic of today
        trace_id = telling_trace(demo.collector)
        for theme in THEMES:
            for name, address in PAGES.items():
                picture = PICTURES / f"{name}-{theme}.png"
                take(chromium, theme, demo.dashboard + address.format(trace_id=trace_id), picture)
                print(picture)


def telling_trace(collector: str) -> str:
    """A trace with a story: the one of the last hundred with the most spans that did not fail."""
    found = httpx.get(f"{collector}/api/v1/traces", params={"limit": 100}).raise_for_status().json()["traces"]
    return str(max((t for t in found if t["status"] == "ok"), key=lambda t: t["spans"])["trace_id"])


def take(chromium: Browser, theme: Theme, address: str, picture: Path) -> None:
    """One picture of one page, once it has come to rest."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme)
    page = context.new_page()
    page.goto(address)
    settle(page)
    if "trace=" in address:
        page.get_by_role("treeitem").filter(has_text="chat").first.click()
        settle(page)
    page.screenshot(path=picture, animations="disabled")
    context.close()


def settle(page: Page) -> None:
    """Wait until the script has run and the charts are drawn."""
    page.wait_for_timeout(1_500)
    page.locator(SETTLED).wait_for(timeout=60_000)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=60_000)
    page.wait_for_timeout(1_500)


if __name__ == "__main__":
    main()
