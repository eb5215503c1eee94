"""Items that the database will never accept as they are: one file each, kept until somebody puts them back.

The file ``NUMBER.item`` holds a line of JSON (table, rows, when, why, the digest of the body) and the rows as Native
bytes. To put one back, it is renamed to ``NUMBER.back``; the queue it belongs to takes it in within a second or two,
or when it is opened. So it takes no running collector to ask for it, and no lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from spanglass_collector.journal import disk
from spanglass_store.native import Block

FOLDER: Final = "set_aside"
ASIDE: Final = ".item"
BACK: Final = ".back"


@dataclass(frozen=True, slots=True)
class SetAside:
    """One item put aside. ``at_ns`` is the wall clock's."""

    number: int
    block: Block
    digest: bytes
    at_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Heading:
    """An item put aside without its rows, of which there are so many bytes."""

    table: str
    rows: int
    size_bytes: int
    at_ns: int
    reason: str


def keep(queue: Path, item: SetAside) -> None:
    """Write the item down; once more is as good as once. Raises OSError."""
    folder = queue / FOLDER
    disk.make_folder(folder)
    told = {
        "table": item.block.table,
        "rows": item.block.rows,
        "at_ns": item.at_ns,
        "reason": item.reason,
        "digest": item.digest.hex(),
    }
    disk.write_whole(_path(queue, item.number, ASIDE), orjson.dumps(told) + b"\n" + bytes(item.block.body))


def read(path: Path) -> SetAside:
    """The item in a file. Raises OSError; ValueError or KeyError where it holds something else."""
    line, _, body = path.read_bytes().partition(b"\n")
    told = orjson.loads(line)
    block = Block(told["table"], body, told["rows"])
    return SetAside(int(path.stem), block, bytes.fromhex(told["digest"]), told["at_ns"], told["reason"])


def heading(path: Path) -> Heading | None:
    """What a file says before its rows; None where it is gone, or holds something else."""
    try:
        with path.open("rb") as file:
            told = orjson.loads(file.readline())
            size_bytes = path.stat().st_size - file.tell()
        return Heading(told["table"], told["rows"], size_bytes, told["at_ns"], told["reason"])
    except (OSError, ValueError, KeyError):
        return None


def aside(queue: Path) -> list[Path]:
    """The files of what is aside, oldest first."""
    return sorted((queue / FOLDER).glob(f"*{ASIDE}"))


def asked_back(queue: Path) -> Iterator[Path]:
    """The files of what is to be put back."""
    return (queue / FOLDER).glob(f"*{BACK}")


def ask_back(path: Path) -> None:
    """Ask for the item in this file to be put back. Raises OSError."""
    path.rename(path.with_suffix(BACK))


def remove(path: Path) -> None:
    """Remove the file of an item that is in the queue again. Raises OSError."""
    path.unlink()
    disk.sync_directory(path.parent)


def largest_number(queue: Path) -> int:
    """The largest number a file here has; 0 without any. No other item may get it."""
    return max((int(path.stem) for path in (queue / FOLDER).glob("*") if path.stem.isdigit()), default=0)


def forget(queue: Path, numbers: Iterable[int]) -> None:
    """Remove the files of items that are in the queue after all: a crash came between two steps. Raises OSError."""
    for number in numbers:
        for suffix in (ASIDE, BACK):
            _path(queue, number, suffix).unlink(missing_ok=True)


def _path(queue: Path, number: int, suffix: str) -> Path:
    return queue / FOLDER / f"{number:012d}{suffix}"
