"""Anthropic's client, and the same models at AWS, Google and Azure through it: messages, plain, streamed, parsed.

Since 2.12 the package makes a span of its own for each call, ``anthropic.messages.create``, when the application has a
tracer provider. It lies below ours and tells the same usage: ``provider.tells_again`` marks it as not to be counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from spanglass import semconv
from spanglass.clients import facts
from spanglass.clients.address import server_attributes
from spanglass.clients.anthropic_fields import answer_fields, request_attributes, response_attributes
from spanglass.clients.anthropic_stream import message_from_events
from spanglass.clients.calls import Call, Provider
from spanglass.clients.streams import watch_inner
from spanglass.semconv import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from spanglass.clients.facts import Json
    from spanglass.clients.streams import Tap

_HOUSES: Final = {
    "BaseBedrockClient": "aws.bedrock",
    "BaseMantleClient": "aws.bedrock",
    "BaseVertexClient": "gcp.vertex_ai",
    "BaseFoundryClient": "azure.ai.inference",
}
"""Class among the ancestors of a client -> OpenTelemetry's name of who runs the models it calls."""

_MESSAGES: Final = "anthropic.resources.messages.messages"
_BETA: Final = (
    "anthropic.lib.bedrock._beta_messages",  # before the module whose methods these two borrow
    "anthropic.lib.vertex._beta_messages",
    "anthropic.resources.beta.messages.messages",
)

_watch_events: Final = watch_inner("_iterator")


def constants(owner: Any) -> Mapping[str, Any]:
    """Who runs the models, and where; of a client or of one of its resources."""
    client = owner if hasattr(owner, "base_url") else owner._client  # noqa: SLF001
    names = [kind.__name__ for kind in type(client).__mro__]
    house = next((_HOUSES[name] for name in names if name in _HOUSES), "anthropic")
    return {semconv.PROVIDER_NAME: house, **server_attributes(client.base_url)}


def _opened(answer: Any, _arguments: Json) -> Any:
    """A raw response stands for the message in its body, if that has been read already.

    ``_request_id`` is where the package itself keeps it, in a message.
    """
    response = getattr(answer, "http_response", None)
    if response is None:
        return answer
    return {**response.json(), "_request_id": response.headers.get("request-id")} if response.is_closed else None


def _watch(stream: Any, tap: Tap) -> Any:
    """The events do not tell the request's id, the header does."""
    if request_id := stream.response.headers.get("request-id"):
        tap.live.set_attribute(semconv.ANTHROPIC_REQUEST_ID, request_id)
    return _watch_events(stream, tap)


def _defer(manager: Any, record: Callable[[Any], Any]) -> None:
    """``messages.stream()`` asks nothing until its ``with`` block is entered: its request is recorded then."""
    name = next(name for name in vars(manager) if name.endswith("__api_request"))
    setattr(manager, name, record(getattr(manager, name)))


def _joined(events: Sequence[Any], content: bool) -> Json:
    return answer_fields(message_from_events(events), content)


def _streaming(sent: Json) -> Json:
    return request_attributes({**sent, "stream": True})


def _method(name: str) -> tuple[Call, Call]:
    """A method of ``messages``, and the same one of ``beta.messages``."""
    call = Call(
        path=f"messages.{name}",
        owners=tuple(f"{_MESSAGES}:{kind}.{name}" for kind in ("Messages", "AsyncMessages")),
        operation="chat",
        kind=Kind.LLM,
        request=facts.request_reader(request_attributes),
        response=facts.response_reader(response_attributes),
        fields=answer_fields,
        joined=_joined,
        content=frozenset({"messages", "system", "tools", "metadata", "mcp_servers", "output_format"}),
        once=("messages", "system", "tools"),
        opened=_opened,
        watch=_watch,
    )
    owners = tuple(f"{module}:{kind}.{name}" for module in _BETA for kind in ("Messages", "AsyncMessages"))
    return call, replace(call, path=f"beta.{call.path}", owners=owners)


def _waiting(call: Call) -> Call:
    return replace(call, request=facts.request_reader(_streaming), deferred=_defer, asynchronous=False)


PROVIDER: Final = Provider(
    package="anthropic",
    clients=("Anthropic", "AsyncAnthropic", *_HOUSES),
    calls=(
        *_method("create"),
        *_method("parse"),
        *map(_waiting, _method("stream")),
    ),
    constants=constants,
    copies=("copy", "with_options"),
)
