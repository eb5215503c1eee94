"""A real browser for tests and for the pictures of the documentation: the system's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
QUIET: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOW_TO_GET_IT: Final = "No Chromium here: install it with `apt-get install chromium` (browser tests need it)."


def executable() -> str | None:
    """Where the system's Chromium is, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def launch(**options: Any) -> Iterator[Browser]:
    """A headless browser that talks to nobody by itself; closed on leaving. Raises RuntimeError where there is none."""
    path = executable()
    if path is None:
        raise RuntimeError(HOW_TO_GET_IT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET), **options)
        try:
            yield browser
        finally:
            browser.close()
