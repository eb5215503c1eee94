"""Work that is handed to a thread or a pool inside a span is below that span.

Three sorts of places are patched, each at its class: where a thread starts, where a pool takes work, where a pool
starts. A pool's own threads and processes are started in an empty context: they outlive the first piece of work, and
what has no parent must find none there.
"""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from opentelemetry.context import Context

from spanglass import current
from spanglass.after_import import after_import
from spanglass.carry import Carried, worth_carrying
from spanglass.current import leave
from spanglass.guard import guarded, swallow

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Thread

_EMPTY: Final = Context()
_TELEMETRY: Final = ("spanglass", "Otel")
"""Threads of these names begin with: they send spans, and are below none."""


class _Switch:
    on = False


_SWITCH: Final = _Switch()


def follow(wanted: bool) -> bool:
    """Patch the places, each once, or take the patches away. Returns whether they were in force before.

    A module that is not imported yet is patched when it is. A patch that another library has wrapped since cannot be
    taken away: it then does nothing.
    """
    before, _SWITCH.on = _SWITCH.on, wanted
    for place in PLACES:
        with guarded("threads.follow"):
            if wanted:
                after_import(place.module, place.patch)
            else:
                place.restore()
    return before


@dataclass(frozen=True)
class Place:
    """A method that is replaced."""

    module: str
    owner: str
    method: str
    replace: Callable[[Callable[..., Any]], Callable[..., Any]]

    def patch(self) -> None:
        """Put ours in the place of the method, unless it is there or nobody wants it any more."""
        original = self._present()
        if _SWITCH.on and original is not None and original not in _OURS:
            ours = functools.wraps(original)(self.replace(original))
            _OURS.add(ours)
            setattr(getattr(sys.modules[self.module], self.owner), self.method, ours)

    def restore(self) -> None:
        """Put the original back if ours is what is there."""
        ours = self._present()
        if ours in _OURS:
            setattr(getattr(sys.modules[self.module], self.owner), self.method, ours.__wrapped__)

    def _present(self) -> Any:
        return vars(getattr(sys.modules.get(self.module), self.owner, _Switch)).get(self.method)


_OURS: Final[WeakSet[Callable[..., Any]]] = WeakSet()


def _starting(original: Callable[[Thread], None]) -> Callable[[Thread], None]:
    """``Thread.start``: whatever ``run`` the thread has, of its class or its own, runs in the context of the start."""

    def start(self: Thread) -> None:
        try:
            put_back = _prepare(self)
        except Exception as error:  # noqa: BLE001  the thread then starts without
            swallow("threads.start", error)
            put_back = None
        if put_back is None:
            return original(self)
        try:
            return original(self)
        except BaseException:
            put_back()
            raise

    return start


def _prepare(thread: Thread) -> Callable[[], None] | None:
    """Have ``run`` of a thread that is about to start run in the current context. Returns how to undo it."""
    context = current.get()
    fresh = getattr(thread, "_initialized", True) and not thread.ident  # otherwise Thread.start has something to say
    if not _SWITCH.on or not fresh or not worth_carrying(context) or thread.name.startswith(_TELEMETRY):
        return None
    attributes = vars(thread)
    own = attributes.get("run")  # one that was set on this very thread
    run = Carried(thread.run, context)

    def put_back() -> None:
        attributes.pop("run", None)
        if own is not None:
            attributes["run"] = own

    def carrying() -> None:
        put_back()  # or the thread would hold itself
        run()

    attributes["run"] = carrying
    return put_back


def _taking(original: Callable[..., Any]) -> Callable[..., Any]:
    """``submit`` of an executor, and what is like it: the work is carried, a worker that is started for it is not."""

    def submit(self: Any, *args: Any, **kwargs: Any) -> Any:
        context = current.get()
        if not _SWITCH.on or not worth_carrying(context):
            return original(self, *args, **kwargs)
        if args:
            args = (Carried(args[0], context), *args[1:])
        elif "func" in kwargs:  # as a multiprocessing pool may be told it
            kwargs["func"] = Carried(kwargs["func"], context)
        token = current.attach(_EMPTY)
        try:
            return original(self, *args, **kwargs)
        finally:
            leave(token)

    return submit


def _opening(original: Callable[..., Any]) -> Callable[..., Any]:
    """A pool that starts its workers when it is made."""

    def opened(self: Any, *args: Any, **kwargs: Any) -> None:
        token = current.attach(_EMPTY) if _SWITCH.on else None
        try:
            original(self, *args, **kwargs)
        finally:
            leave(token)

    return opened


PLACES: Final = (
    Place("threading", "Thread", "start", _starting),
    Place("concurrent.futures.thread", "ThreadPoolExecutor", "submit", _taking),
    Place("concurrent.futures.process", "ProcessPoolExecutor", "submit", _taking),
    Place("multiprocessing.pool", "Pool", "__init__", _opening),
    Place("multiprocessing.pool", "Pool", "apply_async", _taking),
    Place("multiprocessing.pool", "Pool", "imap", _taking),
    Place("multiprocessing.pool", "Pool", "imap_unordered", _taking),
    Place("multiprocessing.pool", "Pool", "_map_async", _taking),  # of map, starmap and their like
)
