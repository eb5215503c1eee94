"""The embedded ClickHouse as a service, and how commands find the database they are meant for."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Final

from spanglass_cli.datadir import running_in
from spanglass_cli.errors import CommandError, SettingsRefused
from spanglass_store.embedded import EmbeddedClickHouse

TAIL_LINES: Final = 8


class DatabaseService:
    """An `EmbeddedClickHouse` in the shape a `Supervisor` keeps."""

    name = "clickhouse"

    def __init__(self, server: EmbeddedClickHouse) -> None:
        self.server = server

    @property
    def pid(self) -> int | None:
        """Process id of the last start, None before it."""
        return self.server.pid

    @property
    def log_tail(self) -> tuple[str, ...]:
        """The last lines the server printed before it ended; its own log says more."""
        try:
            lines = self.server.console_path.read_text(errors="replace").splitlines()
        except OSError:
            lines = []
        return (*lines[-TAIL_LINES:], f"(more in {self.server.log_path})")

    def start(self) -> None:
        """Start it, again after an end too. Raises StoreError where that is impossible now."""
        self.server.start()

    def poll(self) -> int | None:
        """Exit code, None while it runs."""
        return self.server.poll()

    def terminate(self) -> None:
        """Ask it to finish."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it by force. Nothing that was inserted is lost."""
        self._signal(signal.SIGKILL)

    def wait(self, timeout_seconds: float) -> bool:
        """True once it has ended."""
        deadline = time.monotonic() + timeout_seconds
        while self.server.pid is not None:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        return True

    def close(self) -> None:
        """Give the folder back."""
        self.server.stop()

    def _signal(self, number: signal.Signals) -> None:
        if (pid := self.server.pid) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def find_clickhouse_url(given: str | None, data_dir: Path) -> str:
    """The database a command should use: the one given, else that of the `spanglass up` running in ``data_dir``.

    Raises SettingsRefused when there is neither, and CommandError when the running one keeps its data elsewhere.
    """
    if given:
        return given
    running = running_in(data_dir)
    if running is None:
        msg = (
            f"no `spanglass up` runs in {data_dir}: start one, choose its --data-dir, "
            "or name a database with SPANGLASS_CLICKHOUSE_URL"
        )
        raise SettingsRefused(msg)
    if running.clickhouse_port is None:
        msg = f"the `spanglass up` in {data_dir} uses another database: set SPANGLASS_CLICKHOUSE_URL"
        raise CommandError(msg)
    return EmbeddedClickHouse(data_dir, http_port=running.clickhouse_port).url()
