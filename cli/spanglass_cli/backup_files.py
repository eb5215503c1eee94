"""A backup as files: a folder, or a zip file of it, with a note of what is in it.

::

    BACKUP/
      spanglass.json    version, time, rows of each table; of an incremental one also what it is based on
      .backup           ClickHouse's list of the files, with their checksums
      data/ metadata/   ClickHouse's files
"""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Final
from xml.etree import ElementTree as ET

from spanglass_cli.errors import CommandError

NOTE: Final = "spanglass.json"
LIST: Final = ".backup"


@dataclass(frozen=True, slots=True)
class Note:
    """What is said of a backup. ``rows``: by table, on disk. ``base_id``: of the backup without which it is not whole.

    ``counts``: how many rows a part has, by the checksum of the file that says so: an incremental backup leaves it out.
    """

    backup_id: str
    version: str
    made_at: str
    rows: Mapping[str, int]
    counts: Mapping[str, int] = field(default_factory=dict)
    base_id: str = ""


_OF_PART: Final = re.compile(r"data/[^/]+/[^/]+/[^/]+/count\.txt")
"""The number of rows of a part. Those of its projections lie a folder deeper."""


def rows_in(folder: Path, base: Note | None) -> tuple[dict[str, int], dict[str, int]]:
    """(rows of each table, ``counts``) of the backup in a folder, by ClickHouse's list of its files."""
    rows: Counter[str] = Counter()
    counts: dict[str, int] = {}
    for _, element in ET.iterparse(folder / LIST):  # noqa: S314 - our own server has just written it
        if element.tag != "file":
            continue
        name, checksum = element.findtext("name", ""), element.findtext("checksum", "")
        if _OF_PART.fullmatch(name):
            if element.findtext("use_base") == "true":
                counts[checksum] = base.counts[checksum] if base else 0
            else:
                counts[checksum] = int((folder / element.findtext("data_file", name)).read_text())
            rows[name.split("/")[2]] += counts[checksum]
        element.clear()
    return dict(rows), counts


def write_note(folder: Path, note: Note) -> None:
    """Put the note into the folder of a backup."""
    (folder / NOTE).write_text(json.dumps(asdict(note), indent=1) + "\n")


def read_note(backup: Path) -> Note:
    """The note of a backup, a folder or a zip file. Raises CommandError where it is none."""
    try:
        return Note(**json.loads(_read(backup, NOTE)))
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        msg = f"{backup} is no backup that `spanglass backup` made: {error}"
        raise CommandError(msg) from error


def copy_list(backup: Path, folder: Path) -> None:
    """Put ClickHouse's list of a backup into a folder: all that another one needs to be based on it."""
    folder.mkdir(parents=True)
    (folder / LIST).write_bytes(_read(backup, LIST))


def hand_over(folder: Path, target: Path) -> None:
    """Move a backup to where it is wanted, whole or not at all, for its owner only; into a zip file where ``target``
    ends so. Raises CommandError where that cannot be written.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix == ".zip":
            with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
                _zip(folder, file)  # ClickHouse's files are compressed already
                file.flush()
                os.fsync(file.fileno())
        else:
            shutil.move(folder, draft)
            draft.chmod(0o700)
        draft.replace(target)
    except OSError as error:
        msg = f"{target} cannot be written: {error.strerror or error}"
        raise CommandError(msg) from error
    finally:
        _remove(draft)


def bring(backup: Path, folder: Path) -> None:
    """Put a backup, a folder or a zip file, where the server finds it. Raises CommandError where it cannot be read."""
    try:
        if backup.is_dir():
            shutil.copytree(backup, folder, copy_function=_link)
        else:
            with zipfile.ZipFile(backup) as file:
                file.extractall(folder)
    except (OSError, zipfile.BadZipFile) as error:
        msg = f"{backup} cannot be read: {error}"
        raise CommandError(msg) from error


def _zip(folder: Path, file: IO[bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))


def _link(source: str, target: str) -> None:
    """The same file under a second name, where the file system can; else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _read(backup: Path, name: str) -> bytes:
    if backup.is_dir():
        return (backup / name).read_bytes()
    with zipfile.ZipFile(backup) as file:
        return file.read(name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
