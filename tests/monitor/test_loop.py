"""The monitor as a process and as a thread: it looks, beats, goes on after trouble, and stops when told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from webhook import webhook

from spanglass_monitor.loop import watch
from spanglass_monitor.settings import Settings
from spanglass_store.connection import Store
from spanglass_store.migrate import migrate
from spanglass_store.rules import Rule, block_from_rule, transition_from_row, transitions

SILENCE = Rule("shop", "r1", "Traffic stops", "calls", "below", 1.0, window_seconds=60)


def until(holds: Callable[[], object], timeout_seconds: float = 60) -> None:
    """Return once ``holds()`` is true."""
    deadline = time.monotonic() + timeout_seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def running(url: str, data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """The monitor as ``spanglass monitor`` runs it, looking ten times a second."""
    command = "from spanglass_monitor.loop import run; from spanglass_monitor.settings import Settings; run(Settings())"
    environment = {
        "PATH": os.environ["PATH"],
        "SPANGLASS_CLICKHOUSE_URL": url,
        "SPANGLASS_DATA_DIR": str(data_dir),
        "SPANGLASS_MONITOR_INTERVAL_SECONDS": "0.1",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.clickhouse
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_alerts_beats_and_ends_cleanly_when_told(
    store: Store, store_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    with webhook() as hook, running(store_url, tmp_path / "data") as process:
        beat = tmp_path / "data" / "monitor.heartbeat"
        until(beat.exists)
        assert json.loads(beat.read_text())["rules"] == 0
        rule = replace(SILENCE, channels=(hook.url,))
        store.insert(block_from_rule(rule, version=1), token="rule")
        (body,) = hook.wait_for(1)
        assert body["title"] == "Warning: Traffic stops"
        until(lambda: json.loads(beat.read_text())["firing"] == 1)
        process.send_signal(number)
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 0, output
    (fired,) = (transition_from_row(row) for row in store.fetch_rows(transitions("shop")))
    assert (fired.to_state, fired.value, fired.notified) == ("firing", 0.0, "sent")


@pytest.mark.clickhouse
def test_a_webhook_that_hangs_does_not_hold_up_the_end_and_is_told_again(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    with webhook(hanging=True) as hook:
        rule = replace(SILENCE, channels=(hook.url,))
        store.insert(block_from_rule(rule, version=1), token="rule")
        with running(store_url, tmp_path) as process:
            until(lambda: hook.asked)
            process.terminate()
            process.communicate(timeout=10)
        assert process.returncode == 0
        (fired,) = (transition_from_row(row) for row in store.fetch_rows(transitions("shop")))
        assert fired.notified == f"failed: http://127.0.0.1:{hook.port}/… no answer in time"
        hook.hold.set()
        with running(store_url, tmp_path):
            hook.wait_for(2)


@pytest.mark.clickhouse
def test_it_waits_for_a_schema_that_is_not_there_yet(
    store_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(clickhouse_url=store_url, data_dir=tmp_path, monitor_interval_seconds=0.1)
    stop = threading.Event()
    thread = threading.Thread(target=watch, args=(settings, stop))
    thread.start()
    try:
        until(lambda: "rules could not be read" in caplog.text)
        assert not settings.heartbeat_file.exists()
        with Store(store_url) as store:
            migrate(store)
        until(settings.heartbeat_file.exists)
    finally:
        stop.set()
        thread.join()


def test_the_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_CLICKHOUSE_URL", "http://writer:s3cret@db:8123/spanglass")
    monkeypatch.setenv("SPANGLASS_MONITOR_INTERVAL_SECONDS", "30")
    monkeypatch.setenv("SPANGLASS_DATA_DIR", "/data")
    settings = Settings()
    assert settings.monitor_interval_seconds == 30
    assert settings.heartbeat_file == Path("/data/monitor.heartbeat")
    assert "s3cret" not in repr(settings)
