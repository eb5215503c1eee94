"""The folder of one embedded server: its lock, its passwords, its configuration files."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spanglass_store.embedded_config import ServerConfig, User, config_xml, users_xml
from spanglass_store.errors import DataDirInUse, StoreError

USERS: Final[tuple[User, ...]] = ("writer", "reader", "analyst")

LOCK_PATIENCE_SECONDS: Final = 2.0
"""How long ``lock`` waits: a server whose parent was just killed needs a moment to go."""


@dataclass(frozen=True, slots=True)
class Home:
    """Names what is below ``data_dir``, an absolute path."""

    data_dir: Path

    @property
    def path(self) -> Path:
        """All of the database, and the child's working directory. Only its owner may enter."""
        return self.data_dir / "clickhouse"

    @property
    def data_path(self) -> Path:
        """The tables."""
        return self.path / "data"

    @property
    def backups_path(self) -> Path:
        """Where the server puts a backup, and finds one that is to be restored, before it goes where it is wanted."""
        return self.path / "backups"

    @property
    def log_path(self) -> Path:
        """The server's own log, rotated at 10 MB, two older ones kept."""
        return self.path / "log" / "server.log"

    @property
    def console_path(self) -> Path:
        """What the process printed since its last start: why it could not start, or crashed."""
        return self.path / "log" / "console.log"

    @property
    def passwords_path(self) -> Path:
        """The passwords of the users, mode 0600."""
        return self.path / "passwords.json"

    def lock(self) -> int:
        """Make the folders and return a file descriptor that holds the lock until every copy of it is closed.

        Raises DataDirInUse where another process keeps it, StoreError where the folder cannot be written.
        """
        try:
            self.log_path.parent.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            msg = f"The data directory {self.data_dir} cannot be used: {error.strerror}."
            raise StoreError(msg) from error
        deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise DataDirInUse(self.data_dir) from None
                time.sleep(0.02)
            else:
                return descriptor

    def passwords(self) -> dict[User, str]:
        """By user, those that the last start had. Raises StoreError where no server was ever started here."""
        try:
            told = json.loads(self.passwords_path.read_bytes())
        except FileNotFoundError as error:
            msg = f"No embedded ClickHouse was started in {self.data_dir} yet, so it has no passwords."
            raise StoreError(msg) from error
        return {user: str(told[user]) for user in USERS if user in told}

    def configure(self, config: ServerConfig) -> None:
        """Write the configuration, which may differ from the last start's, and the passwords of users that had none.

        Only for the holder of the lock.
        """
        known = self.passwords() if self.passwords_path.exists() else {}
        passwords = {user: known.get(user) or secrets.token_hex(24) for user in USERS}
        if passwords != known:
            _write_private(self.passwords_path, json.dumps(passwords))
        hashes = {user: hashlib.sha256(text.encode()).hexdigest() for user, text in passwords.items()}
        _write_private(self.path / "config.xml", config_xml(config))
        _write_private(config.users_path, users_xml(hashes, memory_limit_bytes=config.memory_limit_bytes))


def _write_private(path: Path, text: str) -> None:
    """All of ``text`` or nothing, readable by the owner only from the first byte on."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
