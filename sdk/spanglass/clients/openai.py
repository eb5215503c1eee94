"""OpenAI's client, Azure's with it, and every server that speaks its protocol: the table of its calls."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Final

from spanglass import semconv
from spanglass.clients import facts
from spanglass.clients.address import server_attributes
from spanglass.clients.calls import Call, Provider
from spanglass.clients.openai_completions import prompt_request, text_from_chunks, text_values
from spanglass.clients.openai_embeddings import embedding_request, embedding_response, embedding_values
from spanglass.clients.openai_events import failure, response_from_events, response_values
from spanglass.clients.openai_fields import completion_fields, completion_values
from spanglass.clients.openai_responses import responses_request, responses_response
from spanglass.clients.openai_stream import completion_from_chunks
from spanglass.clients.streams import Edit, watch_inner
from spanglass.content import chat_request, chat_response
from spanglass.semconv import Kind

Json = dict[str, Any]

_RAW: Final = "x-stainless-raw-response"
"""Header by which ``with_raw_response`` ("true") and ``with_streaming_response`` ("stream") ask for the raw answer."""

_UNKNOWN_OPTION: Final = frozenset({400, 422})

_PROVIDERS: Final = {
    "openai.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "openrouter.ai": "openrouter",
    "api.together.xyz": "together",
    "api.fireworks.ai": "fireworks",
}
"""End of the host -> OpenTelemetry's name of the provider. A server that is not known speaks OpenAI's protocol."""


def constants(owner: Any) -> Mapping[str, Any]:
    """Whose server this client (or this resource's client) calls, and where that is."""
    client = getattr(owner, "_client", owner)
    if not hasattr(client, "base_url"):
        client = owner
    server = server_attributes(client.base_url)
    host = str(server.get(semconv.SERVER_ADDRESS, ""))
    azure = any(kind.__name__ == "BaseAzureClient" for kind in type(client).__mro__)
    by_host = (name for end, name in _PROVIDERS.items() if host == end or host.endswith("." + end))
    return {semconv.PROVIDER_NAME: "azure.ai.openai" if azure else next(by_host, "openai"), **server}


def opened(answer: Any, kwargs: Json) -> Any:
    """The answer itself, or the one inside a raw response; ``None`` for one the caller is to read from the socket."""
    raw = _raw(kwargs)
    if not raw:
        return answer
    return answer.parse() if raw == "true" and kwargs.get("stream") is not True else None


def _asking_for_usage(kwargs: Json) -> Json:
    """The same arguments, or for a stream whose caller does not mind, ones that ask for its usage."""
    if kwargs.get("stream") is not True or _raw(kwargs):
        return kwargs
    options = kwargs.get("stream_options") or {}
    if not isinstance(options, Mapping):  # an "omitted" mark
        options = {}
    if "include_usage" in options:
        return kwargs
    return {**kwargs, "stream_options": {**options, "include_usage": True}}


def _refuses_option(error: Exception) -> bool:
    """Some compatible servers do not know the option."""
    return getattr(error, "status_code", None) in _UNKNOWN_OPTION and "stream_options" in str(error)


def _tells_usage_only(chunk: Any) -> bool:
    return chunk.usage is not None


def _raw(kwargs: Mapping[str, Any]) -> str:
    """``"true"``, ``"stream"`` or nothing."""
    headers = kwargs.get("extra_headers")
    if not headers:
        return ""
    return next((str(value) for name, value in headers.items() if str(name).lower() == _RAW), "")


_USAGE: Final = Edit("stream", _asking_for_usage, _refuses_option, shown=attrgetter("choices"), hides=_tells_usage_only)
_CHAT_CONTENT: Final = frozenset({"messages", "tools", "functions", "prediction", "user", "metadata"})
_COMPLETIONS: Final = "openai.resources.chat.completions.completions"
_RESPONSES: Final = "openai.resources.responses.responses"
_EMBEDDINGS: Final = "openai.resources.embeddings"


def _chat(method: str, prefix: str = "") -> Call:
    return Call(
        path=f"{prefix}chat.completions.{method}",
        owners=(f"{_COMPLETIONS}:Completions.{method}", f"{_COMPLETIONS}:AsyncCompletions.{method}"),
        operation="chat",
        kind=Kind.LLM,
        request=chat_request,
        response=chat_response,
        fields=completion_fields,
        values=completion_values,
        joined=completion_from_chunks,
        content=_CHAT_CONTENT,
        once=("messages",),
        opened=opened,
        watch=watch_inner("_iterator"),
        edit=_USAGE,
    )


def _responses(method: str) -> Call:
    return Call(
        path=f"responses.{method}",
        owners=(f"{_RESPONSES}:Responses.{method}", f"{_RESPONSES}:AsyncResponses.{method}"),
        operation="chat",
        kind=Kind.LLM,
        request=facts.request_reader(responses_request),
        response=facts.response_reader(responses_response),
        fields=response_values,
        joined=response_from_events,
        content=frozenset({"input", "instructions", "tools", "prompt", "user", "metadata"}),
        once=("input",),
        opened=opened,
        watch=watch_inner("_iterator"),
        failed=failure,
    )


_EMBED: Final = Call(
    path="embeddings.create",
    owners=(f"{_EMBEDDINGS}:Embeddings.create", f"{_EMBEDDINGS}:AsyncEmbeddings.create"),
    operation="embeddings",
    kind=Kind.EMBEDDING,
    request=facts.request_reader(embedding_request),
    response=facts.response_reader(embedding_response),
    fields=embedding_values,
    content=frozenset({"input", "user"}),
    once=("input",),
    opened=opened,
)

_COMPLETE: Final = Call(
    path="completions.create",
    owners=tuple(f"openai.resources.completions:{kind}.create" for kind in ("Completions", "AsyncCompletions")),
    operation="text_completion",
    kind=Kind.LLM,
    request=facts.request_reader(prompt_request),
    response=chat_response,
    fields=text_values,
    joined=text_from_chunks,
    content=frozenset({"prompt", "suffix", "user"}),
    once=("prompt",),
    opened=opened,
    watch=watch_inner("_iterator"),
    edit=_USAGE,
)

PROVIDER: Final = Provider(
    package="openai",
    clients=("OpenAI", "AsyncOpenAI"),
    calls=(
        *(_chat(method, prefix) for prefix in ("", "beta.") for method in ("create", "parse")),
        *(_responses(method) for method in ("create", "parse")),
        _EMBED,
        _COMPLETE,
    ),
    constants=constants,
    copies=("with_options", "copy"),
)
