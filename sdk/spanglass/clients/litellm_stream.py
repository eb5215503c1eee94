"""LiteLLM's streams: objects that convert chunks of any provider as they are asked for the next one.

There is no iterator inside that yields what the caller gets, so the object itself is made one of a class that tells
of each chunk; it stays an instance of its own.
"""

from __future__ import annotations

import weakref
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spanglass.clients.streams import Tap


def watch(stream: Any, tap: Tap) -> Any:
    """The same stream, telling ``tap`` of each chunk and of the end."""
    stream._spanglass_tap = tap  # noqa: SLF001  ours
    stream.__class__ = _watched(stream.__class__)
    weakref.finalize(stream, tap.finish).atexit = False
    return stream


@cache
def _watched(kind: type[Any]) -> type[Any]:
    return type(kind.__name__, (_Watched, kind), {"__module__": kind.__module__, "__qualname__": kind.__qualname__})


class _Watched:
    """The next chunk as the class behind gives it."""

    _spanglass_tap: Tap

    def __next__(self) -> Any:
        tap = self._spanglass_tap
        try:
            while not tap.takes(chunk := super().__next__()):  # type: ignore[misc]
                pass
        except StopIteration:
            tap.finish()
            raise
        except BaseException as error:
            tap.finish(error)
            raise
        return chunk

    async def __anext__(self) -> Any:
        tap = self._spanglass_tap
        try:
            while not tap.takes(chunk := await super().__anext__()):  # type: ignore[misc]
                pass
        except StopAsyncIteration:
            tap.finish()
            raise
        except BaseException as error:
            tap.finish(error)
            raise
        return chunk

    async def aclose(self) -> None:
        """Close it, where the class behind can be closed; the span has what came until now."""
        try:
            if hasattr(super(), "aclose"):
                await super().aclose()  # type: ignore[misc]
        finally:
            self._spanglass_tap.finish()
