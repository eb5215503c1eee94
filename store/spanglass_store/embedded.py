"""A real ClickHouse server as a child process, from the engine inside the chdb-core wheel: nothing to install.

Everything it keeps is below ``data_dir/clickhouse`` (see ``embedded_home``). Two things tie its life to others':

- The lock on that folder is the child's. ``start`` takes it and hands it over, so it is held exactly as long as there
  is a process that may write, whoever is killed first.
- The child ends with this process, even when this process is killed (see ``embedded_child``).
"""

from __future__ import annotations

import errno
import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from spanglass_store.embedded_config import MIB, ServerConfig, User
from spanglass_store.embedded_home import Home
from spanglass_store.errors import PortTaken, StoreError, StoreUnavailable

MEMORY_LIMIT_BYTES: Final = 2048 * MIB
POLL_SECONDS: Final = 0.02
KEPT_ENVIRONMENT: Final = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through an HTTP_PROXY


class EmbeddedClickHouse:
    """One server on ``host``, a loopback address. Construction starts nothing; one thread at a time may drive it.

    ``sections`` are added to its ``config.xml``: XML by name, as ``remote_servers``.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        http_port: int,
        tcp_port: int | None = None,
        host: str = "127.0.0.1",
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
        sections: Mapping[str, str] | None = None,
    ) -> None:
        self.home = Home(data_dir.absolute())
        self.host = host
        self.http_port = http_port
        self.tcp_port = tcp_port
        self.memory_limit_bytes = memory_limit_bytes
        self.sections = sections or {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start, and wait until it answers."""
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process id; None where it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def log_path(self) -> Path:
        """The server's own log: at most 10 MB, two older ones beside it."""
        return self.home.log_path

    @property
    def console_path(self) -> Path:
        """What the process printed since its last start; the last line says why it ended by itself."""
        return self.home.console_path

    def start(self) -> None:
        """Start the server; return before it answers. Does nothing where it runs already.

        Raises DataDirInUse, PortTaken, or StoreError where the engine is not installed or the folder not writable.
        """
        if self.pid is not None:
            return
        self.stop()
        engine = _engine_path()
        lock = self.home.lock()
        try:
            for port in self._ports.values():
                _require_free(self.host, port)
            self.home.configure(self._config())
            self._process = self._spawn(engine, lock)
        finally:
            os.close(lock)  # the child has its own copy

    def wait_ready(self, timeout_seconds: float = 30) -> None:
        """Return once the server has answered a query.

        Raises StoreError where it was not started or ended instead (PortTaken, when another process was faster to
        take a port), StoreUnavailable after ``timeout_seconds``.
        """
        deadline = time.monotonic() + timeout_seconds
        while self.poll() is None:
            left_seconds = deadline - time.monotonic()
            if self._answers(max(left_seconds, POLL_SECONDS)):
                return
            if left_seconds <= 0:
                msg = f"ClickHouse did not answer within {timeout_seconds:g} s; its log is {self.log_path}."
                raise StoreUnavailable(msg)
            time.sleep(POLL_SECONDS)
        raise self._failure()

    def stop(self, timeout_seconds: float = 8) -> None:
        """End the server: asked first, killed after ``timeout_seconds``. Inserted rows stay either way."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None

    def restart(self, timeout_seconds: float = 30) -> None:
        """Stop it if it runs, start it, wait until it answers. For a supervisor that saw ``poll`` return a number."""
        self.stop()
        self.start()
        self.wait_ready(timeout_seconds)

    def poll(self) -> int | None:
        """None while the server runs, else its exit code (negative: the signal that ended it).

        Raises StoreError where it was not started.
        """
        if self._process is None:
            msg = "The embedded ClickHouse was not started."
            raise StoreError(msg)
        return self._process.poll()

    def url(self, user: User = "writer", database: str = "spanglass") -> str:
        """Where ``Store.open`` reaches it; contains the password. Raises StoreError before the first start."""
        return f"http://{user}:{self.home.passwords()[user]}@{self._address}/{database}"

    @property
    def _address(self) -> str:
        return f"[{self.host}]:{self.http_port}" if ":" in self.host else f"{self.host}:{self.http_port}"

    @property
    def _ports(self) -> dict[str, int]:
        """What it listens to: the protocol, as ``SYSTEM START LISTEN`` calls it, and its port. HTTP is the last to be
        opened, so what answers there is complete.
        """
        return {**({} if self.tcp_port is None else {"TCP": self.tcp_port}), "HTTP": self.http_port}

    def _config(self) -> ServerConfig:
        return ServerConfig(
            host=self.host,
            http_port=self.http_port,
            tcp_port=self.tcp_port,
            data_path=self.home.data_path,
            backups_path=self.home.backups_path,
            users_path=self.home.path / "users.xml",
            log_path=self.home.log_path,
            memory_limit_bytes=self.memory_limit_bytes,
            sections=self.sections,
        )

    def _spawn(self, engine: Path, lock: int) -> subprocess.Popen[bytes]:
        """The child, in a session of its own: Ctrl-C in the terminal must not end it before what feeds it."""
        program = Path(__file__).with_name("embedded_child.py")
        arguments = [str(engine), str(self.home.data_path), str(os.getpid()), *self._ports]
        with self.console_path.open("wb") as console:
            return subprocess.Popen(  # noqa: S603 - our own program, our own arguments, no shell
                [sys.executable, "-I", str(program), *arguments],
                stdin=subprocess.PIPE,  # never written to: its end tells the child that this process is gone
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=self.home.path,
                env=_environment(),
                pass_fds=[lock],
                start_new_session=True,
            )

    def _answers(self, timeout_seconds: float) -> bool:
        """Whether the writer's query is answered."""
        request = urllib.request.Request(
            f"http://{self._address}/?query=SELECT%201",
            headers={"X-ClickHouse-User": "writer", "X-ClickHouse-Key": self.home.passwords()["writer"]},
        )
        try:
            with _direct.open(request, timeout=timeout_seconds) as response:
                return bool(response.read() == b"1\n")
        except OSError:
            return False

    def _failure(self) -> StoreError:
        """Why the server ended instead of answering, from what it printed."""
        said = self.console_path.read_text(errors="replace").strip()
        for port in self._ports.values():
            if f"]:{port} failed" in said and "Address already in use" in said:
                return PortTaken(self.host, port)
        reason = said.rpartition("\n")[2] or "no reason given"
        return StoreError(f"ClickHouse ended with code {self.poll()}: {reason[:400]} (log: {self.log_path})")


def _engine_path() -> Path:
    """The engine's library. Found, not imported: importing it would start an engine in this process."""
    package = importlib.util.find_spec("chdb")
    for folder in (package.submodule_search_locations or []) if package else []:
        for library in Path(folder).glob("_chdb*.so"):
            return library
    msg = "The embedded ClickHouse is not installed: pip install 'spanglass[server]', or name a server by its URL."
    raise StoreError(msg)


def _environment() -> dict[str, str]:
    """What the child may know of this process's environment: where things are, no secrets. The engine takes its time
    zone from ``TZ`` (its configuration has no say), and would use an API key of a model provider if it saw one.
    """
    return {**{name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}, "TZ": "UTC"}


def _require_free(host: str, port: int) -> None:
    """Raise PortTaken where something listens on ``port``, StoreError where it cannot be opened for another reason."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from None
        msg = f"Port {port} on {host} cannot be opened: {error.strerror}."
        raise StoreError(msg) from error
