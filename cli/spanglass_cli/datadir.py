"""The data folder of one `spanglass up`: who owns it now, and what lives where in it.

::

    .spanglass/
      up.lock           held (flock) while `up` runs; says which process and which addresses
      clickhouse/       the embedded server's data, users and configuration
      queue/            the collector's durable queue, a folder for each process that receives
      logs/ROLE.log     what each role wrote, with a size limit
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from spanglass_cli.errors import CommandError, DataDirBusy

DEFAULT_DATA_DIR: Final = Path(".spanglass")
LOCK_NAME: Final = "up.lock"


@dataclass(frozen=True, slots=True)
class Running:
    """What the owner of a data folder tells others. ``dashboard`` is empty without one, and ``clickhouse_port``
    is None when the database is somewhere else.
    """

    pid: int
    collector: str
    dashboard: str
    clickhouse_port: int | None


class DataDirLock:
    """The right to use a data folder, from construction until `release` or the end of the process.

    Raises DataDirBusy when another process has it, and CommandError when the folder cannot be written.
    """

    def __init__(self, data_dir: Path, running: Running) -> None:
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            msg = f"cannot write in the data directory {data_dir}: {error.strerror}"
            raise CommandError(msg) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise DataDirBusy(_busy_sentence(data_dir)) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(asdict(running)).encode(), 0)

    def release(self) -> None:
        """Give the folder back. The file stays: removing a lock file is a race."""
        os.close(self._descriptor)


def running_in(data_dir: Path) -> Running | None:
    """Who runs in this folder now; None for nobody. A file left by a process that died counts as nobody."""
    try:
        with (data_dir / LOCK_NAME).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return Running(**json.loads(file.read()))
    except (OSError, ValueError, TypeError):
        return None
    return None


def _busy_sentence(data_dir: Path) -> str:
    running = running_in(data_dir)
    owner = f" (process {running.pid}, {running.dashboard or running.collector})" if running else ""
    return f"the data directory {data_dir} is in use by another spanglass{owner}: end it, or choose another --data-dir"
