"""LiteLLM: its module-level functions, and its ``Router``. What it tells of the provider behind it is believed.

The calls that LiteLLM itself makes with the clients of other packages are inside, and not recorded again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from spanglass.clients import facts
from spanglass.clients.calls import Call, Provider
from spanglass.clients.litellm_fields import (
    chat_request,
    chat_response,
    completion_from_chunks,
    completion_values,
    embed_request,
    embed_response,
    embed_values,
    respond_request,
    respond_response,
    respond_values,
    response_from_events,
)
from spanglass.clients.litellm_stream import watch
from spanglass.clients.openai_events import failure
from spanglass.clients.streams import Edit
from spanglass.semconv import Kind

Json = dict[str, Any]

_CHAT: Final = frozenset(
    {
        "model",
        "messages",
        "functions",
        "function_call",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "temperature",
        "top_p",
        "top_k",
        "n",
        "stream",
        "stop",
        "max_tokens",
        "max_completion_tokens",
        "modalities",
        "prediction",
        "audio",
        "presence_penalty",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "user",
        "seed",
        "response_format",
        "reasoning_effort",
        "verbosity",
        "thinking",
        "service_tier",
        "web_search_options",
        "num_retries",
    }
)
_EMBEDDING: Final = frozenset({"model", "input", "dimensions", "encoding_format", "user"})
_RESPONSES: Final = frozenset(
    {
        "model",
        "input",
        "instructions",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "temperature",
        "top_p",
        "stream",
        "max_output_tokens",
        "max_tool_calls",
        "reasoning",
        "text",
        "text_format",
        "previous_response_id",
        "prompt",
        "include",
        "store",
        "truncation",
        "user",
        "service_tier",
        "background",
        "top_logprobs",
    }
)
"""Arguments that are recorded. The others are LiteLLM's own, keys, addresses and callbacks among them."""

_CONTENT: Final = frozenset({"messages", "functions", "tools", "prediction", "input", "instructions", "prompt", "user"})


def _only(names: frozenset[str]) -> Callable[[Json, bool], Json]:
    return lambda given, _content: {name: value for name, value in given.items() if name in names}


def constants(_owner: Any) -> Mapping[str, Any]:
    """Nothing is known before the answer, which tells the provider and the address."""
    return {}


def _asking_for_usage(kwargs: Json) -> Json:
    """The same arguments, or for a stream whose caller said nothing of options, ones that ask for its usage."""
    if kwargs.get("stream") is not True or kwargs.get("stream_options") is not None:
        return kwargs
    return {**kwargs, "stream_options": {"include_usage": True}}


def _refuses_option(error: Exception) -> bool:
    """A provider that does not know the option."""
    return getattr(error, "status_code", None) in {400, 422} and "stream_options" in str(error)


def _tells_no_usage(chunk: Any) -> bool:
    return getattr(chunk, "usage", None) is None


def _says_nothing(chunk: Any) -> bool:
    return not any(choice.finish_reason or choice.delta.content or choice.delta.tool_calls for choice in chunk.choices)


_USAGE: Final = Edit("stream", _asking_for_usage, _refuses_option, shown=_tells_no_usage, hides=_says_nothing)


def _completion(name: str) -> Call:
    return Call(
        path=name,
        owners=(f"litellm:{name}", f"litellm.router:Router.{name}"),
        operation="chat",
        kind=Kind.LLM,
        request=facts.request_reader(chat_request),
        response=facts.response_reader(chat_response),
        fields=completion_values,
        joined=completion_from_chunks,
        given=_only(_CHAT),
        content=_CONTENT,
        positional=("model", "messages"),
        once=("messages",),
        watch=watch,
        edit=_USAGE,
    )


def _embedding(name: str) -> Call:
    return Call(
        path=name,
        owners=(f"litellm:{name}", f"litellm.router:Router.{name}"),
        operation="embeddings",
        kind=Kind.EMBEDDING,
        request=facts.request_reader(embed_request),
        response=facts.response_reader(embed_response),
        fields=embed_values,
        given=_only(_EMBEDDING),
        content=_CONTENT,
        positional=("model", "input"),
    )


def _respond(name: str) -> Call:
    return Call(
        path=name,
        owners=(f"litellm:{name}",),
        operation="chat",
        kind=Kind.LLM,
        request=facts.request_reader(respond_request),
        response=facts.response_reader(respond_response),
        fields=respond_values,
        joined=response_from_events,
        given=_only(_RESPONSES),
        content=_CONTENT,
        positional=("input", "model"),
        once=("input",),
        watch=watch,
        failed=failure,
    )


PROVIDER: Final = Provider(
    package="litellm",
    clients=("litellm", "Router"),
    calls=(
        *map(_completion, ("completion", "acompletion")),
        *map(_embedding, ("embedding", "aembedding")),
        *map(_respond, ("responses", "aresponses")),
    ),
    constants=constants,
)
