"""google-genai: Gemini by its own API and by Vertex AI; text, streamed text and embeddings.

A span is one request to the model. One ``generate_content`` may make several: with Python functions as tools the
package calls them and asks again, and an answer that stopped half-way it asks to go on. Each request has its own
tokens, of which the package's answer tells only the last; so the package's inner method is recorded, one below
``generate_content``. Chats go through it too, and a tool that is called in between is a span beside the requests.
"""

from __future__ import annotations

from typing import Any, Final

from spanglass import semconv
from spanglass.clients.address import server_attributes
from spanglass.clients.calls import Call, Provider
from spanglass.clients.facts import request_reader, response_reader
from spanglass.clients.google_fields import (
    embedding_request_attributes,
    embedding_response_attributes,
    request_attributes,
    response_attributes,
    stream_request_attributes,
)
from spanglass.clients.google_stream import joined_chunks
from spanglass.clients.google_values import answer_values, embedding_values, request_values

_PACKAGE: Final = "google.genai.models"


def constants(client: Any) -> dict[str, Any]:
    """Which of Google's two services the client calls, and where; of a ``Client`` or of its ``models``."""
    api = client._api_client  # noqa: SLF001  where the address ends up has no public name
    return {
        semconv.PROVIDER_NAME: "gcp.vertex_ai" if api.vertexai else "gcp.gemini",
        **server_attributes(getattr(api._http_options, "base_url", None)),  # noqa: SLF001
    }


def _generating(prefix: str, kind: str, *, streamed: bool) -> Call:
    name = "_generate_content_stream" if streamed else "_generate_content"
    return Call(
        path=f"{prefix}models.{name}",
        owners=(f"{_PACKAGE}:{kind}.{name}",),
        operation="generate_content",
        kind=semconv.Kind.LLM,
        request=request_reader(stream_request_attributes if streamed else request_attributes),
        response=response_reader(response_attributes),
        fields=answer_values,
        joined=joined_chunks if streamed else None,
        given=request_values,
    )


def _embedding(prefix: str, kind: str) -> Call:
    return Call(
        path=f"{prefix}models.embed_content",
        owners=(f"{_PACKAGE}:{kind}.embed_content",),
        operation="embeddings",
        kind=semconv.Kind.EMBEDDING,
        request=request_reader(embedding_request_attributes),
        response=response_reader(embedding_response_attributes),
        fields=embedding_values,
        given=request_values,
    )


PROVIDER: Final = Provider(
    package="google.genai",
    clients=("Client", "AsyncClient"),
    calls=tuple(
        call
        for prefix, kind in (("", "Models"), ("aio.", "AsyncModels"))
        for call in (
            _generating(prefix, kind, streamed=False),
            _generating(prefix, kind, streamed=True),
            _embedding(prefix, kind),
        )
    ),
    constants=constants,
)
