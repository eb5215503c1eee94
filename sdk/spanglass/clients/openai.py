"""OpenAI's client, and every server that speaks its protocol: chat completions, plain and streamed.

The client itself is changed, not put into another object: it keeps its type, and everything that goes through it
(``with_raw_response``, ``beta`` resources, helpers of other libraries) keeps working.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from time import time_ns
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from spanglass import runtime, semconv
from spanglass.clients.openai_fields import completion_fields
from spanglass.clients.openai_stream import Answer, watch, watch_async
from spanglass.content import chat_request, chat_response
from spanglass.context import leave
from spanglass.guard import guarded, swallow
from spanglass.site import Site
from spanglass.span import Begun, begin, finish

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_MARK: Final = "__spanglass__"
_METHODS: Final = ("create", "parse")
_RAW: Final = "x-stainless-raw-response"
"""Header by which ``with_raw_response`` ("true") and ``with_streaming_response`` ("stream") ask for the raw answer."""

_NOT_SENT: Final = frozenset({"extra_headers", "extra_query", "extra_body", "timeout"})
_CONTENT: Final = frozenset({"messages", "tools", "functions", "prediction", "user", "metadata"})
_OMITTED: Final = frozenset({"Omit", "NotGiven"})
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


def wrap_client(client: Any) -> None:
    """Record the chat completions of this ``OpenAI`` or ``AsyncOpenAI`` object."""
    completions = client.chat.completions
    if getattr(completions.create, _MARK, False):
        return
    calls = Calls(client)
    asynchronous = any(kind.__name__ == "AsyncOpenAI" for kind in type(client).__mro__)
    for name in _METHODS:
        method = getattr(completions, name, None)
        if method is not None:
            recorded = calls.recorded_async(method) if asynchronous else calls.recorded(method)
            setattr(recorded, _MARK, True)
            setattr(completions, name, recorded)
    client.copy = client.with_options = _wrapping(client.copy)


def _wrapping(copy: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(copy)
    def copied(*args: Any, **kwargs: Any) -> Any:
        client = copy(*args, **kwargs)
        with guarded("openai.copy"):
            wrap_client(client)
        return client

    return copied


class Calls:
    """The calls of one client: where they go, and whether the server knows ``stream_options``."""

    def __init__(self, client: Any) -> None:
        address = urlsplit(str(client.base_url))
        host = address.hostname or ""
        azure = any(kind.__name__ == "BaseAzureClient" for kind in type(client).__mro__)
        by_host = (name for end, name in _PROVIDERS.items() if host == end or host.endswith("." + end))
        constants: dict[str, Any] = {
            semconv.PROVIDER_NAME: "azure.ai.openai" if azure else next(by_host, "openai"),
            semconv.SERVER_ADDRESS: host,
            semconv.SERVER_PORT: address.port or (443 if address.scheme == "https" else 80),
        }
        self._site = Site("chat", semconv.Kind.LLM, constants)
        self._tells_stream_usage = True

    def recorded(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """``method`` of a client, each call of it recorded."""
        state = runtime.STATE

        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            if state.off or (begun := self._begin(kwargs)) is None:
                return method(*args, **kwargs)
            request = self._asking_for_usage(kwargs) if begun.live.sampled else kwargs
            try:
                try:
                    answer = method(*args, **request)
                except Exception as error:
                    if request is kwargs or not self._refuses_option(error):
                        raise
                    request = kwargs
                    answer = method(*args, **kwargs)
            except BaseException as error:
                leave(begun.token)
                finish(begun.live, error)
                raise
            return self._end(begun, answer, kwargs, watch, hide_usage=request is not kwargs)

        return call

    def recorded_async(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The same for a method of an ``AsyncOpenAI``."""
        state = runtime.STATE

        @functools.wraps(method)
        async def call(*args: Any, **kwargs: Any) -> Any:
            if state.off or (begun := self._begin(kwargs)) is None:
                return await method(*args, **kwargs)
            request = self._asking_for_usage(kwargs) if begun.live.sampled else kwargs
            try:
                try:
                    answer = await method(*args, **request)
                except Exception as error:
                    if request is kwargs or not self._refuses_option(error):
                        raise
                    request = kwargs
                    answer = await method(*args, **kwargs)
            except BaseException as error:
                leave(begun.token)
                finish(begun.live, error)
                raise
            return self._end(begun, answer, kwargs, watch_async, hide_usage=request is not kwargs)

        return call

    def _begin(self, kwargs: dict[str, Any]) -> Begun | None:
        begun = begin(self._site)
        if begun is not None and begun.live.sampled:
            try:
                _take_request(begun, kwargs)
            except Exception as error:  # noqa: BLE001
                swallow("openai.request", error)
        return begun

    def _asking_for_usage(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The same arguments, or for a stream whose caller does not mind, ones that ask for its usage."""
        options = kwargs.get("stream_options") or {}
        if not self._tells_stream_usage or kwargs.get("stream") is not True or _raw(kwargs):
            return kwargs
        if not isinstance(options, Mapping):  # an "omitted" mark
            options = {}
        if "include_usage" in options:
            return kwargs
        return {**kwargs, "stream_options": {**options, "include_usage": True}}

    def _refuses_option(self, error: Exception) -> bool:
        """Some compatible servers do not know the option: then the call is made again without it, now and later."""
        refuses = getattr(error, "status_code", None) in _UNKNOWN_OPTION and "stream_options" in str(error)
        self._tells_stream_usage = self._tells_stream_usage and not refuses
        return refuses

    def _end(
        self,
        begun: Begun,
        answer: Any,
        kwargs: dict[str, Any],
        watch_stream: Callable[[Any, Answer], Any],
        *,
        hide_usage: bool,
    ) -> Any:
        """The answer as the caller gets it; the span ends now, or with the stream."""
        end_ns = time_ns()
        live, token = begun
        leave(token)
        try:
            raw = _raw(kwargs)
            if live.sampled and kwargs.get("stream") is not True and raw != "stream":
                told = completion_fields(answer.parse() if raw else answer, content=live.recorder.capture)
                live.take(chat_response, told)
            elif live.sampled and not raw:
                return watch_stream(answer, Answer(live, hide_usage=hide_usage))
        except Exception as error:  # noqa: BLE001
            swallow("openai.response", error)
        finish(live, end_ns=end_ns)
        return answer


def _take_request(begun: Begun, kwargs: dict[str, Any]) -> None:
    live = begun.live
    messages = kwargs.get("messages")
    if messages is not None and not isinstance(messages, list | tuple) and not _is_omitted(messages):
        kwargs["messages"] = list(messages)  # an iterator: reading it here must not leave it empty for the client
    sent = {name: value for name, value in kwargs.items() if name not in _NOT_SENT and not _is_omitted(value)}
    extra = kwargs.get("extra_body")
    if isinstance(extra, Mapping):
        sent = {**sent, **extra}
    if not live.recorder.capture:
        sent = {name: value for name, value in sent.items() if name not in _CONTENT}
    live.update_name(f"chat {sent['model']}" if sent.get("model") else "chat")
    live.take(chat_request, sent)


def _raw(kwargs: Mapping[str, Any]) -> str:
    """``"true"``, ``"stream"`` or nothing."""
    headers = kwargs.get("extra_headers") or {}
    return next((str(value) for name, value in headers.items() if str(name).lower() == _RAW), "")


def _is_omitted(value: object) -> bool:
    return type(value).__name__ in _OMITTED
