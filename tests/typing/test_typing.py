"""mypy and pyright agree that what the SDK wraps keeps its type, and find the mistakes of ``refused.py``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHECKED = [str(HERE / name) for name in ("kept.py", "refused.py")]


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_mypy(python: str, tmp_path: Path) -> None:
    run("mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", f"--python-version={python}", *CHECKED)


def test_pyright() -> None:
    run("pyright", f"--project={HERE}", f"--pythonpath={sys.executable}")


def run(checker: str, *arguments: str) -> None:
    ended = subprocess.run([sys.executable, "-m", checker, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
