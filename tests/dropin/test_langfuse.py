"""What Langfuse's SDKs ask beside sending spans: scores, whether the keys are right, prompts, media."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from collector.waiting import until
from dropin.conftest import Guarded
from dropin.recording import Recorded, run
from dropin.vendors import VENDORS, Address, Vendor, langfuse

pytestmark = pytest.mark.clickhouse
VERSIONS = [name for name in VENDORS if name.startswith("langfuse")]


@pytest.mark.parametrize("name", VERSIONS)
def test_scores_are_on_the_span_and_the_trace_that_they_judge(recorded: Callable[[str], Recorded], name: str) -> None:
    (trace,) = recorded(name).traces
    assert trace["trace_id"] == recorded(name).printed[-1]
    (agent,) = [span for span in trace["spans"] if span["name"] == "support"]
    told = ("name", "value", "data_type", "comment")
    assert [{field: score[field] for field in told} for score in (*agent["scores"], *trace["scores"])] == [
        {"name": "on topic", "value": True, "data_type": "boolean", "comment": ""},
        {"name": "tone", "value": "kind", "data_type": "categorical", "comment": "read by hand"},
    ]


@pytest.mark.parametrize("name", VERSIONS)
def test_the_sdk_finds_its_key_right(recorded: Callable[[str], Recorded], name: str) -> None:
    assert recorded(name).printed[0] == "True"


def test_a_key_that_nobody_knows_is_refused(guarded: Guarded) -> None:
    answer = httpx.get(f"{guarded.address.url}/api/public/projects", auth=("pk-lf-any", "sk-lf-wrong"))
    assert answer.status_code == 401


def test_keys_of_langfuse_do_where_none_are_needed_and_what_is_not_here_does_no_harm(unguarded: str) -> None:
    elsewhere = Vendor("langfuse", "langfuse_elsewhere.py", 2, langfuse)
    done = run(elsewhere, Address(unguarded, 0, "sk-lf-any"))
    right, prompt, trace_id = done.stdout.splitlines()
    assert (right, prompt) == ("True", "True Greet Ann.")
    assert "it has no /api/public/v2/prompts/greeting" in done.stderr

    until(lambda: httpx.get(f"{unguarded}/api/v1/ledger").json()["queued"] == 0)
    trace = httpx.get(f"{unguarded}/api/v1/traces/{trace_id}").json()
    assert [(s["id"], s["name"], s["value"], s["metadata"]) for s in trace["scores"]] == [
        ("score-1", "accuracy", 0.8, {"by": "night"})
    ]
    call = next(span for span in trace["spans"] if span["name"] == "greeting")
    assert (call["prompt_name"], call["prompt_version"]) == ("greeting", "3")
    text, image = call["input_messages"][0]["parts"]
    assert text == {"type": "text", "content": "Who is this?"}
    assert image["uri"].startswith("@@@langfuseMedia:type=image/png|id=")
