"""Celery tasks: sent inside a span they are below it, in the same process, in a worker's thread, in its processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import celery
import pytest
from celery import signals
from celery.contrib.testing.worker import start_worker
from sdk.servers import Sink

import spanglass
from spanglass import semconv
from spanglass.propagation import celery as tasks
from spanglass.testing import Captured


def leave_logging_alone(**_more: object) -> None:
    """A worker sets logging up for its process, unless somebody else says that he does."""


@pytest.fixture
def connected() -> Iterator[None]:
    signals.setup_logging.connect(leave_logging_alone)
    tasks.connect()
    tasks.connect()
    yield
    signals.setup_logging.disconnect(leave_logging_alone)
    tasks.disconnect()
    assert not any("spanglass" in str(each) for each in signals.task_prerun.receivers)


def application(**settings: object) -> celery.Celery:
    app = celery.Celery("shop", broker="memory://", backend="cache+memory://", set_as_current=False)
    app.conf.update(worker_redirect_stdouts=False, **settings)
    app.conf.broker_transport_options = {"polling_interval": 0.02}

    @app.task(name="work", shared=False)
    @spanglass.observe
    def work(n: int) -> int:
        if n > 1:
            work.delay(n - 1)
        return n

    return app


@pytest.mark.usefixtures("connected")
def test_a_task_that_runs_at_once(seen: Captured) -> None:
    work = application(task_always_eager=True).tasks["work"]
    with spanglass.context(user_id="u1"), spanglass.span("root"):
        work.delay(2)
    work.delay(1)
    assert seen.tree() == "root\n  work\n    work\nwork"


@pytest.mark.usefixtures("connected")
def test_a_worker(seen: Captured) -> None:
    app = application()
    work = app.tasks["work"]
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        with spanglass.context(user_id="u1"), spanglass.span("root"):
            assert work.delay(1).get(timeout=30) == 1
        assert work.delay(1).get(timeout=30) == 1
    inside, outside = [span for span in seen.spans if span.name == "work"]
    assert (inside.parent_span_id, inside.attributes[semconv.USER_ID]) == (seen.span("root").span_id, "u1")
    assert (outside.parent_span_id, semconv.USER_ID in outside.attributes) == ("", False)
    assert not tasks._UNDER_WAY


SHOP = """
import celery, spanglass, time
from spanglass.propagation import celery as tasks
app = celery.Celery("shop", broker="filesystem://")
app.conf.broker_transport_options = {"data_folder_in": "queue", "data_folder_out": "queue", "polling_interval": 0.02}
tasks.connect()

@app.task(name="work")
@spanglass.observe
def work(n):
    if n > 1:
        work.delay(n - 1)
    open(f"done{n}", "w").close()

if __name__ == "__main__":
    with spanglass.context(user_id="u1"), spanglass.span("root"):
        work.delay(2)
"""


def test_the_processes_of_a_worker_send_their_spans_before_they_end(sink: Sink, tmp_path: Path) -> None:
    (tmp_path / "queue").mkdir()
    (tmp_path / "shop.py").write_text(SHOP)
    env = {**os.environ, "SPANGLASS_ENDPOINT": sink.url, "SPANGLASS_EXPORT_INTERVAL_SECONDS": "60"}
    subprocess.run([sys.executable, "shop.py"], cwd=tmp_path, env=env, check=True)
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "shop",
        "worker",
        "--pool=prefork",
        "-c1",
        "--loglevel=ERROR",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]
    worker = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "done1").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
    finally:
        worker.kill()
        worker.wait()
    spans = {span["span_id"]: span for span in sink.spans()}
    upper, lower = sorted(
        (span for span in spans.values() if span["name"] == "work"), key=lambda span: span["start_ns"]
    )
    assert spans[upper["parent_span_id"]]["name"] == "root"
    assert lower["parent_span_id"] == upper["span_id"]
    assert upper["attributes"][semconv.USER_ID] == lower["attributes"][semconv.USER_ID] == "u1"
