"""From a decorated function to the page and the alert, as a newcomer meets it: everything real but the model."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from command import Up
from e2e.provider import ANSWER, SERVED, provider
from playwright.sync_api import BrowserContext, Page, expect
from webhook import webhook

HERE = Path(__file__).parent
# Published prices of gpt-4o, August 2024: $2.50 a million input tokens, $10.00 a million output tokens.
FIRST_COST = 0.120 * 2.5 + 0.050 * 10  # $0.80
STREAM_COST = 0.008 * 2.5 + 0.004 * 10  # $0.06
PATIENCE_MS = 30_000
SETTLED = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Everything, as one command starts it; alerts are looked at each second."""
    with Up(tmp_path_factory.mktemp("up"), SPANGLASS_MONITOR_INTERVAL_SECONDS="1") as running:
        yield running
    assert running.process.returncode == 0, running.text


def eventually(look: Callable[[], Any], seconds: float = 15) -> Any:
    """The first answer of ``look`` that is not None."""
    deadline = time.monotonic() + seconds
    while (answer := look()) is None:
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
    return answer


def run(program: Path, provider_url: str, up: Up, **more: str) -> subprocess.CompletedProcess[str]:
    """A program of its own, with the provider and the collector in its environment."""
    told = {"OPENAI_BASE_URL": provider_url, "OPENAI_API_KEY": "sk-test", "SPANGLASS_ENDPOINT": up.collector}
    return subprocess.run(
        [sys.executable, program],
        env={**os.environ, **told, **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def trace_id(up: Up) -> str:
    """The trace of one run of the application."""
    with provider() as url:
        done = run(HERE / "application.py", url, up)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.clickhouse
def test_the_example_of_the_readme_is_recorded_with_its_score(up: Up, tmp_path: Path) -> None:
    readme = (HERE.parent.parent / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    script = tmp_path / "readme_example.py"
    script.write_text(code)
    with provider() as url:
        done = run(script, url, up, SPANGLASS_PROJECT="readme")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, ANSWER, "")

    def recorded() -> Any:
        project = {"x-spanglass-project": "readme"}
        traces = httpx.get(f"{up.collector}/api/v1/traces", headers=project).json()["traces"]
        return traces[0] if traces and traces[0]["score"] is not None else None

    trace = eventually(recorded)
    assert (trace["name"], trace["service"], trace["spans"], trace["score"]) == ("answer", "readme_example", 2, 1)


@pytest.mark.clickhouse
def test_the_api_tells_the_call_whole(up: Up, trace_id: str) -> None:
    def whole() -> Any:
        answer = httpx.get(f"{up.collector}/api/v1/traces/{trace_id}")
        found = answer.json() if answer.status_code == 200 else {}
        return found if len(found.get("spans", [])) == 3 and any(s["scores"] for s in found["spans"]) else None

    trace = eventually(whole)
    root, first, streamed = sorted(trace["spans"], key=lambda s: int(s["start_ns"]))
    assert (root["name"], root["kind"], root["parent_span_id"]) == ("answer", "span", None)
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
def test_the_page_shows_prompt_completion_tokens_and_cost(up: Up, trace_id: str, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{up.dashboard}/traces?trace={trace_id}")
    expect(page.get_by_text("$0.86").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("182,000").first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_text(re.compile("chat gpt-4o|chat.completions")).first.click()
    expect(page.get_by_text("Where is <b>parcel 1182</b>?").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text(ANSWER).first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("$0.80").first).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.clickhouse
@pytest.mark.browser
def test_the_alert_set_on_the_page_fires_and_tells_the_webhook(up: Up, trace_id: str, context: BrowserContext) -> None:
    page = context.new_page()
    with webhook() as hook:
        page.goto(f"{up.dashboard}/alerts")
        page.locator(SETTLED).wait_for()
        page.get_by_role("button", name="New alert").first.click()
        page.get_by_label("Name").fill("Too dear")
        choose(page, "Measure", "Cost")
        choose(page, "Over the last", "1 h")
        page.get_by_label("Threshold ($)").fill("0.5")
        page.get_by_role("textbox", name="Channels").fill(hook.url.replace("http://", "json://"))
        page.get_by_role("textbox", name="Channels").blur()
        page.get_by_role("button", name="Save alert").click()
        expect(page.get_by_text("Too dear").first).to_be_visible(timeout=PATIENCE_MS)
        notice = json.dumps(hook.wait_for(1)[0])
    assert "Too dear" in notice
    assert "$0.86" in notice
    eventually(lambda: shows(page, "Firing for") or None, seconds=60)


def shows(page: Page, text: str) -> bool:
    """Whether a fresh look at the page shows ``text``."""
    page.reload()
    page.locator(SETTLED).wait_for()
    return page.get_by_text(text).first.is_visible()


def choose(page: Page, label: str, option: str) -> None:
    """Pick ``option`` in the selection called ``label``."""
    page.get_by_role("combobox", name=re.compile(label)).first.click()
    page.get_by_role("option", name=option, exact=True).first.click()
