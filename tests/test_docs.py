"""What is written is what is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("sdk", "store", "collector", "monitor", "dashboard", "cli")
HARD_LIMIT_LINES = 300


def test_the_generated_pages_are_those_of_the_code(tmp_path: Path) -> None:
    copy = tmp_path / "generate.py"
    copy.write_text((ROOT / "docs" / "generate.py").read_text())
    subprocess.run([sys.executable, copy], check=True)
    written = {p.name: p.read_text() for p in (tmp_path / "reference").iterdir()}
    kept = {p.name: p.read_text() for p in (ROOT / "docs" / "reference").iterdir()}
    assert kept == written, "run make golden and look at the diff"


@pytest.mark.parametrize(
    "page", sorted(p.relative_to(ROOT).as_posix() for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
)
def test_links_and_named_files_exist(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{page} points to {target}"


def test_no_file_holds_more_than_one_idea() -> None:
    long = {
        p.relative_to(ROOT).as_posix(): n
        for room in ROOMS
        for p in (ROOT / room).rglob("*.py")
        if (n := len(p.read_text().splitlines())) > HARD_LIMIT_LINES
    }
    assert not long, "split these"


def test_every_make_target_is_real() -> None:
    targets = set(re.findall(r"^([a-z-]+)(?:-%)?:", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(
        re.findall(r"`?make ([a-z]+)\b", (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text())
    )
    assert named <= targets | {"bench"}
