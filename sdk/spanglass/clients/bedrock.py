"""boto3's client of ``bedrock-runtime``: ``converse`` and ``invoke_model``, both also as streams, whoever made the model.

boto3 makes the class of a client anew with each client, so ``instrument`` records the clients as they are made.
"""

from __future__ import annotations

import functools
import weakref
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from spanglass import semconv
from spanglass.clients import bedrock_invoke, facts
from spanglass.clients.address import server_attributes
from spanglass.clients.bedrock_fields import answer_fields, request_attributes, response_attributes
from spanglass.clients.bedrock_stream import answer_from_events
from spanglass.clients.calls import Call, Provider, Undo
from spanglass.clients.facts import nested
from spanglass.clients.streams import watch_inner
from spanglass.guard import guarded
from spanglass.semconv import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from spanglass.clients.facts import Json
    from spanglass.clients.streams import Tap

_SERVICE: Final = "bedrock-runtime"

_watch_events: Final = watch_inner("_events")


def constants(client: Any) -> Mapping[str, Any]:
    """Bedrock, in the region the client is for."""
    return {semconv.PROVIDER_NAME: "aws.bedrock", **server_attributes(client.meta.endpoint_url)}


def _watch(name: str) -> Callable[[Json, Tap], Json]:
    """The same answer with a stream in it, by this name, that tells ``tap`` of its events."""

    def watch(answer: Json, tap: Tap) -> Json:
        _note_request(answer, tap)
        events = answer[name]
        kind: type = type(events)
        twin = copy(events)
        twin.__class__ = _iterating(kind)
        twin._events = iter(events)  # noqa: SLF001  ours
        answer[name] = _watch_events(twin, tap)
        return answer

    return watch


def _watch_body(answer: Json, tap: Tap) -> Json:
    """The same answer whose body, which the caller has yet to read, tells ``tap`` what is read of it."""
    _note_request(answer, tap)
    tap.chunks.append(answer.get("ResponseMetadata"))
    body = answer["body"]
    body._raw_stream = _Read(body._raw_stream, tap)  # noqa: SLF001  all of its methods read from there
    weakref.finalize(body, tap.finish).atexit = False
    return answer


def _note_request(answer: Json, tap: Tap) -> None:
    if request_id := nested(answer.get("ResponseMetadata")).get("RequestId"):
        tap.live.set_attribute(semconv.AWS_REQUEST_ID, request_id)


class _Read:
    """What a body reads from; the span ends with the last byte."""

    def __init__(self, raw: Any, tap: Tap) -> None:
        self._raw = raw
        self._tap = tap

    def read(self, amount: int | None = None) -> bytes:
        """So many bytes, or all."""
        try:
            got: bytes = self._raw.read(amount)
        except BaseException as error:
            self._tap.finish(error)
            raise
        self._got(got, ended=amount is None or amount < 0 or (amount > 0 and not got))
        return got

    def readinto(self, buffer: Any) -> int:
        """As many bytes as there is room for."""
        try:
            count: int = self._raw.readinto(buffer)
        except BaseException as error:
            self._tap.finish(error)
            raise
        self._got(bytes(memoryview(buffer)[:count]), ended=not count)
        return count

    def readlines(self) -> list[bytes]:
        """All of it."""
        return self.read().splitlines(keepends=True)

    def close(self) -> None:
        """Nothing more is wanted."""
        self._raw.close()
        self._tap.finish()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def _got(self, piece: bytes, *, ended: bool) -> None:
        if not self._tap.live.end_ns:
            self._tap.chunks.append(piece)
        if ended:
            self._tap.finish()


@functools.cache
def _iterating(kind: type) -> type:
    """The package's class of streams, over an iterator of events that can be replaced."""
    return type(kind.__name__, (kind,), {"__iter__": _its_events})


def _its_events(stream: Any) -> Iterator[Any]:
    """A generator holds the stream, which ends its span when let go of; left early, it leaves the events open."""
    for event in stream._events:  # noqa: SLF001, UP028  ours; ``yield from`` would close them
        yield event


def _joined(events: Sequence[Any], content: bool) -> Json:
    answer = answer_from_events(events)
    return answer if content else {name: value for name, value in answer.items() if name != "content"}


def _streaming(sent: Json) -> Json:
    return request_attributes({**sent, "stream": True})


def _invoking(sent: Json) -> Json:
    return bedrock_invoke.request_attributes({**sent, "stream": True})


def _as_they_are_made(wrap: Callable[[Any], object]) -> Undo:
    from botocore.client import ClientCreator  # type: ignore[import-untyped]  # noqa: PLC0415  there by now

    original = ClientCreator.create_client

    @functools.wraps(original)
    def create_client(self: Any, service_name: str, *args: Any, **kwargs: Any) -> Any:
        client = original(self, service_name, *args, **kwargs)
        if service_name == _SERVICE:
            with guarded("bedrock.client"):
                wrap(client)
        return client

    ClientCreator.create_client = create_client
    return lambda: setattr(ClientCreator, "create_client", original)


_CONVERSE: Final = Call(
    path="converse",
    owners=(),
    operation="chat",
    kind=Kind.LLM,
    request=facts.request_reader(request_attributes),
    response=facts.response_reader(response_attributes),
    fields=answer_fields,
    asynchronous=False,
    model="modelId",
    content=frozenset({"messages", "system", "toolConfig", "promptVariables", "requestMetadata"}),
)

_INVOKE: Final = Call(
    path="invoke_model",
    owners=(),
    operation="chat",
    kind=Kind.LLM,
    request=facts.request_reader(bedrock_invoke.request_attributes),
    response=facts.response_reader(bedrock_invoke.response_attributes),
    fields=lambda _answer, _content: {},
    joined=bedrock_invoke.answer_of_body,
    streamed=lambda answer: "body" in answer,
    watch=_watch_body,
    asynchronous=False,
    model="modelId",
    given=bedrock_invoke.given,
    content=frozenset({"body"}),
)

PROVIDER: Final = Provider(
    package="botocore",
    clients=("BedrockRuntime",),
    calls=(
        _CONVERSE,
        replace(
            _CONVERSE,
            path="converse_stream",
            request=facts.request_reader(_streaming),
            joined=_joined,
            streamed=lambda answer: "stream" in answer,
            watch=_watch("stream"),
        ),
        _INVOKE,
        replace(
            _INVOKE,
            path="invoke_model_with_response_stream",
            request=facts.request_reader(_invoking),
            joined=bedrock_invoke.answer_of_stream,
            watch=_watch("body"),
        ),
    ),
    constants=constants,
    patch=_as_they_are_made,
)
