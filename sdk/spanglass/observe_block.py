"""``@spanglass.observe`` on what makes a context manager: the span is open, and the current one, while the block is.

``contextlib`` makes context managers of generators, and a generator is observed as a stream: nobody's current span. So
it is told apart for what it is used: above ``@contextmanager`` the decorator sees the function that this one made,
below it the observed function sees that it is this one that calls it.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from spanglass import runtime
from spanglass.current import leave
from spanglass.span import finish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from spanglass.live import LiveSpan
    from spanglass.plan import Plan

    Making = Callable[..., Any]


def around_block(function: Making, plan: Plan) -> Making | None:
    """A function made by ``@contextmanager`` or ``@asynccontextmanager``, observed; ``None`` for any other function."""
    manager, block = _MANAGERS.get(_code_of(function), (None, None))
    if manager is None or block is None:
        return None
    generator: Making = function.__wrapped__  # type: ignore[attr-defined]  # contextlib sets it
    return functools.wraps(function)(manager(block(generator, plan)))


def block_of(generator: Making, plan: Plan) -> Making:
    """A generator function observed as a block, for where ``contextlib`` calls it: see ``MANAGER_STARTS``."""
    return (_async_block if inspect.isasyncgenfunction(generator) else _block)(generator, plan)


class _Open:
    """The span of a block."""

    __slots__ = ("_live", "_plan")

    def __init__(self, plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._plan = plan
        self._live: LiveSpan | None = None if runtime.STATE.off else plan.begin(args, kwargs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if self._live is None:
            return
        leave(self._live.token)
        if error is None or isinstance(error, GeneratorExit):  # the block was left, or never came to its end
            self._plan.done(self._live, None)
        else:
            finish(self._live, error)


def _block(generator: Making, plan: Plan) -> Making:
    open_block = contextmanager(generator)

    @functools.wraps(generator)
    def block(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with _Open(plan, args, kwargs), open_block(*args, **kwargs) as value:
            yield value

    return block


def _async_block(generator: Making, plan: Plan) -> Making:
    open_block = asynccontextmanager(generator)

    @functools.wraps(generator)
    async def block(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        with _Open(plan, args, kwargs):
            async with open_block(*args, **kwargs) as value:
                yield value

    return block


def _nothing() -> Iterator[None]:
    yield


async def _nothing_async() -> AsyncIterator[None]:
    yield


def _code_of(function: Any) -> Any:
    return getattr(function, "__code__", None)


_MANAGERS: Final[dict[Any, tuple[Making, Callable[[Making, Plan], Making]]]] = {
    _code_of(contextmanager(_nothing)): (contextmanager, _block),
    _code_of(asynccontextmanager(_nothing_async)): (asynccontextmanager, _async_block),
}
"""By the code of the functions that they return: of one each, whatever they are given."""

MANAGER_STARTS: Final = _code_of(getattr(getattr(contextlib, "_GeneratorContextManagerBase", None), "__init__", None))
"""The code that calls a generator function in order to make a context manager of it."""
