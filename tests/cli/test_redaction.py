from __future__ import annotations

from pathlib import Path

import pytest
from command import spanglass

RULES = """
[[rules]]
name = "people"
projects = ["shop"]
patterns = ["email"]
paths = ["*.password"]
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "redaction.toml"
    path.write_text(RULES)
    return path


def test_rules_are_listed_and_tried(rules: Path) -> None:
    listed = spanglass("redaction", "check", rules)
    assert (listed.returncode, listed.stdout) == (0, "people (shop): email, *.password\n")
    text = '{"password": "x", "to": "a@b.org"}'
    tried = spanglass("redaction", "check", rules, "--project", "shop", "--text", text)
    assert tried.stdout == '{"password":"[masked]","to":"[masked:email]"}\n'
    assert spanglass("redaction", "check", rules, "--text", text).stdout == f"{text}\n"  # of another project


def test_rules_that_cannot_be_used_are_one_line(rules: Path) -> None:
    rules.write_text(RULES + 'patterns = ["emial"]')
    for done in (
        spanglass("redaction", "check", rules),
        spanglass(
            "collector", "--data-dir", rules.parent / "data", "--grpc-port", "0", SPANGLASS_REDACTION_FILE=str(rules)
        ),
    ):
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        assert done.stderr.splitlines()[-1].startswith(f"spanglass: The redaction rules in {rules} cannot be used: ")
