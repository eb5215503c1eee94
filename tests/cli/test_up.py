"""`spanglass up` as a person meets it: real processes, real ports."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from command import Up, spanglass
from ports import free_port

from spanglass_cli import health
from spanglass_store.embedded import EmbeddedClickHouse

pytestmark = pytest.mark.clickhouse


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("up") / "data") as up:
        yield up


def refused(*arguments: str | Path) -> str:
    """The one line a command says when it refuses to start."""
    done = spanglass("up", *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def eventually_ready(url: str) -> None:
    while not health.is_ready(url):  # pytest's own time limit ends this
        time.sleep(0.1)


def test_the_printed_addresses_answer(running: Up) -> None:
    clickhouse = f"http://127.0.0.1:{running.clickhouse_port}"
    for address in (running.collector, running.dashboard, clickhouse):
        assert address in running.text
    assert health.get(f"{running.collector}/readyz")[0] == 200
    assert health.get(f"{running.dashboard}/_stcore/health")[0] == 200
    assert health.get(f"{clickhouse}/ping")[0] == 200


def test_the_hint_for_a_first_call_is_python_that_runs_as_printed(running: Up) -> None:
    lines = [line.strip() for line in running.lines]
    hint = lines[lines.index("Send your first call:") + 1 :][:3]
    assert running.collector in hint[0]
    compile("\n".join(hint), "hint", "exec")


def test_sql_is_answered_on_loopback(running: Up) -> None:
    asked = spanglass("sql", "SELECT count() AS spans FROM spans", SPANGLASS_ENDPOINT=running.collector)
    assert (asked.returncode, asked.stderr, asked.stdout.splitlines()[0]) == (0, "", "spans")


def test_a_second_one_on_the_same_folder_is_refused_in_one_line(running: Up) -> None:
    line = refused("--data-dir", running.data_dir, "--port", str(free_port()))
    assert str(running.data_dir) in line
    assert str(running.process.pid) in line
    assert "--data-dir" in line
    assert health.is_ready(f"{running.collector}/readyz")


PORTS = ("--port", "--grpc-port", "--dashboard-port", "--clickhouse-port")


@pytest.mark.parametrize("flag", PORTS)
def test_a_taken_port_is_refused_in_one_line_that_names_port_and_flag(running: Up, tmp_path: Path, flag: str) -> None:
    taken = {
        "--port": running.port,
        "--grpc-port": running.grpc_port,
        "--dashboard-port": running.dashboard_port,
        "--clickhouse-port": running.clickhouse_port,
    }[flag]
    ports = {name: str(free_port()) for name in PORTS} | {flag: str(taken)}
    line = refused("--data-dir", tmp_path / "other", *(text for pair in ports.items() for text in pair))
    assert str(taken) in line
    assert line.endswith(f" {flag}")


def test_opening_it_to_the_network_needs_a_password(tmp_path: Path) -> None:
    line = refused("--data-dir", tmp_path / "other", "--host", "0.0.0.0")
    assert "SPANGLASS_DASHBOARD_PASSWORD" in line
    assert not (tmp_path / "other").exists()


def test_no_password_stands_in_an_argument_that_other_users_can_see(running: Up) -> None:
    secrets = (running.data_dir / "clickhouse" / "passwords.json").read_text()
    for process in running.family():
        for word in process.cmdline():
            assert "@127.0.0.1" not in word
            assert len(word) < 20 or word not in secrets


@pytest.mark.parametrize("words", [("lifeline", "collector"), ("embedded_child",)], ids=["collector", "clickhouse"])
def test_what_is_killed_comes_back(running: Up, words: tuple[str, ...]) -> None:
    name = {"lifeline": "collector", "embedded_child": "clickhouse"}[words[0]]
    before = running.child(*words)
    before.kill()
    assert running.wait_for(f"{name} ended").startswith(f"{name} ended (signal 9), restarting in ")
    eventually_ready(f"http://127.0.0.1:{running.clickhouse_port}/ping")
    eventually_ready(f"{running.collector}/readyz")
    assert running.child(*words).pid != before.pid


def test_the_doctor_finds_nothing_wrong(running: Up) -> None:
    done = spanglass("doctor", "--data-dir", running.data_dir)
    assert done.returncode == 0, done.stdout
    assert f"in use by process {running.process.pid}" in done.stdout
    assert "up to date" in done.stdout
    assert running.dashboard in done.stdout


def test_keys_are_made_listed_and_revoked(running: Up) -> None:
    where = ("--data-dir", running.data_dir)
    made = spanglass("keys", "create", "ci", "--scope", "read", "--project", "shop", *where)
    assert made.stdout.startswith("sg_")
    assert made.stdout.count("\n") == 1
    key_id = made.stderr.split("Kept as ")[1].split()[0]

    listed = spanglass("keys", "list", *where).stdout
    (line,) = [line for line in listed.splitlines() if line.startswith(key_id)]
    assert "read" in line
    assert "shop" in line
    assert made.stdout.strip() not in listed

    assert key_id in spanglass("keys", "revoke", key_id, *where).stdout
    (line,) = [line for line in spanglass("keys", "list", *where).stdout.splitlines() if line.startswith(key_id)]
    assert line.count("UTC") == 2  # created and revoked

    unknown = spanglass("keys", "revoke", "key_nobody", *where)
    assert unknown.returncode == 1
    assert "keys list" in unknown.stderr


def test_ctrl_c_ends_everything_and_leaves_no_child(tmp_path: Path) -> None:
    with Up(tmp_path / "data") as up:
        family = up.family()
        assert {os.getsid(process.pid) for process in family}.isdisjoint({os.getsid(up.process.pid)})
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(timeout=10) == 0
        assert not [process for process in family if process.is_running()]
    assert spanglass("doctor", "--data-dir", up.data_dir).returncode == 1


def test_a_killed_parent_takes_its_children_along(tmp_path: Path) -> None:
    with Up(tmp_path / "data", arguments=("--no-dashboard",)) as up:
        family = up.family()
        up.process.kill()
        _, alive = psutil.wait_procs(family, timeout=15)
        assert not alive
    with Up(tmp_path / "data", arguments=("--no-dashboard",)) as again:
        assert health.is_ready(f"{again.collector}/readyz")


def test_a_database_elsewhere_is_used_instead(running: Up, tmp_path: Path) -> None:
    url = EmbeddedClickHouse(running.data_dir, http_port=running.clickhouse_port).url()
    with Up(tmp_path / "data", arguments=("--no-dashboard", "--clickhouse-url", url)) as up:
        assert not (up.data_dir / "clickhouse").exists()
        assert url not in up.text
        assert f"http://127.0.0.1:{running.clickhouse_port}/spanglass" in up.text
        assert len(up.family()) == 2


def test_a_database_that_refuses_ends_the_start_with_its_reason(running: Up, tmp_path: Path) -> None:
    url = f"http://writer:wrong@127.0.0.1:{running.clickhouse_port}/spanglass"
    ports = ("--port", str(free_port()), "--grpc-port", "0", "--no-dashboard")
    done = spanglass("up", "--data-dir", tmp_path / "data", *ports, SPANGLASS_CLICKHOUSE_URL=url)
    assert done.returncode == 1
    assert "tables could not be brought up to date" in done.stderr
    assert "wrong" not in done.stderr


def test_on_the_network_the_collector_wants_a_key_and_says_how_to_get_one(tmp_path: Path) -> None:
    with Up(tmp_path / "data", arguments=("--no-dashboard", "--host", "0.0.0.0")) as up:
        assert f"spanglass keys create NAME --data-dir {up.data_dir}" in up.text
        scores = f"{up.collector}/api/v1/scores"
        score = {"name": "helpful", "value": True, "trace_id": "0" * 31 + "1"}
        assert httpx.post(scores, json=score, trust_env=False).status_code == 401
        key = spanglass("keys", "create", "ci", "--data-dir", up.data_dir).stdout.strip()
        authorization = {"authorization": f"Bearer {key}"}
        # A collector looks for new keys every two seconds at most; pytest's own time limit ends this.
        while (answer := httpx.post(scores, json=score, headers=authorization, trust_env=False)).status_code == 401:
            time.sleep(0.2)
        assert answer.status_code == 200, answer.text
