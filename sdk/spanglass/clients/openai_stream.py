"""A streamed chat completion: passed on chunk by chunk, put together again when it ends."""

from __future__ import annotations

import copy
import weakref
from time import time_ns
from typing import TYPE_CHECKING, Any

from spanglass.clients.openai_fields import fields
from spanglass.content import chat_response
from spanglass.guard import guarded, swallow
from spanglass.span import finish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from spanglass.live import LiveSpan

Json = dict[str, Any]


class Answer:
    """The chunks of one stream and the span that ends with them."""

    __slots__ = ("_chunks", "_hide_usage", "_live")

    def __init__(self, live: LiveSpan, *, hide_usage: bool) -> None:
        self._live = live
        self._hide_usage = hide_usage
        self._chunks: list[Any] = []

    def takes(self, chunk: Any) -> bool:
        """Note the chunk. False for the one that only tells the usage, when the caller had not asked for it."""
        try:
            if not self._chunks:
                self._live.first_chunk_ns = time_ns()
            self._chunks.append(chunk)
            return not self._hide_usage or bool(chunk.choices) or chunk.usage is None
        except Exception as error:  # noqa: BLE001
            swallow("openai.chunk", error)
            return True

    def finish(self, error: BaseException | None = None) -> None:
        """End the span with what has arrived; a second call does nothing."""
        if self._live.end_ns:
            return
        end_ns = time_ns()
        with guarded("openai.stream"):
            completion = completion_from_chunks(self._chunks)
            if not self._live.recorder.capture:
                completion["choices"] = [{"finish_reason": each["finish_reason"]} for each in completion["choices"]]
            self._live.take(chat_response, completion)
        self._chunks = []
        finish(self._live, error, end_ns)


def watch(stream: Any, answer: Answer) -> Any:
    """A twin of the ``openai.Stream`` that tells ``answer`` of each chunk and of the end, however that comes.

    OpenAI's stream and its iterator hold each other, so that one left half-read lives until the garbage collector
    comes by. The twin is in no such circle: when the consumer lets go of it, it is gone, and the span has ended.
    """
    twin = copy.copy(stream)
    twin._iterator = _steps(stream._iterator, answer)  # noqa: SLF001
    twin.close = _closing(stream.close, answer)
    weakref.finalize(twin, answer.finish).atexit = False
    return twin


def watch_async(stream: Any, answer: Answer) -> Any:
    """The same for an ``openai.AsyncStream``."""
    twin = copy.copy(stream)
    twin._iterator = _async_steps(stream._iterator, answer)  # noqa: SLF001
    twin.close = _async_closing(stream.close, answer)
    weakref.finalize(twin, answer.finish).atexit = False
    return twin


def _steps(chunks: Any, answer: Answer) -> Iterator[Any]:
    try:
        for chunk in chunks:
            if answer.takes(chunk):
                yield chunk
    except GeneratorExit:
        raise
    except BaseException as error:
        answer.finish(error)
        raise
    finally:
        answer.finish()
        chunks.close()


async def _async_steps(chunks: Any, answer: Answer) -> AsyncIterator[Any]:
    try:
        async for chunk in chunks:
            if answer.takes(chunk):
                yield chunk
    except GeneratorExit:
        raise
    except BaseException as error:
        answer.finish(error)
        raise
    finally:
        answer.finish()
        await chunks.aclose()


def _closing(close: Callable[[], None], answer: Answer) -> Callable[[], None]:
    def closed() -> None:
        try:
            close()
        finally:
            answer.finish()

    return closed


def _async_closing(close: Callable[[], Any], answer: Answer) -> Callable[[], Any]:
    async def closed() -> None:
        try:
            await close()
        finally:
            answer.finish()

    return closed


def completion_from_chunks(chunks: Iterable[Any]) -> Json:
    """The completion that these ``ChatCompletionChunk`` objects tell in pieces, as JSON values.

    Texts and arguments are joined, the last of everything else counts. Choices come in the order of their index.
    """
    completion: Json = {}
    choices: dict[int, Json] = {}
    for chunk in chunks:
        for name in ("id", "model", "system_fingerprint", "service_tier", "usage"):
            value = getattr(chunk, name, None)
            if value is not None:
                completion[name] = value
        for choice in chunk.choices or ():
            told = choices.setdefault(choice.index, {"finish_reason": None, "message": {"role": "assistant"}})
            told["finish_reason"] = choice.finish_reason or told["finish_reason"]
            _add(told["message"], fields(choice.delta))
    if "usage" in completion:
        completion["usage"] = fields(completion["usage"])
    completion["choices"] = [_joined(choices[index]) for index in sorted(choices)]
    return completion


def _add(message: Json, delta: Json) -> None:
    """Texts are collected in lists, tool calls by their index."""
    for name, value in delta.items():
        match name, value:
            case _, None:
                continue
            case "role", str():
                message[name] = value
            case "tool_calls", list():
                calls = message.setdefault(name, {})
                for call in value:
                    told = fields(call)
                    _add_call(calls.setdefault(told.get("index", len(calls)), {"function": {}}), told)
            case "function_call", _:
                _add_call(message.setdefault(name, {"function": {}}), {"function": value})
            case "audio", _:
                audio = message.setdefault(name, {"transcript": []})
                told = fields(value)
                audio["id"] = told.get("id") or audio.get("id")
                audio["transcript"].append(told.get("transcript") or "")
            case _, str():
                message.setdefault(name, []).append(value)


def _add_call(call: Json, told: Json) -> None:
    call["id"] = told.get("id") or call.get("id")
    function = fields(told.get("function") or {})
    if function.get("name"):
        call["function"]["name"] = function["name"]
    call["function"].setdefault("arguments", []).append(function.get("arguments") or "")


def _joined(choice: Json) -> Json:
    message = choice["message"]
    whole: Json = {name: "".join(value) if isinstance(value, list) else value for name, value in message.items()}
    if "audio" in message:
        whole["audio"] = {**message["audio"], "transcript": "".join(message["audio"]["transcript"])}
    if "tool_calls" in message:
        whole["tool_calls"] = [_joined_call(message["tool_calls"][index]) for index in sorted(message["tool_calls"])]
    if "function_call" in message:
        whole["function_call"] = _joined_call(message["function_call"])["function"]
    return {**choice, "message": whole}


def _joined_call(call: Json) -> Json:
    function = call["function"]
    return {**call, "function": {**function, "arguments": "".join(function.get("arguments", ()))}}
