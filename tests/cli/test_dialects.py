from __future__ import annotations

import json
from pathlib import Path

from collector.payloads import RECORDED
from command import spanglass

CHAT = RECORDED / "openinference-openai" / "chat.pb"


def test_a_file_is_reported_by_service_and_scope() -> None:
    told = spanglass("dialects", CHAT)
    lines = [" ".join(line.split()) for line in told.stdout.splitlines()]
    assert told.returncode == 0
    assert lines[0].startswith("corpus-app · openinference.instrumentation.openai 0.1.66 · 1 span")
    assert "llm.token_count.prompt 1 input_tokens (openinference)" in lines
    assert "llm.token_count.total 1" in lines[lines.index("ignored") :]


def test_the_report_is_json_for_programs() -> None:
    told = json.loads(spanglass("dialects", CHAT, "--json").stdout)
    (group,) = told["groups"]
    assert (told["spans"], told["log_records"], group["service"], group["spans"]) == (1, 0, "corpus-app", 1)
    assert {"name": "llm.provider", "field": "provider", "dialect": "openinference", "spans": 1} in group["understood"]
    assert group["contradictory"] == []
    assert {"name": "llm.token_count.total", "spans": 1} in group["ignored"]


def test_a_file_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not telemetry")
    for file, sentence in (
        (text, "cannot be used as OTLP"),
        (tmp_path, "cannot be read"),
        (tmp_path / "none", "cannot be read"),
    ):
        done = spanglass("dialects", file)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        assert sentence in done.stderr.splitlines()[-1]
