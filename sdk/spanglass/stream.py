"""Generators under observation: their body runs in a context of its own, and their span ends when they end.

A generator shares the context of whoever consumes it, so a span made current in its body would still be current in
the consumer between two items. Here each step of the body runs in a copy of the context made when the generator was:
what the body starts is below the generator's span, what the consumer starts is not, and it may be consumed from
several threads or tasks in turn.
"""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from spanglass.guard import guarded
from spanglass.span import finish

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
    from contextvars import Context

    from spanglass.live import LiveSpan

T = TypeVar("T")
S = TypeVar("S")
R = TypeVar("R")

_ITEM_BYTES: Final = 64  # what an item that is no text counts for, at the least


class Chunks:
    """The items a generator has yielded, as far as its span has room for them."""

    __slots__ = ("_done", "_items", "_live", "_room")

    def __init__(self, live: LiveSpan, done: Callable[[LiveSpan, object], None], *, keep: bool) -> None:
        self._live = live
        self._done = done
        self._items: list[object] = []
        self._room = live.recorder.max_bytes if keep and live.sampled and live.recorder.capture else 0

    def add(self, item: object) -> None:
        """Note an item as it is yielded."""
        if not self._live.first_chunk_ns:
            self._live.first_chunk_ns = time_ns()
        if self._room > 0:
            self._items.append(item)
            self._room -= len(item) if type(item) is str else _ITEM_BYTES

    def end(self, returned: object = None) -> None:
        """The generator has come to its end, or was let go of: the span has what was yielded until then."""
        result = returned
        with guarded("observe.chunks"):
            result = joined(self._items) if self._items else returned
        self._done(self._live, result)

    def fail(self, error: BaseException) -> None:
        """The generator raised: the span has the error, and what was yielded until then."""
        with guarded("observe.chunks"):
            if self._items:
                self._live.take(self._live.site.read_output, joined(self._items))
        finish(self._live, error)


def joined(items: list[Any]) -> object:
    """Pieces of text as one text, anything else as the list it is."""
    if all(isinstance(item, str) for item in items):
        return "".join(items)
    if all(isinstance(item, bytes) for item in items):
        return b"".join(items).decode("utf-8", "replace")
    return items


def drive(generator: Generator[T, S, R], context: Context, chunks: Chunks) -> Generator[T, S, R]:
    """``generator``, step by step in ``context``; as transparent as ``yield from``."""
    try:
        item = context.run(next, generator)
        while True:
            chunks.add(item)
            try:
                sent = yield item
            except GeneratorExit:
                context.run(generator.close)
                raise
            except BaseException as thrown:  # noqa: BLE001  whatever it is, it is the generator's
                item = context.run(generator.throw, thrown)
            else:
                item = context.run(generator.send, sent)
    except StopIteration as stop:
        chunks.end(stop.value)
        return stop.value  # type: ignore[no-any-return]
    except GeneratorExit:
        chunks.end()
        raise
    except BaseException as error:
        chunks.fail(error)
        raise


async def drive_async(generator: AsyncGenerator[T, S], context: Context, chunks: Chunks) -> AsyncGenerator[T, S]:
    """``generator``, step by step in ``context``."""
    try:
        item = await Within(context, anext(generator))
        while True:
            chunks.add(item)
            try:
                sent = yield item
            except GeneratorExit:
                await Within(context, generator.aclose())
                raise
            except BaseException as thrown:  # noqa: BLE001
                item = await Within(context, generator.athrow(thrown))
            else:
                item = await Within(context, generator.asend(sent))
    except StopAsyncIteration:
        chunks.end()
    except GeneratorExit:
        chunks.end()
        raise
    except BaseException as error:
        chunks.fail(error)
        raise


class Within(Generic[T]):
    """An awaitable whose every step runs in ``context``, though the task that awaits it has another."""

    __slots__ = ("_awaitable", "_context")

    def __init__(self, context: Context, awaitable: Awaitable[T]) -> None:
        self._context = context
        self._awaitable = awaitable

    def __await__(self) -> Generator[Any, Any, T]:
        run = self._context.run
        steps: Any = self._awaitable.__await__()
        try:
            waits_for = run(next, steps)
            while True:
                try:
                    sent = yield waits_for
                except GeneratorExit:
                    run(steps.close)
                    raise
                except BaseException as thrown:  # noqa: BLE001
                    waits_for = run(steps.throw, thrown)
                else:
                    waits_for = run(steps.send, sent)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
