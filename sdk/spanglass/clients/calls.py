"""The rows of a provider's table: its calls, where they are found, and what is read of them. And the two ways in.

``wrap_client`` records the calls of one client object, ``patch_classes`` those of every client of a package. The
client itself is changed, not put into another object: it keeps its type, and everything that goes through it (raw
responses, helpers, other libraries) keeps working.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from spanglass.clients.recording import Recording, Recordings, recorded, recorded_everywhere
from spanglass.clients.streams import Edit, Tap, is_stream, watch
from spanglass.content import Reader
from spanglass.guard import guarded
from spanglass.semconv import Kind

Json = dict[str, Any]
Undo = Callable[[], None]

NOT_SENT: Final = frozenset({"extra_headers", "extra_query", "extra_body", "timeout", "request_options", "api_key"})
"""Arguments that are about the request and not about the model, or hold secrets: never recorded."""

MARK: Final = "__spanglass__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One method of a client, and how a call of it is told."""

    path: str  # from a client to the method: "chat.completions.create"
    owners: tuple[str, ...]  # the same in the package, sync and async: "openai.resources.embeddings:Embeddings.create"
    operation: str  # gen_ai.operation.name, and the first word of the span's name
    kind: Kind
    request: Reader  # the arguments by name -> attributes; in the exporter's thread
    response: Reader  # what `fields` or `joined` gave -> attributes; in the exporter's thread
    fields: Callable[[Any, bool], Json]  # the answer -> JSON values, cheaply; False: only figures, content is off
    values: Callable[[Any, bool], tuple[Json, int | None]] | None = None
    """Tried before ``fields``: values that nobody else holds, and about how many bytes; None: not known."""
    joined: Callable[[Sequence[Any], bool], Json] | None = None  # the same of a stream's chunks; exporter's thread
    asynchronous: bool | None = None  # None: as the method is
    model: str = "model"  # the argument that names the model
    content: frozenset[str] = frozenset()  # arguments that are left out when content is off
    unsent: frozenset[str] = NOT_SENT  # arguments that are never recorded
    positional: tuple[str, ...] = ()  # names of arguments that may be given by position
    given: Callable[[Json, bool], Json] | None = None  # arguments, content is on -> what to keep of them; None: all
    once: tuple[str, ...] = ()  # arguments that may be iterators: made a list, to be read twice
    opened: Callable[[Any, Json], Any] | None = None  # answer, arguments -> what to read; None: nothing to be read
    streamed: Callable[[Any], bool] = is_stream  # is this answer a stream?
    watch: Callable[[Any, Tap], Any] = (
        watch  # the stream as the caller gets it; tells the tap of its chunks and its end
    )
    edit: Edit | None = None  # what is asked of the server beyond what the caller asked
    failed: Callable[[Any], tuple[str, str] | None] | None = None  # answer or last chunk -> error.type, message
    deferred: Callable[[Any, Callable[[Any], Any]], None] | None = None
    """For a method that returns a manager which makes the request later: ``deferred(manager, record)`` replaces the
    request in the manager (a callable, or an awaitable) by ``record(request)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One package and its calls."""

    package: str  # "anthropic"
    clients: tuple[str, ...]  # names of classes known to wrap(), their subclasses included
    calls: tuple[Call, ...]
    constants: Callable[[Any], Mapping[str, Any]]  # client, or owner of a patched method -> provider name, server
    copies: tuple[str, ...] = ()  # methods that make another client of this one: "with_options"
    patch: Callable[[Callable[[Any], object]], Undo] | None = None
    """For clients that have no classes of their own: has ``wrap`` called with each client made from now on."""


def wrap_client(client: Any, provider: Provider) -> None:
    """Record the calls of this client; once. What this version of the package does not have is left out."""
    constants = provider.constants(client)
    for call in provider.calls:
        way, _, name = call.path.rpartition(".")
        with suppress(AttributeError):
            owner = attrgetter(way)(client) if way else client
            _replace(owner, name, functools.partial(recorded, recording=Recording(call, constants)))
    for name in provider.copies:
        with suppress(AttributeError):
            _replace(client, name, functools.partial(_wrapping, provider=provider))


def patch_classes(provider: Provider) -> Undo:
    """Record the calls of every client of the package, those made before included; once. Returns how to undo it."""
    undo: list[Undo] = []
    for owner, name, call in _methods(provider):
        with guarded(f"patch {provider.package}"):
            _patch(owner, name, call, provider, undo)
    if provider.patch is not None:
        with guarded(f"patch {provider.package}"):
            undo.append(provider.patch(functools.partial(wrap_client, provider=provider)))

    def undone() -> None:
        while undo:
            undo.pop()()

    return undone


def is_patched(provider: Provider) -> bool:
    """Whether ``patch_classes`` has found anything of this provider."""
    methods = (getattr(owner, name) for owner, name, _ in _methods(provider))
    return provider.patch is not None or any(getattr(method, MARK, False) for method in methods)


def _methods(provider: Provider) -> Iterator[tuple[Any, str, Call]]:
    """The methods of the table that this version of the package has: class or module, name, row."""
    for call in provider.calls:
        for address in call.owners:
            with suppress(ImportError, AttributeError):
                module, _, way = address.partition(":")
                way, _, name = way.rpartition(".")
                owner = importlib.import_module(module)
                owner = attrgetter(way)(owner) if way else owner
                getattr(owner, name)
                yield owner, name, call


def _patch(owner: Any, name: str, call: Call, provider: Provider, undo: list[Undo]) -> None:
    original = getattr(owner, name)
    if isinstance(owner, type):
        made = recorded_everywhere(original, Recordings(call, provider.constants))
    else:
        made = recorded(original, Recording(call, provider.constants(owner)))
    if _replace(owner, name, lambda _method: made):
        undo.append(lambda: setattr(owner, name, original))


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> bool:
    """Put what is made of the method in its place, unless that has been done before."""
    method = getattr(owner, name)
    if getattr(method, MARK, False):
        return False
    made = make(method)
    setattr(made, MARK, True)
    setattr(owner, name, made)
    return True


def _wrapping(copy: Callable[..., Any], provider: Provider) -> Callable[..., Any]:
    @functools.wraps(copy)
    def copied(*args: Any, **kwargs: Any) -> Any:
        client = copy(*args, **kwargs)
        with guarded("clients.copy"):
            wrap_client(client, provider)
        return client

    return copied
