"""boto3's client of ``bedrock-runtime``: ``converse`` and ``converse_stream``, whoever made the model.

boto3 makes the class of a client anew with each client, so ``instrument`` records the clients as they are made.
"""

from __future__ import annotations

import functools
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from spanglass import semconv
from spanglass.clients import facts
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


def _watch(answer: Json, tap: Tap) -> Json:
    """The same answer with a stream in it that tells ``tap`` of its events."""
    if request_id := nested(answer.get("ResponseMetadata")).get("RequestId"):
        tap.live.set_attribute(semconv.AWS_REQUEST_ID, request_id)
    events = answer["stream"]
    kind: type = type(events)
    twin = copy(events)
    twin.__class__ = _iterating(kind)
    twin._events = iter(events)  # noqa: SLF001  ours
    answer["stream"] = _watch_events(twin, tap)
    return answer


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
            watch=_watch,
        ),
    ),
    constants=constants,
    patch=_as_they_are_made,
)
