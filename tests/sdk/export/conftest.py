"""What the tests of sending share."""

from __future__ import annotations

import pytest


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing goes before it is asked to or the queue is long: so a receipt tells all that was recorded."""
    monkeypatch.setenv("SPANGLASS_EXPORT_INTERVAL_SECONDS", "60")
