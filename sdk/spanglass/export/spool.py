"""Parcels on disk, while the collector is away or the process is at its end.

One folder for each destination (address, project, key), shared by all processes of the user; one file a parcel. A file
appears whole or not at all, and is sent by whoever takes it first. One taken by a process that died is free again
after five minutes: that may send it twice, and the collector then recognises the body it has already.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spanglass.export.parcel import Goods, Parcel
from spanglass.guard import LOG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanglass.settings import Settings

_SUFFIX: Final = ".parcel"
_TAKEN: Final = ".taken"
_ABANDONED_SECONDS: Final = 300.0
_OFF: Final = frozenset({"off", "none", "false", "0"})


def folder(settings: Settings) -> Path | None:
    """Where parcels for this destination wait; ``None`` when the spool is switched off."""
    if settings.spool_dir.strip().lower() in _OFF:
        return None
    told = f"{settings.base_url}\n{settings.project}\n{settings.api_key}"
    return _root(settings) / hashlib.sha256(told.encode()).hexdigest()[:16]  # the key itself is not on disk


def _root(settings: Settings) -> Path:
    if settings.spool_dir != "auto":
        return Path(settings.spool_dir).expanduser()
    state = os.environ.get("XDG_STATE_HOME") or str(Path("~/.local/state").expanduser())
    home = Path(state) / "spanglass" / "spool"
    nearest = next(each for each in home.parents if each.exists())
    if state.startswith("~") or not os.access(nearest, os.W_OK):  # a read-only container, a function in the cloud
        owner = os.getuid() if hasattr(os, "getuid") else "user"
        return Path(tempfile.gettempdir()) / f"spanglass-spool-{owner}"
    return home


class Spool:
    """The parcels that wait in one folder. Safe between threads and processes."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._own: set[str] = set()  # what this process has written
        self._lock = threading.Lock()

    def put(self, parcel: Parcel, *, own: bool = True) -> bool:
        """Write it down. False when there is no room, or the disk does not take it. ``own``: recorded by this process."""
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}-{parcel.goods}-{parcel.count}{_SUFFIX}"
        try:
            self._make()
            if self.size_bytes() + len(parcel.body) > self._max_bytes:
                return False
            draft = self._path / f".{name}"
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(parcel.body)
                if own:
                    with self._lock:
                        self._own.add(name)  # before anybody can take it
                draft.rename(self._path / name)
            except OSError:
                draft.unlink(missing_ok=True)
                raise
        except OSError as error:
            LOG.debug("spanglass: the spool %s does not take a parcel: %s", self._path, error)
            return False
        return True

    def _make(self) -> None:
        """The folder, for this user alone: what waits in it are people's prompts."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.mkdir(mode=0o700, exist_ok=True)
        if hasattr(os, "getuid") and os.getuid() not in {self._path.stat().st_uid, 0}:
            message = "it belongs to somebody else"
            raise PermissionError(message)

    def size_bytes(self) -> int:
        """What waits here, of all processes."""
        return sum(about.st_size for _, about in self._files())

    def waiting(self) -> list[str]:
        """Names of what can be taken, oldest first."""
        return sorted(name for name, about in self._files() if _is_free(name, about))

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        try:
            entries = os.scandir(self._path)
        except OSError:
            return
        with entries:
            for entry in entries:
                with suppress(OSError):  # another process has sent it meanwhile
                    yield entry.name, entry.stat()

    def take(self, name: str) -> Taken | None:
        """The parcel of this name for this process alone; ``None`` when another one was quicker."""
        plain = name.partition(_SUFFIX)[0] + _SUFFIX
        try:
            goods, count = plain.removesuffix(_SUFFIX).split("-")[2:]
            taken = self._path / f"{plain}.{secrets.token_hex(4)}{_TAKEN}"  # a claim on a claim has another name
            os.utime(self._path / name)
            (self._path / name).rename(taken)
            parcel = Parcel(Goods(goods), taken.read_bytes(), int(count))
        except (OSError, ValueError):
            return None
        return Taken(parcel, taken, plain, own=plain in self._own)

    def forget(self, taken: Taken) -> None:
        """It has arrived, or never will: remove it."""
        taken.path.unlink(missing_ok=True)
        with self._lock:
            self._own.discard(taken.name)

    def put_back(self, taken: Taken) -> None:
        """It waits on."""
        try:
            taken.path.rename(self._path / taken.name)
        except OSError as error:
            LOG.debug("spanglass: %s stays taken: %s", taken.path, error)

    def disown(self) -> None:
        """In a forked child: what the parent has written is the parent's to count."""
        self._lock = threading.Lock()
        self._own.clear()


def _is_free(name: str, about: os.stat_result) -> bool:
    """Whether a file can be taken: a whole parcel, or one whose taker is gone."""
    if name.endswith(_TAKEN):
        return time.time() - about.st_mtime > _ABANDONED_SECONDS
    return name.endswith(_SUFFIX) and not name.startswith(".")


class Taken:
    """A parcel out of the spool, with the file that still holds it."""

    __slots__ = ("name", "own", "parcel", "path")

    def __init__(self, parcel: Parcel, path: Path, name: str, *, own: bool) -> None:
        self.parcel = parcel
        self.path = path
        self.name = name  # of the file while nobody has taken it
        self.own = own  # written by this process
