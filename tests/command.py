"""The `spanglass` command as a person runs it: a process, what it prints, and how it ends."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self
from unittest import mock

import psutil
from ports import free_port

from spanglass_cli.main import main

SPANGLASS = Path(sys.executable).with_name("spanglass")
READY_SECONDS = 90.0


def spanglass(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself. Of the test's own SPANGLASS_ variables only the spool reaches it."""
    return subprocess.run(
        [SPANGLASS, *arguments],
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
        env=clean_environment() | environment,
        check=False,
    )


def called(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """As ``spanglass``, but in this process: a second sooner, for what no process of its own is needed for."""
    said, complained = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
        mock.patch.object(sys, "argv", ["spanglass", *map(str, arguments)]),
        mock.patch.dict(os.environ, {"COLUMNS": "200", "NO_COLOR": "1", **environment}),
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        else:
            code = 0
    return subprocess.CompletedProcess(arguments, code, said.getvalue(), complained.getvalue())


def clean_environment() -> dict[str, str]:
    """Ours without settings, and with a terminal wide enough for whole sentences."""
    kept = {name: value for name, value in psutil.Process().environ().items() if not name.startswith("SPANGLASS_")}
    spool = os.environ.get("SPANGLASS_SPOOL_DIR", "off")  # the tests' own folder; pictures are taken outside of them
    return kept | {"COLUMNS": "200", "NO_COLOR": "1", "SPANGLASS_SPOOL_DIR": spool}


class Up:
    """A running `spanglass up` (or `demo`) on free ports, and every line it prints."""

    def __init__(
        self, data_dir: Path, *, command: str = "up", arguments: tuple[str, ...] = (), **environment: str
    ) -> None:
        self.data_dir = data_dir
        self.port, self.dashboard_port, self.clickhouse_port = free_port(), free_port(), free_port()
        self.grpc_port = free_port() if command == "up" else 0
        self.lines: list[str] = []
        self._new: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [
                SPANGLASS,
                command,
                *("--data-dir", data_dir),
                *("--port", str(self.port)),
                *("--dashboard-port", str(self.dashboard_port)),
                *("--clickhouse-port", str(self.clickhouse_port)),
                *(("--grpc-port", str(self.grpc_port)) if self.grpc_port else ()),
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=clean_environment() | environment,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        """Wait until it says that it is ready."""
        try:
            self.wait_for("is ready")
            self.wait_for("Ctrl-C ends everything")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End it as a person would."""
        self.close()

    @property
    def collector(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def dashboard(self) -> str:
        return f"http://127.0.0.1:{self.dashboard_port}"

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, text: str, seconds: float = READY_SECONDS) -> str:
        """The next line that contains ``text``. Fails if the command ends, or says nothing of it in time."""
        deadline = time.monotonic() + seconds
        while True:
            line = self._new.get(timeout=max(0.0, deadline - time.monotonic()))
            assert line is not None, f"it ended without saying {text!r}:\n{self.text}"
            if text in line:
                return line

    def family(self) -> list[psutil.Process]:
        """Every process below the command, at this moment."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, *words: str) -> psutil.Process:
        """The child whose command line holds all these words."""
        return next(p for p in self.family() if all(word in " ".join(p.cmdline()) for word in words))

    def close(self) -> None:
        """Ctrl-C, then wait; what is left is killed so that it cannot disturb other tests."""
        family = self.family() if self.process.poll() is None else []
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=30)
        finally:
            for left in family:
                if left.is_running():
                    left.kill()
            self.process.kill()
            self._reader.join()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._new.put(line.rstrip("\n"))
        self._new.put(None)
