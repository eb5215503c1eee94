"""The bytes of one record of the journal, and how records are found again in a file that may be damaged. Pure.

A record is a head of 20 bytes (the file's mark, the length and the XXH3 of what follows), then the length of its facts,
the facts as JSON, and a body of any bytes. The mark is random and another in each file: a client cannot write bytes
that would be taken for a record of ours where the record around them is damaged. Another form of records takes another
suffix of the files (``journal.SUFFIX``), or each version would take the other's records for damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Any, Final

import orjson
from xxhash import xxh3_64

MARK_BYTES: Final = 8
_HEAD: Final = Struct(f"<{MARK_BYTES}sIQ")
_FACTS: Final = Struct("<I")
HEAD_BYTES: Final = _HEAD.size

Buffer = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Record:
    """What one record says. ``kind`` is one letter, see ``kinds``; ``facts`` are plain values."""

    kind: str
    facts: Mapping[str, Any]
    body: Buffer = b""

    def release(self) -> None:
        """Let go of what the body is a view of."""
        if isinstance(self.body, memoryview):
            self.body.release()


@dataclass(frozen=True, slots=True)
class Found:
    """A whole record in a file: where it begins and ends, and where its body begins."""

    start: int
    end: int
    body_at: int
    record: Record


@dataclass(frozen=True, slots=True)
class Damaged:
    """Bytes that are no record. ``is_tail``: no whole record comes after them."""

    start: int
    end: int
    is_tail: bool


def frame(record: Record, mark: bytes) -> tuple[bytes, Buffer, int]:
    """(what goes before the body, the body, where the body begins counted from the record's start)."""
    facts = orjson.dumps({**record.facts, "kind": record.kind})
    front = _FACTS.pack(len(facts)) + facts
    checksum = xxh3_64(front)
    checksum.update(record.body)
    before = _HEAD.pack(mark, len(front) + len(record.body), checksum.intdigest()) + front
    return before, record.body, len(before)


def scan(data: memoryview, mark: bytes, find: Callable[[bytes, int], int]) -> Iterator[Found | Damaged]:
    """Everything in ``data``, in order and without gaps. ``find(bytes, start)`` is that of the same bytes.

    The bodies are views of ``data``: copy what is to outlive it.
    """
    at = 0
    while at < len(data):
        found = _record_at(data, at, mark)
        if found is not None:
            yield found
            at = found.end
            continue
        again = at
        while (again := find(mark, again + 1)) >= 0 and _record_at(data, again, mark) is None:
            pass
        yield Damaged(at, again if again >= 0 else len(data), is_tail=again < 0)
        at = again if again >= 0 else len(data)


def _record_at(data: memoryview, start: int, mark: bytes) -> Found | None:
    content_at = start + HEAD_BYTES
    if content_at + _FACTS.size > len(data):
        return None
    seen, size, checksum = _HEAD.unpack_from(data, start)
    end = content_at + size
    if seen != mark or size < _FACTS.size or end > len(data) or xxh3_64(data[content_at:end]).intdigest() != checksum:
        return None
    (facts_size,) = _FACTS.unpack_from(data, content_at)
    body_at = content_at + _FACTS.size + facts_size
    facts = orjson.loads(data[content_at + _FACTS.size : body_at])
    return Found(start, end, body_at, Record(facts.pop("kind"), facts, data[body_at:end]))
