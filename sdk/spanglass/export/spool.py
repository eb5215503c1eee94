"""Parcels on disk, while the collector is away or the process is at its end.

One folder for each destination (address, project, key), shared by all processes of the user; one file a parcel. A file
appears whole or not at all, and is sent by whoever takes it first. One taken by a process that died is free again
after five minutes: that may send it twice, and the collector then recognises the body it has already.

What waits for a key that the collector does not know is marked, so that the same service can send it with another key
that the collector does know.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
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


def kin(settings: Settings) -> str:
    """What is the same for a service whose key has been changed."""
    told = f"{settings.base_url}\n{settings.project}\n{settings.service or sys.argv[:1]}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


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

    def __init__(self, path: Path, max_bytes: int, kin: str = "") -> None:
        """``kin``: see the function of this name."""
        self._path = path
        self._mark = f".denied-{kin}"
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
        """Names of what can be taken, oldest first. Drafts of processes that died in the middle of one are removed."""
        free = []
        for name, about in self._files():
            if _is_free(name, about):
                free.append(name)
            elif _is_draft(name) and time.time() - about.st_mtime > _ABANDONED_SECONDS:
                with suppress(OSError):
                    (self._path / name).unlink()
        return sorted(free)

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

    def deny(self) -> None:
        """The collector does not know the key: mark what waits here."""
        with suppress(OSError):
            self._make()
            (self._path / self._mark).touch()

    def allow(self) -> bool:
        """The collector knows the key: take over what waits for others of this service. False when there is nothing."""
        moved = 0
        for mark in self._path.parent.glob(f"*/{self._mark}"):
            with suppress(OSError):
                for parcel in mark.parent.glob(f"*{_SUFFIX}") if mark.parent != self._path else ():
                    if not _is_draft(parcel.name):
                        self._make()
                        parcel.rename(self._path / parcel.name)
                        moved += 1
                mark.unlink()
        return moved > 0

    def disown(self) -> None:
        """In a forked child: what the parent has written is the parent's to count."""
        self._lock = threading.Lock()
        self._own.clear()


def _is_free(name: str, about: os.stat_result) -> bool:
    """Whether a file can be taken: a whole parcel, or one whose taker is gone."""
    if name.endswith(_TAKEN):
        return time.time() - about.st_mtime > _ABANDONED_SECONDS
    return name.endswith(_SUFFIX) and not _is_draft(name)


def _is_draft(name: str) -> bool:
    """Whether it is, or was, being written."""
    return name.startswith(".") and name.endswith(_SUFFIX)


class Taken:
    """A parcel out of the spool, with the file that still holds it."""

    __slots__ = ("name", "own", "parcel", "path")

    def __init__(self, parcel: Parcel, path: Path, name: str, *, own: bool) -> None:
        self.parcel = parcel
        self.path = path
        self.name = name  # of the file while nobody has taken it
        self.own = own  # written by this process
