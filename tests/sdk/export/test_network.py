"""Whatever is wrong with the network: the application's own threads do not meet it, and nothing is lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from sdk.conftest import new_provider
from sdk.export.collectors import TROUBLES

import spanglass

pytestmark = pytest.mark.usefixtures("unhurried")

SPANS = 5


@spanglass.observe
def work(text: str = "hello") -> str:
    return text.upper()


@pytest.fixture
def callers_of_the_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the threads that have opened a connection or looked up a host."""
    names: list[str] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        names.append(threading.current_thread().name)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    return names


@pytest.fixture(params=TROUBLES)
def trouble(request: pytest.FixtureRequest) -> Iterator[str]:
    opened: AbstractContextManager[str] = TROUBLES[request.param]()
    with opened as url:
        yield url


@pytest.mark.usefixtures("forgiving")
def test_whatever_is_wrong_with_the_network_spans_end_in_the_spool(
    trouble: str, callers_of_the_network: list[str], spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANGLASS_TIMEOUT_SECONDS", "0.3")
    spanglass.init("shop", endpoint=trouble, tracer_provider=new_provider())
    assert [work(f"t{number}") for number in range(SPANS)] == [f"T{number}" for number in range(SPANS)]
    receipt = spanglass.flush(1.5)
    assert not receipt
    assert (receipt.sent, receipt.dropped) == (0, 0)
    assert receipt.spooled + receipt.pending == SPANS
    spanglass.shutdown(1)
    totals = spanglass.stats()
    assert (totals.spans_ended, totals.spans_spooled, totals.spans_pending, totals.spans_dropped) == (
        SPANS,
        SPANS,
        0,
        0,
    )
    assert totals.errors == 0
    assert set(callers_of_the_network) == {"spanglass-sender"}
    assert sum(int(path.name.split(".")[0].split("-")[3]) for path in spool.rglob("*.parcel")) == SPANS
    assert list(spool.rglob("*.taken")) == []
