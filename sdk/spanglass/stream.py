"""Generators under observation: their body runs in a context of its own, and their span ends when they end.

A generator shares the context of whoever consumes it, so a span made current in its body would still be current in
the consumer between two items. Here each step of the body runs in a copy of the context made when the generator was:
what the body starts is below the generator's span, what the consumer starts is not, and it may be consumed from
several threads or tasks in turn.
"""

from __future__ import annotations

from time import time_ns
from types import coroutine
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from spanglass.guard import guarded, swallow
from spanglass.span import finish

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
    from contextvars import Context

    from spanglass.live import LiveSpan

T = TypeVar("T")
S = TypeVar("S")
R = TypeVar("R")

_ITEM_BYTES: Final = 64  # what an item that is no text counts for, at the least
_ROUND: Final = range(256)  # items between two looks at how much has been kept
_THERE: Final = object()  # said by steps when an item is there; anything else is what they wait for


class Chunks:
    """The items a generator has yielded, as far as its span has room for them."""

    __slots__ = ("_counted", "_done", "_items", "_kept_bytes", "_live", "keep")

    def __init__(self, live: LiveSpan, done: Callable[[LiveSpan, object], None], *, keep: bool) -> None:
        self._live = live
        self._done = done
        self._items: list[Any] = []
        self._counted = self._kept_bytes = 0  # items whose size is known, and that size
        self.keep: Callable[[Any], object] = (
            self._items.append if keep and live.sampled and live.recorder.capture else _forget
        )

    def first(self) -> None:
        """The first item is there."""
        self._live.first_chunk_ns = time_ns()

    def look(self) -> Callable[[Any], object]:
        """What to do with the next items: keep them, or no longer."""
        fresh = self._items[self._counted :]
        try:
            self._kept_bytes += len("".join(fresh))
        except TypeError:
            self._kept_bytes += sum(len(item) if type(item) is str else _ITEM_BYTES for item in fresh)
        self._counted = len(self._items)
        return self.keep if self._kept_bytes < self._live.recorder.max_bytes else _forget

    def end(self, returned: object = None) -> None:
        """The generator has come to its end, or was let go of: the span has what was yielded until then."""
        try:
            result = joined(self._items) if self._items else returned
        except Exception as error:  # noqa: BLE001  an item's own class may have odd ideas
            swallow("observe.chunks", error)
            result = returned
        self._done(self._live, result)

    def fail(self, error: BaseException) -> None:
        """The generator raised: the span has the error, and what was yielded until then."""
        with guarded("observe.chunks"):
            if self._items:
                self._live.take(self._live.site.read_output, joined(self._items))
        finish(self._live, error)


def _forget(_item: object) -> None:
    """There is no room for it."""


def joined(items: list[Any]) -> object:
    """Pieces of text as one text, anything else as the list it is."""
    if len(items) == 1 and type(items[0]) is str:
        return items[0]
    kinds = set(map(type, items))
    if kinds == {str}:
        return "".join(items)
    if kinds == {bytes}:
        return b"".join(items).decode("utf-8", "replace")
    return items


def drive(generator: Generator[T, S, R], context: Context, chunks: Chunks) -> Generator[T, S, R]:
    """``generator``, step by step in ``context``; as transparent as ``yield from``."""
    run, send, keep = context.run, generator.send, chunks.keep
    try:
        item = run(send, None)  # type: ignore[arg-type]
        chunks.first()
        while True:
            for _ in _ROUND:
                keep(item)
                try:
                    sent = yield item
                except GeneratorExit:
                    run(generator.close)
                    raise
                except BaseException as thrown:  # noqa: BLE001  whatever it is, it is the generator's
                    item = run(generator.throw, thrown)
                else:
                    item = run(send, sent)
            keep = chunks.look()
    except StopIteration as stop:
        chunks.end(stop.value)
        return stop.value  # type: ignore[no-any-return]
    except GeneratorExit:
        chunks.end()
        raise
    except BaseException as error:
        chunks.fail(error)
        raise


async def drive_async(  # noqa: C901  a coroutine inside would cost each chunk
    generator: AsyncGenerator[T, S], context: Context, chunks: Chunks
) -> AsyncGenerator[T, S]:
    """``generator``, step by step in ``context``.

    A coroutine of its own takes the items, and says by ``_THERE`` that ``item`` is one: an item that is there at once,
    as most are that came over a network together, then passes without an exception made and caught, which would cost
    as much again as all the rest.
    """
    item: T

    @coroutine
    def take() -> Generator[Any, S, None]:
        nonlocal item
        keep, asend = chunks.keep, generator.asend
        item = yield from generator.__anext__()
        chunks.first()
        while True:
            for _ in _ROUND:
                keep(item)
                try:
                    sent = yield there
                except GeneratorExit:
                    raise
                except BaseException as thrown:  # noqa: BLE001  whatever it is, it is the generator's
                    step: Any = generator.athrow(thrown)
                else:
                    step = asend(sent)
                item = yield from step
            keep = chunks.look()

    there: Any = _THERE
    steps: Any = take()
    run, send = context.run, steps.send
    resume, told = send, None  # how the next step begins
    try:
        while True:
            if (waits_for := run(resume, told)) is not there:
                await _until_there(waits_for, run, steps)
            try:
                told = yield item
            except GeneratorExit:
                await Within(context, generator.aclose())
                raise
            except BaseException as thrown:  # noqa: BLE001
                resume, told = steps.throw, thrown  # type: ignore[assignment]
            else:
                resume = send
    except StopAsyncIteration:
        chunks.end()
    except GeneratorExit:
        chunks.end()
        raise
    except BaseException as error:
        chunks.fail(error)
        raise


@coroutine
def _until_there(waits_for: Any, run: Callable[..., Any], steps: Any) -> Generator[Any, Any, None]:
    """Wait for what the steps wait for, until an item is there."""
    while waits_for is not _THERE:
        try:
            sent = yield waits_for
        except BaseException as thrown:  # noqa: BLE001
            waits_for = run(steps.throw, thrown)
        else:
            waits_for = run(steps.send, sent)


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
