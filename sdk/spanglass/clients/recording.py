"""A method of a client, each call of it recorded: sync and async, of one client or of all clients of a class.

A call inside a recorded call is part of it and makes no span of its own: ``parse`` calls ``create``, LiteLLM calls
OpenAI, and the tokens must not be counted twice. Retries are inside too. What is inside is seen by the current span,
so a tool that the client calls back, if it is observed, may call a model and have that recorded below it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from time import time_ns
from types import MethodType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from spanglass import current, runtime, semconv
from spanglass.clients.streams import Tap, fail, is_stream, note_failure
from spanglass.current import SPAN_KEY, leave
from spanglass.guard import guarded, swallow
from spanglass.live import LiveSpan
from spanglass.site import Site
from spanglass.span import begin, finish

if TYPE_CHECKING:
    from spanglass.clients.calls import Call

Json = dict[str, Any]

_OMITTED: Final = frozenset({"Omit", "NotGiven", "Unset", "_Unset", "OMIT"})
"""Classes of the marks by which packages say that an argument is not given."""

_WHOLE: Final = frozenset({list, tuple, str, dict})  # can be read more than once
_PLAIN: Final = _WHOLE | {int, float, bool}


class ClientSite(Site):
    """Where the spans of client calls come from; by it a call inside a call is known."""

    __slots__ = ()


class Recording:
    """One method of one client: what its spans are made of, and whether its server minds being asked more."""

    __slots__ = ("_left_out", "_left_out_quiet", "_site", "_whole", "asked_with", "call", "edit")

    def __init__(self, call: Call, constants: Mapping[str, Any]) -> None:
        self.call = call
        self.edit = call.edit
        self.asked_with = call.edit.asked_with if call.edit else None
        self._site = ClientSite(call.operation, call.kind, {semconv.OPERATION_NAME: call.operation, **constants})
        self._left_out = call.unsent
        self._left_out_quiet = call.unsent | call.content
        self._whole: type | None = None  # class of answers that are neither streams nor to be opened

    def begin(self, args: tuple[Any, ...], kwargs: Json) -> LiveSpan | None:
        """Start the span with what is asked; ``None`` inside a recorded call, and when nothing is recorded."""
        above = current.get().get(SPAN_KEY)
        if type(above) is LiveSpan and type(above.site) is ClientSite and not above.end_ns:
            return None
        live = begin(self._site)
        if live is not None and live.sampled:
            try:
                self._take_request(live, args, kwargs)
            except Exception as error:  # noqa: BLE001
                swallow("clients.request", error)
        return live

    def _take_request(self, live: LiveSpan, args: tuple[Any, ...], kwargs: Json) -> None:
        call = self.call
        for name in call.once:
            value = kwargs.get(name)
            if value is not None and type(value) not in _WHOLE and type(value).__name__ not in _OMITTED:
                kwargs[name] = list(value)  # an iterator: reading it here must not leave it empty for the client
        given = {**dict(zip(call.positional, args, strict=False)), **kwargs} if args else kwargs
        capture = live.recorder.capture
        left_out = self._left_out if capture else self._left_out_quiet
        if call.given is None and left_out.isdisjoint(given) and live.take_flat(call.request, given):
            sent = given
        else:
            sent = _sent(given, left_out)
            told = sent if call.given is None else call.given(sent, capture)
            if not live.take_flat(call.request, told):
                live.take(call.request, told)
        model = sent.get(call.model)
        if isinstance(model, str) and model:
            live.update_name(f"{call.operation} {model}")

    def edited(self, live: LiveSpan, kwargs: Json) -> Json:
        """The arguments the call is made with: the very same ones unless there is something more to ask."""
        if self.edit is None or not live.sampled:
            return kwargs
        try:
            return self.edit.ask(kwargs)
        except Exception as error:  # noqa: BLE001
            swallow("clients.edit", error)
            return kwargs

    def refused(self, error: Exception) -> bool:
        """The server does not know what was asked: it is not asked again."""
        if self.edit is None or not self.edit.refused(error):
            return False
        self.edit = None
        return True

    def answered(self, live: LiveSpan, answer: Any, kwargs: Json, *, edited: bool) -> Any:
        """The answer as the caller gets it; the span ends now, or with the stream."""
        end_ns = time_ns()
        leave(live.token)
        try:
            if live.sampled:
                call = self.call
                told = answer
                if answer.__class__ is not self._whole:
                    if call.joined is not None and call.streamed(answer):
                        return call.watch(answer, Tap(live, call, call.edit if edited else None))
                    if call.opened is not None:
                        told = call.opened(answer, kwargs)
                    if told is answer and call.streamed is is_stream:
                        self._whole = answer.__class__
                if told is not None:
                    if call.values is None:
                        live.take(call.response, call.fields(told, live.recorder.capture))
                    else:
                        live.keep(call.response, *call.values(told, live.recorder.capture))
                    if call.failed is not None:
                        note_failure(live, call, told)
            live.end(end_ns)
        except Exception as error:  # noqa: BLE001
            swallow("clients.response", error)
            finish(live, None, end_ns)
        return answer


def _sent(given: Json, left_out: frozenset[str]) -> Json:
    """The arguments that go to the server; what the caller has added to the body by hand among them."""
    sent = {
        name: value
        for name, value in given.items()
        if name not in left_out and (type(value) in _PLAIN or type(value).__name__ not in _OMITTED)
    }
    extra = given.get("extra_body")
    if isinstance(extra, Mapping):
        sent |= {name: value for name, value in extra.items() if name not in left_out}
    return sent


class Recordings:
    """The recording for each object that a patched method is called on: its constants are worked out once."""

    def __init__(self, call: Call, constants: Callable[[Any], Mapping[str, Any]]) -> None:
        self.call = call
        self._constants = constants
        self._known: WeakKeyDictionary[Any, Recording] = WeakKeyDictionary()

    def of(self, owner: Any) -> Recording | None:
        """``None`` when that goes wrong: the call is then not recorded."""
        try:
            known = self._known.get(owner)
            if known is None:
                known = self._known[owner] = Recording(self.call, self._constants(owner))
        except Exception as error:  # noqa: BLE001
            swallow("clients.constants", error)
            return None
        return known


def recorded(method: Callable[..., Any], recording: Recording) -> Callable[..., Any]:
    """``method`` of one client (or a function of a module), each call of it recorded."""
    state = runtime.STATE
    run = _run if recording.call.deferred is None else _run_later
    if _is_asynchronous(method, recording.call):

        @functools.wraps(method)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            if state.off:
                return await method(*args, **kwargs)
            return await _run_async(recording, method, args, kwargs)

        return call_async

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs) if state.off else run(recording, method, args, kwargs)

    return call


def recorded_everywhere(function: Callable[..., Any], recordings: Recordings) -> Callable[..., Any]:
    """``function`` of a class, each call of it on any object recorded."""
    state = runtime.STATE
    run = _run if recordings.call.deferred is None else _run_later
    if _is_asynchronous(function, recordings.call):

        @functools.wraps(function)
        async def call_async(self: Any, *args: Any, **kwargs: Any) -> Any:
            if state.off or (recording := recordings.of(self)) is None:
                return await function(self, *args, **kwargs)
            return await _run_async(recording, MethodType(function, self), args, kwargs)

        return call_async

    @functools.wraps(function)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if state.off or (recording := recordings.of(self)) is None:
            return function(self, *args, **kwargs)
        return run(recording, MethodType(function, self), args, kwargs)

    return call


def _run(recording: Recording, method: Callable[..., Any], args: tuple[Any, ...], kwargs: Json) -> Any:
    live = recording.begin(args, kwargs)
    if live is None:
        return method(*args, **kwargs)
    request = recording.edited(live, kwargs) if recording.asked_with in kwargs else kwargs
    try:
        try:
            answer = method(*args, **request)
        except Exception as error:
            if request is kwargs or not recording.refused(error):
                raise
            request = kwargs
            answer = method(*args, **kwargs)
    except BaseException as error:
        leave(live.token)
        fail(live, error)
        raise
    return recording.answered(live, answer, kwargs, edited=request is not kwargs)


async def _run_async(
    recording: Recording, method: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: Json
) -> Any:
    live = recording.begin(args, kwargs)
    if live is None:
        return await method(*args, **kwargs)
    request = recording.edited(live, kwargs) if recording.asked_with in kwargs else kwargs
    try:
        try:
            answer = await method(*args, **request)
        except Exception as error:
            if request is kwargs or not recording.refused(error):
                raise
            request = kwargs
            answer = await method(*args, **kwargs)
    except BaseException as error:
        leave(live.token)
        fail(live, error)
        raise
    return recording.answered(live, answer, kwargs, edited=request is not kwargs)


def _run_later(recording: Recording, method: Callable[..., Any], args: tuple[Any, ...], kwargs: Json) -> Any:
    """The manager that makes the request later, and then has it recorded with the arguments given now."""

    def record(request: Any) -> Any:
        if inspect.isawaitable(request):
            return _run_async(recording, lambda *_args, **_kwargs: request, args, kwargs)
        return lambda: _run(recording, lambda *_args, **_kwargs: request(), args, kwargs)

    manager = method(*args, **kwargs)
    with guarded("clients.deferred"):
        if recording.call.deferred is not None:
            recording.call.deferred(manager, record)
    return manager


def _is_asynchronous(method: Callable[..., Any], call: Call) -> bool:
    return inspect.iscoroutinefunction(inspect.unwrap(method)) if call.asynchronous is None else call.asynchronous
