"""From a decorated function to the page and the alert, as a newcomer meets it: everything real but the model."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from e2e.provider import ANSWER, SERVED, provider
from ports import free_port

HERE = Path(__file__).parent
# Published prices of gpt-4o, August 2024: $2.50 a million input tokens, $10.00 a million output tokens.
FIRST_COST = 0.120 * 2.5 + 0.050 * 10  # $0.80
STREAM_COST = 0.008 * 2.5 + 0.004 * 10  # $0.06
PATIENCE_MS = 30_000


@dataclass
class Running:
    collector: str
    dashboard: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    ports = {name: free_port() for name in ("port", "dashboard-port", "clickhouse-port")}
    data_dir = tmp_path_factory.mktemp("up")
    process = subprocess.Popen(
        [sys.executable, "-m", "spanglass_cli", "up", "--data-dir", str(data_dir)]
        + [part for name, port in ports.items() for part in (f"--{name}", str(port))],
        env={**os.environ, "SPANGLASS_MONITOR_INTERVAL_SECONDS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    here = Running(f"http://127.0.0.1:{ports['port']}", f"http://127.0.0.1:{ports['dashboard-port']}")
    try:
        eventually(lambda: httpx.get(f"{here.collector}/readyz").status_code == 200, process)
        eventually(lambda: httpx.get(f"{here.dashboard}/_stcore/health").status_code == 200, process)
        yield here
    finally:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output


def eventually(check: Callable[[], Any], process: subprocess.Popen[str] | None = None, seconds: float = 60) -> Any:
    """The first true answer of ``check``."""
    deadline = time.monotonic() + seconds
    while True:
        assert process is None or process.poll() is None, process.communicate()[0] if process else ""
        try:
            if answer := check():
                return answer
        except (httpx.TransportError, AssertionError):
            if time.monotonic() > deadline:
                raise
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def trace_id(running: Running) -> str:
    """The trace of one run of the application."""
    with provider() as url:
        done = subprocess.run(
            [sys.executable, str(HERE / "application.py")],
            env={**os.environ, "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-test", "SPANGLASS_ENDPOINT": running.collector},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def webhook() -> Iterator[tuple[str, queue.Queue[dict[str, Any]]]]:
    received: queue.Queue[dict[str, Any]] = queue.Queue()

    class Hook(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            received.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"json://127.0.0.1:{server.server_port}/alerts", received
        server.shutdown()
        thread.join()


@pytest.mark.clickhouse
def test_the_api_tells_the_call_whole(running: Running, trace_id: str) -> None:
    def whole() -> Any:
        answer = httpx.get(f"{running.collector}/api/v1/traces/{trace_id}")
        found = answer.json() if answer.status_code == 200 else {}
        return found if len(found.get("spans", [])) == 3 and any(s["scores"] for s in found["spans"]) else None

    trace = eventually(whole, seconds=15)
    root, first, streamed = sorted(trace["spans"], key=lambda s: int(s["start_ns"]))
    assert (root["name"], root["kind"], root["parent_span_id"]) == ("answer", "span", "")
    assert first["parent_span_id"] == streamed["parent_span_id"] == root["span_id"]
    assert (first["request_model"], first["response_model"]) == ("gpt-4o", SERVED)
    assert first["output_messages"][0]["parts"] == [{"type": "text", "content": ANSWER}]
    assert [m["role"] for m in first["input_messages"]] == ["system", "user"]
    assert (first["usage"]["input_tokens"], first["usage"]["output_tokens"]) == (120_000, 50_000)
    assert float(first["cost_usd"]) == pytest.approx(FIRST_COST)
    assert first["time_to_first_token_seconds"] is None
    assert streamed["time_to_first_token_seconds"] > 0
    assert streamed["output_messages"][0]["parts"] == [{"type": "text", "content": ANSWER}]
    assert float(streamed["cost_usd"]) == pytest.approx(STREAM_COST)
    assert (first["user_id"], first["session_id"], first["tags"]) == ("ann", "s1", ["beta"])
    assert float(trace["totals"]["cost_usd"]) == pytest.approx(FIRST_COST + STREAM_COST)


@pytest.mark.clickhouse
@pytest.mark.browser
def test_the_page_shows_prompt_completion_tokens_and_cost(running: Running, trace_id: str, browser_page: Page) -> None:
    browser_page.goto(f"{running.dashboard}/traces?trace={trace_id}")
    expect(browser_page.get_by_text("$0.86").first).to_be_visible(timeout=PATIENCE_MS)
    expect(browser_page.get_by_text("182,000").first).to_be_visible(timeout=PATIENCE_MS)
    browser_page.get_by_text(re.compile("chat gpt-4o|chat.completions")).first.click()
    expect(browser_page.get_by_text("Where is <b>parcel 1182</b>?").first).to_be_visible(timeout=PATIENCE_MS)
    expect(browser_page.get_by_text(ANSWER).first).to_be_visible(timeout=PATIENCE_MS)
    expect(browser_page.get_by_text("$0.80").first).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.clickhouse
@pytest.mark.browser
def test_the_alert_set_on_the_page_fires_and_tells_the_webhook(
    running: Running, trace_id: str, browser_page: Page, webhook: tuple[str, queue.Queue[dict[str, Any]]]
) -> None:
    url, received = webhook
    page = browser_page
    page.goto(f"{running.dashboard}/alerts")
    page.get_by_role("button", name="New alert").first.click()
    page.get_by_label("Name").fill("Too dear")
    page.get_by_label("Measure").click()
    page.get_by_role("option", name="Cost", exact=True).click()
    page.get_by_label(re.compile("Threshold")).fill("0.5")
    page.get_by_label("Over the last").click()
    page.get_by_role("option", name=re.compile("1 h")).first.click()
    page.get_by_label("Channels").first.fill(url)
    page.get_by_label("Channels").first.blur()
    page.get_by_role("button", name="Save alert").click()
    expect(page.get_by_text("Too dear").first).to_be_visible(timeout=PATIENCE_MS)
    notice = received.get(timeout=60)
    assert "Too dear" in json.dumps(notice)
    assert "$0.86" in json.dumps(notice)
    page.reload()
    expect(page.get_by_text(re.compile("firing", re.IGNORECASE)).first).to_be_visible(timeout=PATIENCE_MS)
