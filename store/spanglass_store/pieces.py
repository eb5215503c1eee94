"""Bytes in many pieces, joined a few at a time while they are sent: large memory, touched for the first time, costs more
than copying small one. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

CHUNK_BYTES: Final = 64 * 1024
"""Joined at a time: so much stays in the processor's cache until it is sent."""


class Pieces:
    """The pieces one behind the other. ``len`` is in bytes; iterating gives chunks, ``bytes`` the whole."""

    __slots__ = ("_pieces", "_size")

    def __init__(self, pieces: Sequence[bytes | memoryview]) -> None:
        self._pieces = pieces
        self._size = sum(map(len, pieces))

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return b"".join(self._pieces)

    def __iter__(self) -> Iterator[bytes]:
        chunk: list[bytes | memoryview] = []
        size = 0
        for piece in self._pieces:
            chunk.append(piece)
            size += len(piece)
            if size >= CHUNK_BYTES:
                yield b"".join(chunk)
                chunk, size = [], 0
        if chunk:
            yield b"".join(chunk)
