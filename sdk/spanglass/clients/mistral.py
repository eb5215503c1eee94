"""mistralai: chat, code around a gap, agents and embeddings; of Mistral itself, on Azure and on Google Cloud.

``chat.parse`` and its like go through ``chat.complete``. The package's own tracing, which its users may switch on,
would tell each call once more: leave it off beside this.
"""

from __future__ import annotations

import weakref
from typing import Any, Final

from spanglass import semconv
from spanglass.clients.address import server_attributes
from spanglass.clients.calls import Call, Provider
from spanglass.clients.facts import request_reader, response_reader
from spanglass.clients.mistral_fields import request_attributes, response_attributes, stream_request_attributes
from spanglass.clients.mistral_values import answer_values, embedding_values, joined_chunks, request_values
from spanglass.clients.streams import Tap, watch_inner

_HOSTS: Final = {"mistralai.azure": "azure.ai.inference", "mistralai.gcp": "gcp.vertex_ai"}
"""Beginning of the module of a client (or of its ``chat``) -> who runs the model."""

_NOT_SENT: Final = frozenset({"retries", "server_url", "timeout_ms", "http_headers"})
_CONTENT: Final = frozenset(
    {"messages", "tools", "prediction", "metadata", "response_format", "guardrails", "prompt", "suffix", "inputs"}
)
_CHATS: Final = (
    ("chat", "mistralai.client.chat:Chat", "chat"),
    ("chat", "mistralai.azure.client.chat:Chat", "chat"),
    ("chat", "mistralai.gcp.client.chat:Chat", "chat"),
    ("fim", "mistralai.client.fim:Fim", "text_completion"),
    ("fim", "mistralai.gcp.client.fim:Fim", "text_completion"),
    ("agents", "mistralai.client.agents:Agents", "chat"),
)


def constants(client: Any) -> dict[str, Any]:
    """Who runs the model, and where; of a client or of its ``chat``, ``fim``, … which share its configuration."""
    url, *_ = client.sdk_configuration.get_server_details()
    module = type(client).__module__
    provider = next((name for start, name in _HOSTS.items() if module.startswith(start)), "mistral_ai")
    return {semconv.PROVIDER_NAME: provider, **server_attributes(url)}


def watch_events(stream: Any, tap: Tap) -> Any:
    """A twin of the stream, which once closed is at its end as the original would be."""
    twin = _twin(stream, tap)
    close, known = twin.close, weakref.ref(twin)  # the twin must be in no circle: its span ends when it is let go of

    def closing() -> Any:
        if (told := known()) is not None:
            told._closed = True  # noqa: SLF001  the original's close sets its own
        return close()

    twin.close = closing
    return twin


_twin: Final = watch_inner("generator")


def _owners(resource: str, method: str) -> tuple[str, ...]:
    return tuple(f"{owner}.{method}" for name, owner, _ in _CHATS if name == resource)


def _answering(resource: str, operation: str, method: str) -> Call:
    return Call(
        path=f"{resource}.{method}",
        owners=_owners(resource, method),
        operation=operation,
        kind=semconv.Kind.LLM,
        request=request_reader(request_attributes),
        response=response_reader(response_attributes),
        fields=answer_values,
        given=request_values,
        content=_CONTENT,
        unsent=_NOT_SENT,
        once=("messages", "tools"),
    )


def _streaming(resource: str, operation: str, method: str) -> Call:
    return Call(
        path=f"{resource}.{method}",
        owners=_owners(resource, method),
        operation=operation,
        kind=semconv.Kind.LLM,
        request=request_reader(stream_request_attributes),
        response=response_reader(response_attributes),
        fields=answer_values,
        joined=joined_chunks,
        watch=watch_events,
        given=request_values,
        content=_CONTENT,
        unsent=_NOT_SENT,
        once=("messages", "tools"),
    )


def _embedding(method: str) -> Call:
    return Call(
        path=f"embeddings.{method}",
        owners=(f"mistralai.client.embeddings:Embeddings.{method}",),
        operation="embeddings",
        kind=semconv.Kind.EMBEDDING,
        request=request_reader(request_attributes),
        response=response_reader(response_attributes),
        fields=embedding_values,
        given=request_values,
        content=_CONTENT,
        unsent=_NOT_SENT,
    )


PROVIDER: Final = Provider(
    package="mistralai",
    clients=("Mistral", "MistralAzure", "MistralGCP"),
    calls=(
        *(
            made(resource, operation, method + suffix)
            for resource, operation in {name: operation for name, _, operation in _CHATS}.items()
            for made, method in ((_answering, "complete"), (_streaming, "stream"))
            for suffix in ("", "_async")
        ),
        _embedding("create"),
        _embedding("create_async"),
    ),
    constants=constants,
)
