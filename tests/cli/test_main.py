"""The command line's own behaviour: help, version, settings that cannot be used, a doctor with nobody to see."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from command import spanglass
from ports import free_port

from spanglass_cli.doctor import Finding, queue_findings, report

COMMANDS = ("up", "demo", "collector", "dashboard", "monitor", "migrate", "doctor", "keys", "prices", "reprice")
HEAVY = (
    "pandas",
    "streamlit",
    "fastapi",
    "uvicorn",
    "clickhouse_connect",
    "opentelemetry",
    "openai",
    "pydantic",
    "psutil",
)


def test_the_help_names_every_command() -> None:
    done = spanglass("--help")
    assert done.returncode == 0
    words = done.stdout.split()
    assert [name for name in COMMANDS if name not in words] == []
    assert "demo-traffic" not in done.stdout


@pytest.mark.parametrize("command", [*COMMANDS, "keys create", "keys list", "keys revoke"])
def test_each_command_explains_itself(command: str) -> None:
    done = spanglass(*command.split(), "--help")
    assert done.returncode == 0
    assert "Usage: spanglass" in done.stdout


def test_the_help_loads_nothing_heavy() -> None:
    program = "import sys; import spanglass_cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in HEAVY if name in loaded] == []


def test_the_version() -> None:
    assert spanglass("--version").stdout == f"spanglass {version('spanglass')}\n"


@pytest.mark.parametrize(
    ("command", "variable", "value"),
    [
        ("collector", "SPANGLASS_PORT", "four"),
        ("monitor", "SPANGLASS_MONITOR_INTERVAL_SECONDS", "-1"),
        ("dashboard", "SPANGLASS_DASHBOARD_PORT", "99999"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(command: str, variable: str, value: str) -> None:
    done = spanglass(command, SPANGLASS_CLICKHOUSE_URL="http://127.0.0.1:1/x", **{variable: value})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"spanglass: {variable.removeprefix('SPANGLASS_').lower()}: ")


def test_an_open_dashboard_without_a_password_is_one_line() -> None:
    done = spanglass("dashboard", "--host", "0.0.0.0", SPANGLASS_CLICKHOUSE_URL="http://127.0.0.1:1/x")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "SPANGLASS_DASHBOARD_PASSWORD" in done.stderr.splitlines()[-1]


def test_a_command_without_a_database_says_how_to_name_one(tmp_path: Path) -> None:
    done = spanglass("keys", "list", "--data-dir", tmp_path)
    assert done.returncode == 1
    assert "SPANGLASS_CLICKHOUSE_URL" in done.stderr


def test_a_doctor_with_nobody_to_see_says_what_to_start(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    done = spanglass("doctor", "--data-dir", tmp_path, "--collector-url", nobody, "--dashboard-url", nobody)
    assert done.returncode == 1
    problems = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("problem")]
    assert problems == ["ClickHouse", "collector", "dashboard"]
    assert done.stdout.count("-> ") >= len(problems)


def test_the_report_is_healthy_with_warnings_and_not_with_problems() -> None:
    fine, warning = Finding("ok", "disk", "much"), Finding("warning", "clock", "fast", "wait")
    text, healthy = report([fine, warning])
    assert healthy
    assert text.splitlines()[-1].strip() == "-> wait"
    assert not report([fine, Finding("problem", "tables", "missing", "spanglass migrate")])[1]


def test_rows_that_were_set_aside_are_a_warning() -> None:
    counts = {"queued": 1200, "stored": 5, "set_aside": 0}
    told = list(queue_findings({"tables": {"spans": counts, "scores": counts | {"set_aside": 2}}}))
    assert [finding.level for finding in told] == ["warning", "ok"]
    assert "1,200 spans waiting" in told[1].state
    assert [finding.level for finding in queue_findings({"tables": {}})] == ["ok"]


def test_where_only_the_sdk_is_installed_one_line_says_what_to_install() -> None:
    program = "import sys; sys.modules['typer'] = None; from spanglass_cli.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "spanglass: only the SDK is installed here (typer is missing): pip install 'spanglass[server]'"
    ]


@pytest.mark.clickhouse
def test_a_cluster_that_the_server_does_not_know_is_told_in_one_line(store_url: str) -> None:
    done = spanglass("migrate", "--clickhouse-cluster", "nowhere", "--clickhouse-url", store_url)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "knows no cluster 'nowhere'" in done.stderr
