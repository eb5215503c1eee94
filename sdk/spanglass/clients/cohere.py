"""Cohere's client (V2): ``chat``, ``chat_stream``, ``embed`` and ``rerank``, also as ``client.v2``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from spanglass import semconv
from spanglass.clients import cohere_fields, facts
from spanglass.clients.address import server_attributes
from spanglass.clients.calls import Call, Provider
from spanglass.clients.cohere_stream import reply_from_events
from spanglass.clients.models import plain
from spanglass.semconv import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanglass.clients.facts import Json

_VECTORS: Final = ("float_", "int8", "uint8")  # one number a dimension; of the others several are in one
_HOUSES: Final = {"BedrockClientV2": "aws.bedrock", "SagemakerClientV2": "aws.sagemaker", "OciClientV2": "oci"}
_OWNERS: Final = ("cohere.v2.client:V2Client", "cohere.v2.client:AsyncV2Client")


def constants(client: Any) -> Mapping[str, Any]:
    """Who runs the models, and where; in another house's cloud the client's own address is not where it calls."""
    houses = (_HOUSES[kind.__name__] for kind in type(client).__mro__ if kind.__name__ in _HOUSES)
    if house := next(houses, None):
        return {semconv.PROVIDER_NAME: house}
    wrapper = client._raw_client._client_wrapper  # noqa: SLF001
    return {semconv.PROVIDER_NAME: "cohere", **server_attributes(wrapper.get_base_url())}


def _reply(answer: Any, content: bool) -> Json:
    told: Json = plain(answer)
    return told if content else {name: told.get(name) for name in ("id", "finish_reason", "usage")}


def _joined(events: Sequence[Any], content: bool) -> Json:
    return _reply(reply_from_events(events), content)


def _embedded(answer: Any, _content: bool) -> Json:
    """Without the vectors: only how long each is."""
    vectors = next((found for name in _VECTORS if (found := getattr(answer.embeddings, name, None))), ((),))
    return {"id": answer.id, "meta": plain(answer.meta), "dimensions": len(vectors[0]) or None}


def _ranked(answer: Any, content: bool) -> Json:
    return {"id": answer.id, "meta": plain(answer.meta)} | ({"results": plain(answer.results)} if content else {})


def _streaming(sent: Json) -> Json:
    return cohere_fields.chat_request({**sent, "stream": True})


_CHAT: Final = Call(
    path="chat",
    owners=tuple(f"{owner}.chat" for owner in _OWNERS),
    operation="chat",
    kind=Kind.LLM,
    request=facts.request_reader(cohere_fields.chat_request),
    response=facts.response_reader(cohere_fields.chat_response),
    fields=_reply,
    content=frozenset({"messages", "documents", "tools"}),
)
_CALLS: Final = (
    _CHAT,
    replace(
        _CHAT,
        path="chat_stream",
        owners=tuple(f"{owner}.chat_stream" for owner in _OWNERS),
        request=facts.request_reader(_streaming),
        joined=_joined,
        asynchronous=False,  # an AsyncClientV2 gives an asynchronous generator, at once
    ),
    Call(
        path="embed",
        owners=tuple(f"{owner}.embed" for owner in _OWNERS),
        operation="embeddings",
        kind=Kind.EMBEDDING,
        request=facts.request_reader(cohere_fields.embed_request),
        response=facts.response_reader(cohere_fields.search_response),
        fields=_embedded,
        content=frozenset({"texts", "images", "inputs"}),
    ),
    Call(
        path="rerank",
        owners=tuple(f"{owner}.rerank" for owner in _OWNERS),
        operation="rerank",
        kind=Kind.RERANK,
        request=facts.request_reader(cohere_fields.rerank_request),
        response=facts.response_reader(cohere_fields.search_response),
        fields=_ranked,
        content=frozenset({"query", "documents"}),
    ),
)

PROVIDER: Final = Provider(
    package="cohere",
    clients=("V2Client", "AsyncV2Client"),
    calls=(*_CALLS, *(replace(call, path=f"v2.{call.path}", owners=()) for call in _CALLS)),
    constants=constants,
)
