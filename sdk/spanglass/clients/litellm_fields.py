"""What LiteLLM says, which is what OpenAI says and more: provider, address and cost beside the answer. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanglass import messages, semconv
from spanglass.clients import openai_embeddings, openai_events, openai_responses, openai_stream
from spanglass.clients.address import server_attributes
from spanglass.clients.openai_fields import completion_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Json = dict[str, Any]

_BESIDE: Final = "beside"  # where in our fields stands what LiteLLM told beside the answer
_TOLD_BESIDE: Final = ("custom_llm_provider", "api_base", "provider_response_model", "response_cost")

_PROVIDERS: Final = {
    "anthropic": "anthropic",
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "deepseek": "deepseek",
    "fireworks_ai": "fireworks",
    "gemini": "gcp.gemini",
    "groq": "groq",
    "mistral": "mistral_ai",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together_ai": "together",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""LiteLLM's name of a provider -> OpenTelemetry's; one that is not here keeps its name."""


def chat_request(sent: Json) -> Json:
    """Of the arguments of ``completion``."""
    return messages.request_attributes(sent) | _asked_of(sent)


def chat_response(answer: Json) -> Json:
    """Of a ``ModelResponse``."""
    return messages.response_attributes(answer) | _beside(answer)


def embed_request(sent: Json) -> Json:
    """Of the arguments of ``embedding``."""
    return openai_embeddings.embedding_request(sent) | _asked_of(sent)


def embed_response(answer: Json) -> Json:
    """Of an ``EmbeddingResponse``."""
    return openai_embeddings.embedding_response(answer) | _beside(answer)


def respond_request(sent: Json) -> Json:
    """Of the arguments of ``responses``."""
    return openai_responses.responses_request(sent) | _asked_of(sent)


def respond_response(answer: Json) -> Json:
    """Of a ``ResponsesAPIResponse``."""
    return openai_responses.responses_response(answer) | _beside(answer)


def _and_beside(read: Callable[[Any, bool], Json]) -> Callable[[Any, bool], Json]:
    def values(answer: Any, content: bool) -> Json:
        return {**read(answer, content), _BESIDE: told_beside(answer)}

    return values


completion_values: Final = _and_beside(completion_fields)
embed_values: Final = _and_beside(openai_embeddings.embedding_values)
respond_values: Final = _and_beside(openai_events.response_values)


def completion_from_chunks(chunks: Sequence[Any], content: bool) -> Json:
    """The completion that these chunks tell in pieces; the cost comes with the usage."""
    joined = openai_stream.completion_from_chunks(chunks, content)
    cost = (joined.get("usage") or {}).get("cost")
    return joined | {_BESIDE: told_beside(chunks[0]) | {"response_cost": cost}}


def response_from_events(events: Sequence[Any], content: bool) -> Json:
    """The response that these events end with, or as far as they tell it."""
    last = getattr(events[-1], "response", None)
    return openai_events.response_from_events(events, content) | {_BESIDE: told_beside(last or events[-1])}


def told_beside(answer: Any) -> Json:
    """What is in the answer's hidden parameters, as far as it is ours to tell."""
    hidden = getattr(answer, "_hidden_params", None) or {}
    return {name: hidden[name] for name in _TOLD_BESIDE if hidden.get(name) is not None}


def _asked_of(sent: Json) -> Json:
    """The provider, where the model's name begins with it."""
    named, slash, _ = str(sent.get("model")).partition("/")
    return {semconv.PROVIDER_NAME: _PROVIDERS[named]} if slash and named in _PROVIDERS else {}


def _beside(answer: Json) -> Json:
    told = answer.get(_BESIDE) or {}
    provider, cost = told.get("custom_llm_provider"), told.get("response_cost")
    served = told.get("provider_response_model")
    return {
        **({semconv.PROVIDER_NAME: _PROVIDERS.get(provider, provider)} if provider else {}),
        **({semconv.RESPONSE_MODEL: served} if served else {}),
        **({semconv.COST_USD: float(cost)} if isinstance(cost, int | float) and cost > 0 else {}),  # 0: not known
        **server_attributes(told.get("api_base")),
    }
