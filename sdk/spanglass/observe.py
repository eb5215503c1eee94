"""``@spanglass.observe``: each call of a function becomes a span, with its arguments and its result."""

from __future__ import annotations

import functools
import inspect
from contextvars import copy_context
from sys import _getframe
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from spanglass import runtime
from spanglass.current import leave
from spanglass.guard import swallow
from spanglass.observe_block import MANAGER_STARTS, around_block, block_of
from spanglass.observe_class import OBSERVED, observe_methods
from spanglass.plan import Plan
from spanglass.semconv import Kind
from spanglass.site import KindName
from spanglass.span import finish
from spanglass.stream import Chunks, drive, drive_async

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator


F = TypeVar("F", bound="Callable[..., Any]")


@overload
def observe(function: F, /) -> F: ...
@overload
def observe(
    *,
    name: str | None = None,
    kind: Kind | KindName = Kind.SPAN,
    capture_input: bool = True,
    capture_output: bool = True,
) -> Callable[[F], F]: ...
def observe(
    function: F | None = None,
    /,
    *,
    name: str | None = None,
    kind: Kind | KindName = Kind.SPAN,
    capture_input: bool = True,
    capture_output: bool = True,
) -> F | Callable[[F], F]:
    """Record every call of the decorated function as a span below the current one.

    Works on functions, coroutine functions, generators, async generators and methods of every sort; on a class, whose
    public methods are then observed as ``Class.method``; and on what ``contextlib`` makes a context manager of, whose
    span is open while the block is and has no output. Arguments and
    result are kept as they are at that moment; an exception is recorded and passes through unchanged. The span of a
    generator stays open until the last item, or until the consumer lets go of it; its items are joined, and what the
    consumer does in between is not below it.

    A function of kind ``llm`` that takes ``messages`` and returns a completion as OpenAI shapes it is recorded as that
    model call: model, messages, usage.
    """

    def decorate(function: F) -> F:
        try:
            observed: F = _decorated(function, name, kind, capture_input=capture_input, capture_output=capture_output)
        except Exception as error:  # noqa: BLE001  the function then stays as it is
            swallow("observe", error)
            return function
        return observed

    return decorate if function is None else decorate(function)


def _decorated(function: Any, name: str | None, kind: str, *, capture_input: bool, capture_output: bool) -> Any:
    decorate = functools.partial(_decorated, kind=kind, capture_input=capture_input, capture_output=capture_output)
    if isinstance(function, staticmethod | classmethod):
        return type(function)(decorate(function.__func__, name))
    if isinstance(function, type):
        observe_methods(function, name or function.__name__, decorate)
        return function
    plan = Plan(function, name, kind, capture_input=capture_input, capture_output=capture_output)
    wrap = next((wrap for is_such, wrap in _WRAPPERS if is_such(function)), _plain)
    observed = around_block(function, plan) or wrap(function, plan)
    setattr(observed, OBSERVED, True)
    return observed


def _plain(function: Callable[..., Any], plan: Plan) -> Callable[..., Any]:
    state = runtime.STATE

    @functools.wraps(function)
    def observed(*args: Any, **kwargs: Any) -> Any:
        if state.off or (live := plan.begin(args, kwargs)) is None:
            return function(*args, **kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            leave(live.token)
            finish(live, error)
            raise
        leave(live.token)
        plan.done(live, result)
        return result

    return observed


def _coroutine(function: Callable[..., Any], plan: Plan) -> Callable[..., Any]:
    state = runtime.STATE

    @functools.wraps(function)
    async def observed(*args: Any, **kwargs: Any) -> Any:
        if state.off or (live := plan.begin(args, kwargs)) is None:
            return await function(*args, **kwargs)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            leave(live.token)
            finish(live, error)
            raise
        leave(live.token)
        plan.done(live, result)
        return result

    return observed


def _generator(function: Callable[..., Any], plan: Plan) -> Callable[..., Any]:
    state = runtime.STATE
    block = block_of(function, plan)

    @functools.wraps(function)
    def observed(*args: Any, **kwargs: Any) -> Any:
        if _getframe(1).f_code is MANAGER_STARTS:
            return block(*args, **kwargs)
        generator: Generator[Any, Any, Any] = function(*args, **kwargs)
        context = copy_context()
        if state.off or (live := context.run(plan.begin, args, kwargs)) is None:
            return generator
        return drive(generator, context, Chunks(live, plan.done, keep=plan.wants_output))

    return observed


def _async_generator(function: Callable[..., Any], plan: Plan) -> Callable[..., Any]:
    state = runtime.STATE
    block = block_of(function, plan)

    @functools.wraps(function)
    def observed(*args: Any, **kwargs: Any) -> Any:
        if _getframe(1).f_code is MANAGER_STARTS:
            return block(*args, **kwargs)
        generator: AsyncGenerator[Any, Any] = function(*args, **kwargs)
        context = copy_context()
        if state.off or (live := context.run(plan.begin, args, kwargs)) is None:
            return generator
        return drive_async(generator, context, Chunks(live, plan.done, keep=plan.wants_output))

    return observed


_WRAPPERS: Final[tuple[tuple[Callable[[Any], bool], Callable[[Any, Plan], Any]], ...]] = (
    (inspect.isasyncgenfunction, _async_generator),
    (inspect.isgeneratorfunction, _generator),
    (inspect.iscoroutinefunction, _coroutine),
)
