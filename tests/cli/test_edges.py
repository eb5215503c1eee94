"""Ports, the data folder and health checks: the small questions `up` asks before and while it runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from ports import free_port

from spanglass_cli import health
from spanglass_cli.datadir import DataDirLock, Running, running_in
from spanglass_cli.errors import CommandError, DataDirBusy, PortInUse, SettingsRefused
from spanglass_cli.ports import Port, is_loopback, reachable_host, require_free

HERE = Running(pid=os.getpid(), collector="http://c", dashboard="http://d", clickhouse_port=1)


def a_port(number: int, flag: str = "--port", host: str = "127.0.0.1") -> Port:
    return Port(host, number, "collector", flag)


@pytest.mark.parametrize("listening", ["127.0.0.1", "0.0.0.0"])
def test_a_port_with_a_listener_is_taken_whoever_listens(listening: str) -> None:
    with socket.create_server((listening, 0)) as server:
        number = server.getsockname()[1]
        with pytest.raises(PortInUse, match=f"port {number} .collector. is already in use: .* --port$"):
            require_free([a_port(number)])
    require_free([a_port(number)])


def test_one_number_for_two_services_is_refused() -> None:
    number = free_port()
    with pytest.raises(SettingsRefused, match="--dashboard-port and --port are both"):
        require_free([a_port(number), a_port(number, "--dashboard-port")])


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_refused(host: str) -> None:
    with pytest.raises(SettingsRefused, match=host):
        require_free([a_port(free_port(), host=host)])


@pytest.mark.parametrize(
    ("host", "loopback", "reached"),
    [
        ("127.0.0.1", True, "127.0.0.1"),
        ("127.8.9.1", True, "127.8.9.1"),
        ("localhost", True, "localhost"),
        ("::1", True, "[::1]"),
        ("0.0.0.0", False, "127.0.0.1"),
        ("::", False, "[::1]"),
        ("10.1.2.3", False, "10.1.2.3"),
        ("spanglass.example", False, "spanglass.example"),
    ],
)
def test_hosts(host: str, loopback: bool, reached: str) -> None:
    assert is_loopback(host) is loopback
    assert reachable_host(host) == reached


def test_a_data_folder_has_one_owner_who_says_who_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    assert running_in(folder) is None
    lock = DataDirLock(folder, HERE)
    try:
        assert running_in(folder) == HERE
        with pytest.raises(DataDirBusy, match=f"process {os.getpid()}, http://d"):
            DataDirLock(folder, HERE)
    finally:
        lock.release()
    assert running_in(folder) is None
    DataDirLock(folder, HERE).release()


def test_an_owner_that_was_killed_is_no_owner(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from spanglass_cli.datadir import *;"
        "DataDirLock(Path(sys.argv[1]), Running(1, '', '', None)); print('mine', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"mine\n"
        assert running_in(tmp_path) == Running(1, "", "", None)
        owner.kill()
    assert running_in(tmp_path) is None
    DataDirLock(tmp_path, HERE).release()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot write in the data directory"):
        DataDirLock(tmp_path / "file" / "data", HERE)


@contextmanager
def serving(status: int, body: bytes) -> Iterator[str]:
    """The address of a server with one answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/path"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_of_an_address(status: int, code: int) -> None:
    with serving(status, b"{}") as url:
        assert health.main(url) == code
    assert health.main(url) == 1  # nobody answers any more


def test_the_health_check_of_a_heartbeat(tmp_path: Path) -> None:
    beat = tmp_path / "monitor.heartbeat"
    assert health.main(str(beat)) == 1
    beat.write_text("")
    assert health.main(str(beat)) == 0
    old = time.time() - health.HEARTBEAT_SECONDS - 5
    os.utime(beat, (old, old))
    assert health.main(str(beat)) == 1


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [(500, b"{}", "answered 500"), (200, b"<html>", "not answer with JSON"), (200, b"[]", "JSON object")],
)
def test_json_of_another_shape_is_an_error_like_no_answer(status: int, body: bytes, said: str) -> None:
    with serving(status, body) as url, pytest.raises(OSError, match=said):
        health.get_json(url)


def test_something_that_is_not_http_is_an_error_like_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(OSError, match="does not speak HTTP"):
            health.get(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
