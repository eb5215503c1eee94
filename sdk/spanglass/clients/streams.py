"""Streamed answers: passed on chunk by chunk as they come, and told when they end, however that comes.

On the consumer's thread a chunk costs an append. They are put together in the exporter's thread, by the reader that
is left in the span: so long the chunks themselves are kept, which nobody changes once they have been given out.
"""

from __future__ import annotations

import copy
import inspect
import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from time import time_ns
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import Status, StatusCode

from spanglass import semconv
from spanglass.capture import Snapshot, snapshot
from spanglass.guard import guarded, swallow
from spanglass.span import finish

if TYPE_CHECKING:
    from spanglass.clients.calls import Call
    from spanglass.live import LiveSpan

Json = dict[str, Any]

_CHUNK_BYTES: Final = 2_000  # memory of one chunk, about
_MOST_KEPT: Final = 2_000  # chunks: of a longer stream the memory weighs more than the time to join it at once


@dataclass(frozen=True, slots=True)
class Edit:
    """Something asked of the server that the caller did not ask for, and must not notice."""

    asked_with: str  # the argument without which there is nothing to ask
    ask: Callable[[Json], Json]  # arguments -> arguments with the question; the same object: nothing to ask
    refused: Callable[[Exception], bool]  # the server does not know it: the call is made again without, now and later
    shown: Callable[[Any], Any]  # true of every chunk but a few, and quick to ask
    hides: Callable[[Any], bool]  # asked of those few: is the chunk there only because of the question?

    def shows(self, chunk: Any) -> bool:
        """Whether the caller is to see it."""
        try:
            return bool(self.shown(chunk)) or not self.hides(chunk)
        except Exception as error:  # noqa: BLE001  a chunk of another shape is the caller's
            swallow("clients.chunk", error)
            return True


class Tap:
    """The chunks of one stream, and the span that ends with them."""

    __slots__ = ("call", "chunks", "edit", "live")

    def __init__(self, live: LiveSpan, call: Call, edit: Edit | None) -> None:
        self.live = live
        self.call = call
        self.edit = edit
        self.chunks: list[Any] = []

    def takes(self, chunk: Any) -> bool:
        """Note a chunk. False for one that is not the caller's."""
        if not self.chunks:
            self.live.first_chunk_ns = time_ns()
        self.chunks.append(chunk)
        return self.edit is None or self.edit.shows(chunk)

    def finish(self, error: BaseException | None = None) -> None:
        """End the span with what has arrived; a second call does nothing."""
        live = self.live
        if live.end_ns:
            return
        end_ns = time_ns()
        with guarded("clients.stream"):
            chunks, self.chunks = self.chunks, []
            if chunks:
                arrived = Arrived(self.call, chunks, live)
                if len(chunks) <= _MOST_KEPT:
                    live.holds(len(chunks) * _CHUNK_BYTES)
                    live.take(arrived, "")
                else:
                    live.take(self.call.response, arrived.joined())
                note_failure(live, self.call, chunks[-1])
        fail(live, error, end_ns)


class Arrived:
    """Reader of chunks: what they tell together, as far as the span has room for it."""

    __slots__ = ("_call", "_chunks", "_content", "_max_bytes")

    def __init__(self, call: Call, chunks: list[Any], live: LiveSpan) -> None:
        self._call = call
        self._chunks = chunks
        self._content = live.recorder.capture
        self._max_bytes = live.recorder.max_bytes

    def __call__(self, _taken: Snapshot) -> Mapping[str, Any]:
        """Attributes of the whole answer."""
        return self._call.response(snapshot(self.joined(), self._max_bytes))

    def joined(self) -> Json:
        """What the answer would have been, had it not been streamed."""
        return self._call.joined(self._chunks, self._content) if self._call.joined else {}


def is_stream(answer: Any) -> bool:
    """An iterator of either sort."""
    return _is_iterator(answer.__class__)


@lru_cache(maxsize=256)  # asking a class of pydantic's for what it does not have takes a microsecond
def _is_iterator(kind: Any) -> bool:
    return hasattr(kind, "__next__") or hasattr(kind, "__anext__")


def watch(stream: Any, tap: Tap) -> Any:
    """For streams that are plain iterators: a generator in their place."""
    passing: Any = async_steps(stream, tap) if hasattr(type(stream), "__anext__") else steps(stream, tap)
    weakref.finalize(passing, tap.finish).atexit = False
    return passing


def watch_inner(name: str) -> Callable[[Any, Tap], Any]:
    """For streams that are objects around an iterator, their attribute ``name``: a twin of the object.

    Some streams and their iterators hold each other, so that one left half-read lives until the garbage collector
    comes by. What the twin has in the iterator's place is in no such circle: when the consumer lets go of both, it is
    gone, and the span has ended.
    """

    def watch_twin(stream: Any, tap: Tap) -> Any:
        twin, kind = copy.copy(stream), stream.__class__
        twin.__class__ = _handing_out(kind, name)
        setattr(twin, name, watch(getattr(stream, name), tap))
        closes = _async_closing if inspect.iscoroutinefunction(stream.close) else _closing
        twin.close = closes(stream.close, tap)
        return twin

    return watch_twin


class _PassingOn:
    """The loop of a stream that does nothing itself."""

    _inner: Any

    def __iter__(self) -> Iterator[Any]:
        for item in self._inner:  # noqa: UP028  as the packages write it
            yield item

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for item in self._inner:
            yield item


@lru_cache(maxsize=64)
def _handing_out(kind: Any, name: str) -> Any:
    """``kind``, with its iterator ``name`` itself handed out where its own loop would only pass the items on.

    A chunk then passes as many generators as without us, and noting it costs an append. A loop that is anything but
    that, to the instruction, is left alone, as is a class that cannot be derived from.
    """
    handed_out: Callable[[Any], Any] = lambda stream: getattr(stream, name)  # noqa: E731
    loops = {}
    for loop in ("__iter__", "__aiter__"):
        code = getattr(getattr(kind, loop, None), "__code__", None)
        if code and code.co_names == (name,) and code.co_code == getattr(_PassingOn, loop).__code__.co_code:
            loops[loop] = handed_out
    if not loops or not kind.__dictoffset__:
        return kind
    named = {told: getattr(kind, told) for told in ("__module__", "__qualname__", "__doc__")}
    return type(kind.__name__, (kind,), {**named, **loops})


def steps(chunks: Iterator[Any], tap: Tap) -> Iterator[Any]:  # noqa: C901  a generator inside would cost each chunk
    """``chunks``, each noted in ``tap`` as it passes."""
    keep, edit = tap.chunks.append, tap.edit
    try:
        for chunk in chunks:
            if tap.takes(chunk):
                yield chunk
            break
        if edit is None:
            for chunk in chunks:
                keep(chunk)
                yield chunk
        else:
            shown = edit.shown
            for chunk in chunks:
                keep(chunk)
                try:
                    if not shown(chunk) and edit.hides(chunk):
                        continue
                except Exception as error:  # noqa: BLE001  a chunk of another shape is the caller's
                    swallow("clients.chunk", error)
                yield chunk
    except GeneratorExit:
        raise
    except BaseException as error:
        tap.finish(error)
        raise
    finally:
        tap.finish()
        if hasattr(chunks, "close"):
            chunks.close()


async def async_steps(chunks: AsyncIterator[Any], tap: Tap) -> AsyncIterator[Any]:  # noqa: C901
    """The same for an asynchronous iterator."""
    keep, edit = tap.chunks.append, tap.edit
    try:
        async for chunk in chunks:
            if tap.takes(chunk):
                yield chunk
            break
        if edit is None:
            async for chunk in chunks:
                keep(chunk)
                yield chunk
        else:
            shown = edit.shown
            async for chunk in chunks:
                keep(chunk)
                try:
                    if not shown(chunk) and edit.hides(chunk):
                        continue
                except Exception as error:  # noqa: BLE001
                    swallow("clients.chunk", error)
                yield chunk
    except GeneratorExit:
        raise
    except BaseException as error:
        tap.finish(error)
        raise
    finally:
        tap.finish()
        if hasattr(chunks, "aclose"):
            await chunks.aclose()


def fail(live: LiveSpan, error: BaseException | None, end_ns: int | None = None) -> None:
    """End the span with what ended it, if anything did, and its HTTP status."""
    if error is not None and live.sampled and (status := http_status(error)):
        live.set_attribute(semconv.HTTP_STATUS, status)
    finish(live, error, end_ns)


def http_status(error: BaseException) -> int | None:
    """The status the server answered, as the exceptions of the packages tell it."""
    response = getattr(error, "response", None)
    told = response.get("ResponseMetadata", {}) if isinstance(response, Mapping) else {}
    candidates = (getattr(error, "status_code", None), getattr(error, "code", None), told.get("HTTPStatusCode"))
    return next((code for code in candidates if type(code) is int and 100 <= code < 600), None)


def note_failure(live: LiveSpan, call: Call, answer: Any) -> None:
    """Some servers tell in an answer, and not by a status, that they failed."""
    if call.failed is not None and (told := call.failed(answer)) is not None:
        kind, message = told
        live.set_attribute(semconv.ERROR_TYPE, kind)
        live.set_status(Status(StatusCode.ERROR, message))


def _closing(close: Callable[[], None], tap: Tap) -> Callable[[], None]:
    def closed() -> None:
        try:
            close()
        finally:
            tap.finish()

    return closed


def _async_closing(close: Callable[[], Any], tap: Tap) -> Callable[[], Any]:
    async def closed() -> None:
        try:
            await close()
        finally:
            tap.finish()

    return closed
