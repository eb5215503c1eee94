"""``@spanglass.observe``: each call of a function becomes a span, with its arguments and its result."""

from __future__ import annotations

import functools
import inspect
from contextvars import copy_context
from inspect import Parameter
from time import time_ns
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from spanglass import runtime
from spanglass.content import KEPT_WITHOUT_CONTENT, completion_figures
from spanglass.context import leave
from spanglass.guard import swallow, warn_once
from spanglass.semconv import Kind
from spanglass.site import KindName, Site
from spanglass.span import Begun, begin, finish
from spanglass.stream import Chunks, drive, drive_async

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping

    from spanglass.live import LiveSpan

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

    Works on functions, coroutine functions, generators, async generators and methods of every sort. Arguments and
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
    if isinstance(function, staticmethod | classmethod):
        inner = _decorated(function.__func__, name, kind, capture_input=capture_input, capture_output=capture_output)
        return type(function)(inner)
    if isinstance(function, type):
        warn_once(f"class {function}", "spanglass: %r is a class; decorate its methods", function)
        return function
    plan = Plan(function, name, kind, capture_input=capture_input, capture_output=capture_output)
    for is_such, wrap in _WRAPPERS:
        if is_such(function):
            return wrap(function, plan)
    return _plain(function, plan)


class Plan:
    """How calls of one function are recorded; worked out when it is decorated."""

    __slots__ = ("_names", "_owner", "_rest", "_wants_input", "site", "wants_output")

    def __init__(
        self, function: Callable[..., Any], name: str | None, kind: str, *, capture_input: bool, capture_output: bool
    ) -> None:
        self.site = Site(name or str(getattr(function, "__name__", type(function).__name__)), str(kind))
        self._wants_input = capture_input
        self.wants_output = capture_output
        parameters = _parameters(function)
        names = [each.name for each in parameters if each.kind in _BY_POSITION]
        self._owner = 1 if names[:1] in (["self"], ["cls"]) else 0  # not an argument of anyone's interest
        self._names = names[self._owner :]
        self._rest = next((each.name for each in parameters if each.kind is Parameter.VAR_POSITIONAL), "args")

    def begin(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Begun | None:
        """Start the span and make it current; ``None`` when this call is not recorded."""
        begun = begin(self.site)
        if begun is not None and self._wants_input and begun.live.sampled and begun.live.recorder.capture:
            try:
                if given := self._named(args, kwargs):
                    begun.live.take(self.site.read_input, given)
            except Exception as error:  # noqa: BLE001
                swallow("observe.input", error)
        return begun

    def done(self, live: LiveSpan, result: object) -> None:
        """End the span with the result of the call."""
        end_ns = time_ns()
        try:
            if live.sampled:
                self._take_result(live, result)
        except Exception as error:  # noqa: BLE001
            swallow("observe.output", error)
        finish(live, end_ns=end_ns)

    def _take_result(self, live: LiveSpan, result: object) -> None:
        if self.wants_output and live.recorder.capture:
            if result is not None:
                live.take(self.site.read_output, result)
        elif self.site.kind is Kind.LLM and isinstance(result, dict):
            live.take(completion_figures, {key: result[key] for key in KEPT_WITHOUT_CONTENT if key in result})

    def _named(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        positional = args[self._owner :]
        if not positional:
            return kwargs
        named = dict(zip(self._names, positional, strict=False))
        if len(positional) > len(self._names):
            named[self._rest] = positional[len(self._names) :]
        return {**named, **kwargs}


_BY_POSITION: Final = frozenset({Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD})


def _parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    try:
        return tuple(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some built-in functions have none
        return ()


def _plain(function: Callable[..., Any], plan: Plan) -> Callable[..., Any]:
    state = runtime.STATE

    @functools.wraps(function)
    def observed(*args: Any, **kwargs: Any) -> Any:
        if state.off or (begun := plan.begin(args, kwargs)) is None:
            return function(*args, **kwargs)
        live, token = begun
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            leave(token)
            finish(live, error)
            raise
        leave(token)
        plan.done(live, result)
        return result

    return observed


def _coroutine(function: Callable[..., Any], plan: Plan) -> Callable[..., Any]:
    state = runtime.STATE

    @functools.wraps(function)
    async def observed(*args: Any, **kwargs: Any) -> Any:
        if state.off or (begun := plan.begin(args, kwargs)) is None:
            return await function(*args, **kwargs)
        live, token = begun
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            leave(token)
            finish(live, error)
            raise
        leave(token)
        plan.done(live, result)
        return result

    return observed


def _generator(function: Callable[..., Any], plan: Plan) -> Callable[..., Any]:
    state = runtime.STATE

    @functools.wraps(function)
    def observed(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator: Generator[Any, Any, Any] = function(*args, **kwargs)
        context = copy_context()
        if state.off or (begun := context.run(plan.begin, args, kwargs)) is None:
            return generator
        return drive(generator, context, Chunks(begun.live, plan.done, keep=plan.wants_output))

    return observed


def _async_generator(function: Callable[..., Any], plan: Plan) -> Callable[..., Any]:
    state = runtime.STATE

    @functools.wraps(function)
    def observed(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator: AsyncGenerator[Any, Any] = function(*args, **kwargs)
        context = copy_context()
        if state.off or (begun := context.run(plan.begin, args, kwargs)) is None:
            return generator
        return drive_async(generator, context, Chunks(begun.live, plan.done, keep=plan.wants_output))

    return observed


_WRAPPERS: Final[tuple[tuple[Callable[[Any], bool], Callable[[Any, Plan], Any]], ...]] = (
    (inspect.isasyncgenfunction, _async_generator),
    (inspect.isgeneratorfunction, _generator),
    (inspect.iscoroutinefunction, _coroutine),
)
