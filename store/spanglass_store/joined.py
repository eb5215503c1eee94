"""Many Native blocks of one table as a single one, column by column. Pure.

ClickHouse works some 20 µs for each column of each block before it comes to the first row: with a block a request that is
a sixth of what a span costs there, and nearly all where requests are small. Nothing is decoded for it: ``Block.cuts``
says where the parts of a block are. Of the same blocks it always makes the same bytes, which the tokens of inserts
ask for: ClickHouse does not know a token again that comes with as many rows in other blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from spanglass_store.native import Block, Body
from spanglass_store.packed import numbers, varint
from spanglass_store.pieces import Pieces
from spanglass_store.streams import Stream, streams_of

LARGE_BYTES: Final = 4 * 1024 * 1024
"""From here on a body stays in pieces."""
_ENDS_BYTES: Final = 8


def joined(blocks: Sequence[Block]) -> Block:
    """All rows, in order. Blocks that do not tell their cuts follow one another as they are.

    A column that one of them lacks is filled as ClickHouse does it. Raises ValueError for no blocks or for blocks of
    several tables.
    """
    if len(blocks) == 1:
        return blocks[0]
    tables = {block.table for block in blocks}
    if len(tables) != 1:
        msg = f"blocks of exactly one table can be joined, got {sorted(tables)}"
        raise ValueError(msg)
    told = all(block.cuts for block in blocks)
    pieces = Pieces(_by_column(blocks) if told else [bytes(block.body) for block in blocks])
    body: Body = pieces if len(pieces) >= LARGE_BYTES else bytes(pieces)
    return Block(tables.pop(), body, sum(block.rows for block in blocks))


class _Column:
    """One column as far as it is joined: ``rows`` rows. ``entries``: of Arrays and Maps, in all rows together."""

    __slots__ = ("entries", "pieces", "rows", "streams")

    def __init__(self, head: bytes) -> None:
        self.streams = _streams_behind(head)
        self.pieces: list[list[bytes | memoryview]] = [[] for _ in self.streams]
        self.rows = self.entries = 0

    def fill(self, rows: int) -> None:
        """Make them ``rows`` rows with some that say nothing."""
        missing = rows - self.rows
        if missing:
            for stream, pieces in zip(self.streams, self.pieces, strict=True):
                blank = self.entries.to_bytes(_ENDS_BYTES, "little") if stream.is_ends else stream.blank
                pieces.append(blank * missing)
            self.rows = rows

    def add(self, parts: Sequence[memoryview], rows: int) -> None:
        """Put more rows behind."""
        before = self.entries
        for stream, pieces, part in zip(self.streams, self.pieces, parts, strict=True):
            if stream.is_ends:
                self.entries += int.from_bytes(part[-_ENDS_BYTES:], "little")
                pieces.append(_moved(part, before, rows) if before else part)
            else:
                pieces.append(part)
        self.rows += rows


def _by_column(blocks: Sequence[Block]) -> list[bytes | memoryview]:
    columns: dict[bytes, _Column] = {}
    rows = 0
    for block in blocks:
        for head, parts in _columns_of(block):
            column = columns.get(head)
            if column is None:
                column = columns[head] = _Column(head)
            column.fill(rows)
            column.add(parts, block.rows)
        rows += block.rows
    found: list[bytes | memoryview] = [varint(len(columns)) + varint(rows)]
    for head, column in columns.items():
        column.fill(rows)
        found.append(head)
        for pieces in column.pieces:
            found += pieces
    return found


def _columns_of(block: Block) -> Iterator[tuple[bytes, list[memoryview]]]:
    """What stands before each column's values, and the streams of these."""
    body = memoryview(bytes(block.body))
    told = iter(numbers(block.cuts))
    at = sum(len(varint(number)) for number in (next(told), block.rows))
    while at < len(body):
        type_at = at + 1 + body[at]
        end = type_at + 1 + body[type_at]
        head = bytes(body[at:end])
        parts = []
        for stream in _streams_behind(head):
            start, end = end, end + (stream.width * block.rows or next(told))
            parts.append(body[start:end])
        yield head, parts
        at = end


@lru_cache(maxsize=1024)
def _streams_behind(head: bytes) -> tuple[Stream, ...]:
    return streams_of(head[2 + head[0] :].decode())


def _moved(ends: memoryview, by: int, rows: int) -> bytes:
    """Each of these numbers of 8 bytes, and ``by``: as one long sum, in which nothing is carried from one to the next."""
    total = int.from_bytes(ends, "little") + by * _ones(rows)
    return total.to_bytes(len(ends), "little")


@lru_cache(maxsize=256)
def _ones(rows: int) -> int:
    return int.from_bytes((1).to_bytes(_ENDS_BYTES, "little") * rows, "little")
