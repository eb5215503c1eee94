"""The embedded server: starts, keeps what it was given, lets in whom it should, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from ports import free_port

from spanglass_store import embedded, embedded_home
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.embedded_config import MERGE_TREE
from spanglass_store.errors import DataDirInUse, PortTaken, StoreError, StoreUnavailable
from spanglass_store.query import Query

pytestmark = pytest.mark.clickhouse


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    with EmbeddedClickHouse(tmp_path, http_port=free_port()) as server:
        yield server


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_home, "LOCK_PATIENCE_SECONDS", 0)


def ask(server: EmbeddedClickHouse, sql: str, user: str | None = "writer", **settings: object) -> httpx.Response:
    auth = (user, server.home.passwords()[user]) if user in {"writer", "reader"} else None
    url = f"http://{server.host}:{server.http_port}/"
    return httpx.post(url, content=sql, auth=auth, params={k: str(v) for k, v in settings.items()}, trust_env=False)


def value(server: EmbeddedClickHouse, sql: str, user: str = "writer") -> str:
    answer = ask(server, sql, user)
    assert answer.status_code == 200, answer.text
    return answer.text.strip()


def wait_for(happened: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether it happened; the limit is only there to end a test that failed."""
    deadline = time.monotonic() + seconds
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.02)
    return happened()


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def fill(server: EmbeddedClickHouse, rows: int) -> None:
    for sql in (
        "CREATE DATABASE kept",
        "CREATE TABLE kept.numbers (n UInt64) ENGINE = MergeTree ORDER BY n",
        f"INSERT INTO kept.numbers SELECT number FROM numbers({rows})",
    ):
        value(server, sql)


# --- it is a real server


def test_it_is_the_pinned_engine_in_utc_and_answers_through_a_store(clickhouse: EmbeddedClickHouse) -> None:
    with Store.open(clickhouse.url("reader", database="system")) as store:
        (row,) = store.fetch_rows(Query("about", "SELECT version() AS version, timezone() AS zone"))
    assert row["version"].startswith("26.9.")
    assert row["zone"] == "UTC"


def test_it_listens_to_the_native_protocol_where_asked(tmp_path: Path) -> None:
    port = free_port()
    with EmbeddedClickHouse(tmp_path, http_port=free_port(), tcp_port=port):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_a_folder_with_an_odd_name_will_do(tmp_path: Path) -> None:
    with EmbeddedClickHouse(tmp_path / "a & <b> 'ü'", http_port=free_port()) as server:
        assert value(server, "SELECT 1") == "1"


def test_its_memory_and_its_queries_are_limited(tmp_path: Path) -> None:
    limit = 512 * 1024 * 1024
    with EmbeddedClickHouse(tmp_path, http_port=free_port(), memory_limit_bytes=limit) as server:
        sql = "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'"
        assert value(server, sql) == str(limit)
        greedy = ask(server, "SELECT length(groupArray(number)) FROM numbers(100000000)")
        assert "MEMORY_LIMIT_EXCEEDED" in greedy.text
        assert value(server, "SELECT 1") == "1"


def test_what_is_written_is_on_disk_before_what_it_replaces_goes(clickhouse: EmbeddedClickHouse) -> None:
    for name in MERGE_TREE:
        assert value(clickhouse, f"SELECT value FROM system.merge_tree_settings WHERE name = '{name}'") == "1"


def test_it_writes_no_log_tables(server: EmbeddedClickHouse) -> None:
    fill(server, 10)
    value(server, "SYSTEM FLUSH LOGS")
    assert (
        value(server, "SELECT count() FROM system.tables WHERE database = 'system' AND engine LIKE '%MergeTree'") == "0"
    )


# --- who may do what


@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT number FROM system.numbers LIMIT 1", "SYSTEM STOP LISTEN HTTP"])
def test_nobody_gets_in_without_a_password(clickhouse: EmbeddedClickHouse, sql: str) -> None:
    answer = ask(clickhouse, sql, user=None)
    assert answer.status_code != 200
    assert "USER_SESSION_LIMIT_EXCEEDED" in answer.text
    assert value(clickhouse, "SELECT 1") == "1"


def test_a_wrong_password_is_refused(clickhouse: EmbeddedClickHouse) -> None:
    url = f"http://127.0.0.1:{clickhouse.http_port}/"
    assert httpx.post(url, content="SELECT 1", auth=("writer", "guess"), trust_env=False).status_code in {401, 403}


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE DATABASE readers",
        "INSERT INTO kept.numbers VALUES (1)",
        "DROP TABLE kept.numbers",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    ],
)
def test_the_reader_only_reads_tables(server: EmbeddedClickHouse, sql: str) -> None:
    fill(server, 3)
    refused = ask(server, sql, "reader").text
    assert "ACCESS_DENIED" in refused or "READONLY" in refused
    assert value(server, "SELECT count() FROM kept.numbers", "reader") == "3"


def test_the_reader_cannot_lift_its_own_limits(clickhouse: EmbeddedClickHouse) -> None:
    assert ask(clickhouse, "SELECT 1", "reader", max_execution_time=10).text.strip() == "1"
    for lifted in ({"max_execution_time": 3600}, {"max_memory_usage": 1 << 50}, {"readonly": 0}):
        assert ask(clickhouse, "SELECT 1", "reader", **lifted).status_code != 200


def test_the_writer_reaches_no_files_and_makes_no_users(clickhouse: EmbeddedClickHouse) -> None:
    for sql in (
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "CREATE USER another",
        "BACKUP DATABASE system TO File('/tmp/all')",
    ):
        assert "ACCESS_DENIED" in ask(clickhouse, sql).text
    assert "is not allowed for backups" in ask(clickhouse, "BACKUP DATABASE system TO Disk('default', 'x')").text


def test_secrets_are_for_the_owner_only(server: EmbeddedClickHouse) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert mode(server.home.path) == 0o700
    assert {mode(path) for path in server.home.path.glob("*.json")} == {0o600}
    assert {mode(path) for path in server.home.path.glob("*.xml")} == {0o600}
    for password in server.home.passwords().values():
        for path in server.home.path.glob("*.xml"):
            assert password not in path.read_text()
        assert password not in " ".join(psutil.Process(server.pid).cmdline())


def test_passwords_outlive_a_restart(server: EmbeddedClickHouse) -> None:
    before = server.url("reader")
    server.restart()
    assert server.url("reader") == before


def test_the_server_does_not_see_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("TZ", "America/New_York")
    with EmbeddedClickHouse(tmp_path, http_port=free_port()) as server:
        assert "OPENAI_API_KEY" not in psutil.Process(server.pid).environ()
        assert value(server, "SELECT timezone()") == "UTC"


# --- life and death


def test_a_killed_server_is_seen_restarted_and_has_lost_nothing(server: EmbeddedClickHouse) -> None:
    fill(server, 12_345)
    killed = server.pid
    assert server.poll() is None
    os.kill(killed, signal.SIGKILL)
    assert wait_for(lambda: server.poll() is not None)
    assert server.poll() == -signal.SIGKILL
    assert server.pid is None
    server.restart()
    assert server.pid != killed
    assert value(server, "SELECT count(), sum(n) FROM kept.numbers") == f"12345\t{sum(range(12_345))}"


def test_an_insert_in_flight_is_whole_or_absent_after_a_kill(server: EmbeddedClickHouse) -> None:
    fill(server, 1)
    slow = "INSERT INTO kept.numbers SELECT number + sleepEachRow(0.1) FROM numbers(50) SETTINGS max_block_size = 1"
    url = f"http://127.0.0.1:{server.http_port}/"
    with contextlib.suppress(httpx.ReadTimeout):
        httpx.post(url, content=slow, auth=("writer", server.home.passwords()["writer"]), timeout=0.5, trust_env=False)
    os.kill(server.pid, signal.SIGKILL)
    server.restart()
    assert value(server, "SELECT count() FROM kept.numbers") == "1"


def test_an_insert_repeated_after_a_kill_is_stored_once(server: EmbeddedClickHouse) -> None:
    value(server, "CREATE DATABASE kept")
    value(
        server,
        "CREATE TABLE kept.once (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 9",
    )
    for _ in range(2):
        again = ask(server, "INSERT INTO kept.once VALUES (1), (2)", insert_deduplication_token="group 7")
        assert again.status_code == 200
        os.kill(server.pid, signal.SIGKILL)
        server.restart()
    assert value(server, "SELECT count() FROM kept.once") == "2"


def test_stopping_ends_the_process_and_can_be_repeated(server: EmbeddedClickHouse) -> None:
    process = psutil.Process(server.pid)
    server.stop()
    assert not process.is_running()
    server.stop()
    assert server.pid is None
    with pytest.raises(StoreError, match="not started"):
        server.poll()


def test_a_server_that_will_not_end_is_killed(server: EmbeddedClickHouse) -> None:
    process = psutil.Process(server.pid)
    process.suspend()  # a stopped process does not act on SIGTERM
    server.stop(timeout_seconds=0.2)
    assert not process.is_running()


def test_starting_twice_is_starting_once(server: EmbeddedClickHouse) -> None:
    before = server.pid
    server.start()
    assert server.pid == before


def test_ctrl_c_in_the_terminal_does_not_reach_it(server: EmbeddedClickHouse) -> None:
    assert os.getsid(server.pid) == server.pid
    assert os.getpgid(server.pid) != os.getpgid(0)


def test_a_restart_on_existing_tables_is_at_rest(server: EmbeddedClickHouse) -> None:
    fill(server, 100_000)
    for _ in range(3):
        value(server, "INSERT INTO kept.numbers SELECT number FROM numbers(1000)")
    server.restart()
    process = psutil.Process(server.pid)
    assert value(server, "SELECT count() FROM kept.numbers") == "103000"
    before = process.cpu_times()
    time.sleep(2)
    after = process.cpu_times()
    assert (after.user + after.system) - (before.user + before.system) < 1.0


PARENT = """
    import os, sys, time
    from pathlib import Path
    from spanglass_store.embedded import EmbeddedClickHouse
    server = EmbeddedClickHouse(Path(sys.argv[1]), http_port=int(sys.argv[2]))
    server.start()
    fork = os.fork() if sys.argv[3] == "forked" else 0  # shares every open file, the pipe to the server included
    if fork or sys.argv[3] != "forked":
        server.wait_ready()
        print(server.pid, fork, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("parent", ["alone", "forked"])
def test_it_ends_with_a_killed_parent_and_frees_the_folder(tmp_path: Path, parent: str) -> None:
    arguments = [sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path), str(free_port()), parent]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        child, fork = map(int, process.stdout.readline().split())
        try:
            assert not gone(child)
            process.kill()
            process.wait()
            assert wait_for(lambda: gone(child))
        finally:
            for leftover in filter(None, (child, fork)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(leftover, signal.SIGKILL)
    with EmbeddedClickHouse(tmp_path, http_port=free_port()) as server:
        assert value(server, "SELECT 1") == "1"


# --- refusals


@pytest.mark.usefixtures("impatient")
def test_a_folder_in_use_is_refused_in_one_line(server: EmbeddedClickHouse, tmp_path: Path) -> None:
    second = EmbeddedClickHouse(tmp_path, http_port=free_port())
    with pytest.raises(DataDirInUse) as caught:
        second.start()
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert second.pid is None
    assert value(server, "SELECT 1") == "1"


def test_a_stopped_server_frees_its_folder(server: EmbeddedClickHouse, tmp_path: Path) -> None:
    server.stop()
    with EmbeddedClickHouse(tmp_path, http_port=free_port()) as second:
        assert value(second, "SELECT 1") == "1"


def test_a_taken_port_is_refused_by_its_number(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = EmbeddedClickHouse(tmp_path, http_port=free_port(), tcp_port=port)
        with pytest.raises(PortTaken, match=str(port)) as caught:
            server.start()
    assert caught.value.port == port
    with server:  # nothing is left locked, and the port is free now
        assert value(server, "SELECT 1") == "1"


def test_a_port_taken_while_it_starts_is_told_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_require_free", lambda *_: None)
    with socket.create_server(("127.0.0.1", 0)) as thief:
        port = thief.getsockname()[1]
        server = EmbeddedClickHouse(tmp_path, http_port=free_port(), tcp_port=port)
        with pytest.raises(PortTaken, match=str(port)), server:
            pass


def test_a_port_we_may_not_open_is_told(tmp_path: Path) -> None:
    server = EmbeddedClickHouse(tmp_path, host="203.0.113.1", http_port=free_port())  # RFC 5737: nobody's address
    with pytest.raises(StoreError, match=r"203\.0\.113\.1 cannot be opened"):
        server.start()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be used: Not a directory"):
        EmbeddedClickHouse(tmp_path / "file", http_port=free_port()).start()


def test_an_engine_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "clickhouse").mkdir()
    (tmp_path / "clickhouse" / "data").write_text("not a folder")
    server = EmbeddedClickHouse(tmp_path, http_port=free_port())
    with pytest.raises(StoreError, match=r"ended with code 1: .+File exists .+/clickhouse/data"), server:
        pass


def test_a_silent_server_is_not_waited_for_for_ever(server: EmbeddedClickHouse) -> None:
    process = psutil.Process(server.pid)
    process.suspend()
    while process.status() != psutil.STATUS_STOPPED:  # its last thread may answer once more
        time.sleep(0.01)
    with pytest.raises(StoreUnavailable, match="did not answer"):
        server.wait_ready(timeout_seconds=0.1)
    process.resume()
    server.wait_ready()


def test_without_the_engine_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(StoreError, match=r"pip install 'spanglass\[server\]'"):
        EmbeddedClickHouse(tmp_path, http_port=free_port()).start()


def test_there_is_no_address_before_the_first_start(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no passwords"):
        EmbeddedClickHouse(tmp_path, http_port=free_port()).url()
