"""A function that takes its surroundings along: into a thread, another event loop, another process.

Only OpenTelemetry's context is taken, in which the current span, baggage and our facts live; what other libraries keep
in context variables stays where it is.
"""

from __future__ import annotations

import functools
import inspect
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, TypeVar

from opentelemetry import context as otel_context
from opentelemetry import trace

from spanglass import current
from spanglass.context import AMBIENT_KEY, NOTHING, ambient
from spanglass.current import leave
from spanglass.stream import Chunks, drive, drive_async

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping
    from contextvars import Context

    from opentelemetry.context import Context as OtelContext

P = ParamSpec("P")
R = TypeVar("R")


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """``function``, to be called anywhere as if it were called here: below the span and with the facts of this moment.

    For pools, queues, callbacks and threads that the SDK does not reach by itself. Coroutine functions and generators
    run in these surroundings at each of their steps. The result of a plain function can be pickled if the function
    can: it may go to another process, and takes the place in the trace with it.
    """
    context = current.here()
    wrap = next((wrap for is_such, wrap in _STEPWISE if is_such(function)), Carried)
    found: Callable[P, R] = wrap(function, context)
    return functools.update_wrapper(found, function, updated=())


class Carried(Generic[P, R]):
    """A plain function and the context it is to run in."""

    def __init__(self, function: Callable[P, R], context: OtelContext) -> None:
        self._function = function
        self._context = context

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call it there."""
        token = current.attach(self._context)
        try:
            return self._function(*args, **kwargs)
        finally:
            leave(token)

    def __getattr__(self, name: str) -> Any:
        """What a pool may want to know of a function, its name for instance."""
        return getattr(self._function, name)

    def __repr__(self) -> str:
        return f"<carried {self._function!r}>"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        from spanglass.propagation.w3c import to_headers  # noqa: PLC0415  only when a process is left

        return _restored, (self._function, to_headers(self._context), dict(ambient(self._context)))


def _restored(function: Callable[P, R], headers: dict[str, str], facts: Mapping[str, Any]) -> Carried[P, R]:
    from spanglass.propagation.w3c import from_headers  # noqa: PLC0415

    context = from_headers(headers, otel_context.Context())
    return Carried(function, otel_context.set_value(AMBIENT_KEY, dict(facts), context) if facts else context)


def worth_carrying(context: OtelContext) -> bool:
    """Whether this context has a span or facts: without them there is nothing to take along."""
    return bool(context) and (
        trace.get_current_span(context) is not trace.INVALID_SPAN or ambient(context) is not NOTHING
    )


def _coroutine(function: Callable[..., Any], context: OtelContext) -> Callable[..., Any]:
    async def called(*args: Any, **kwargs: Any) -> Any:
        token = current.attach(context)
        try:
            return await function(*args, **kwargs)
        finally:
            leave(token)

    return called


def _generator(function: Callable[..., Any], context: OtelContext) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        return drive(function(*args, **kwargs), _around(context), _UNRECORDED)

    return called


def _async_generator(function: Callable[..., Any], context: OtelContext) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        return drive_async(function(*args, **kwargs), _around(context), _UNRECORDED)

    return called


def _around(context: OtelContext) -> Context:
    """The context variables of this moment, with OpenTelemetry's context in them replaced."""
    variables = copy_context()
    variables.run(current.attach, context)
    return variables


class _Unrecorded(Chunks):
    """In the place of the chunks of a generator that no span is open for."""

    __slots__ = ()

    def __init__(self) -> None:
        self.keep = self._pass

    def _pass(self, item: object) -> None:
        """Nothing is kept."""

    def first(self) -> None:
        """No clock is running."""

    def look(self) -> Callable[[Any], object]:
        """Nothing is kept next either."""
        return self.keep

    def end(self, returned: object = None) -> None:
        """Nothing is open."""

    def fail(self, error: BaseException) -> None:
        """Nothing is open."""


_UNRECORDED: Final = _Unrecorded()
_STEPWISE: Final[tuple[tuple[Callable[[Any], bool], Callable[[Any, OtelContext], Any]], ...]] = (
    (inspect.isasyncgenfunction, _async_generator),
    (inspect.isgeneratorfunction, _generator),
    (inspect.iscoroutinefunction, _coroutine),
)
