"""How many bytes of requests are held in memory at once, all of them together."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from spanglass_collector.errors import Busy, TooLarge


class Memory:
    """A limit that all requests share. Bodies are worked on in threads, so counting is locked."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.held_bytes = 0
        self._lock = threading.Lock()

    def hold(self) -> Hold:
        """The share of one request, nothing yet; given back at the end of its ``with`` block."""
        return Hold(self)

    def change(self, by: int) -> bool:
        """Take more or give back; False, with nothing taken, when it would be too much."""
        with self._lock:
            if by > 0 and self.held_bytes + by > self.max_bytes:
                return False
            self.held_bytes += by
            return True


class Hold:
    """What one request takes of the memory."""

    __slots__ = ("_bytes", "_memory")

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._bytes = 0

    def grow(self, size: int) -> None:
        """Count ``size`` more bytes. Raises TooLarge where this request alone is too much, Busy where others are."""
        if not self._memory.change(size):
            most = self._memory.max_bytes
            if self._bytes + size > most:
                msg = f"The request takes more than {most} bytes of memory. Send fewer spans in one request."
                raise TooLarge(msg)
            msg = "Too many requests are being worked on."
            raise Busy(msg)
        self._bytes += size

    def release(self) -> None:
        """Give everything back."""
        self._memory.change(-self._bytes)
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
