from __future__ import annotations

from types import SimpleNamespace

import pytest

from spanglass_collector.journal import waiting
from spanglass_collector.journal.backlog import Backlog
from spanglass_collector.journal.waiting import Waiting


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that goes on only while somebody waits."""
    clock = SimpleNamespace(now=1000.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(waiting, "time", clock)
    return clock


def waited(waiting: Waiting, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, rows: int = 9) -> float:
    """How long it takes until a group is due, in seconds."""

    def go_on(seconds: float) -> None:
        clock.now += seconds

    began = clock.now
    monkeypatch.setattr(waiting._changed, "wait", go_on)
    assert waiting.wait(rows=rows, linger_seconds=2.0, timeout_seconds=60)
    return round(float(clock.now - began), 6)


def test_a_group_fills_from_the_one_before_on(clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    backlog = Backlog()
    here = Waiting(backlog)
    backlog.rows = 5
    here.look()
    assert waited(here, clock, monkeypatch) == 0.5  # after a pause
    here.leased()
    clock.now += 0.7  # the insert takes so long, more comes meanwhile
    here.look()
    assert waited(here, clock, monkeypatch) == 1.3
    here.leased()
    clock.now += 5.0  # a slow one
    assert waited(here, clock, monkeypatch) == 0.0
    assert waited(here, clock, monkeypatch, rows=5) == 0.0


def test_a_full_group_waits_for_nothing(clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    backlog = Backlog()
    here = Waiting(backlog)
    here.leased()
    backlog.rows = 9
    here.look()
    assert waited(here, clock, monkeypatch) == 0.0
