"""Each test of the SDK begins as a fresh process would: no settings, no queue, no counts; own failures are raised."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from sdk.servers import Provider, Sink, collecting, providing

import spanglass
from spanglass import guard, testing
from spanglass import provider as providers
from spanglass.settings import Settings


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, spool: Path) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith(("SPANGLASS_", "OTEL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SPANGLASS_SPOOL_DIR", str(spool))  # for the processes that a test starts, too
    monkeypatch.setenv("SPANGLASS_RAISE_ERRORS", "1")
    monkeypatch.setattr(guard.POLICY, "raises", True)
    testing.reset()
    yield
    testing.reset()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Where spans wait on disk: nobody else's folder, and not there yet."""
    return tmp_path / "spool"


@pytest.fixture
def forgiving(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's own failures are swallowed, as in an application."""
    monkeypatch.setenv("SPANGLASS_RAISE_ERRORS", "0")
    monkeypatch.setattr(guard.POLICY, "raises", False)


@pytest.fixture
def seen() -> Iterator[testing.Captured]:
    with testing.captured() as captured:
        yield captured


@pytest.fixture
def sink() -> Iterator[Sink]:
    with collecting() as found:
        yield found


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing() as found:
        yield found


@pytest.fixture
def exporting(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Sink:
    """The SDK set up to send to ``sink``, with a tracer provider of its own that is not the global one."""
    monkeypatch.setenv("SPANGLASS_EXPORT_INTERVAL_SECONDS", "0.05")
    spanglass.init("shop", endpoint=sink.url, project="p1", api_key="sg_secret", tracer_provider=new_provider())
    return sink


def new_provider() -> TracerProvider:
    return providers.new_provider(Settings(service="shop", environment="test", release="1.2"))
