"""OpenAI's real clients for ``bench/sdk_calls.py``: only what would go over the network is answered at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
from openai.types.chat import ChatCompletion, ChatCompletionChunk

_NOWHERE = {"api_key": "none", "base_url": "http://127.0.0.1:1/v1", "max_retries": 0}


def client(answer: Callable[[], dict[str, Any]]) -> Any:
    """One that is answered with what ``answer`` makes."""
    made = openai.OpenAI(**_NOWHERE)
    made.chat.completions._post = lambda *_args, **_kwargs: ChatCompletion.model_validate(answer())
    return made


def streaming(pieces: list[str]) -> Any:
    """One that is answered with these pieces, as many of them as ``max_tokens`` says."""
    chunks = _chunks(pieces)
    made = openai.OpenAI(**_NOWHERE)
    made.chat.completions._post = lambda *_args, body, **_kwargs: _stream(
        openai.Stream, iter(chunks[: body["max_tokens"]])
    )
    return made


def streaming_async(pieces: list[str]) -> Any:
    """The same, asynchronous."""
    chunks = _chunks(pieces)

    async def post(*_args: Any, body: dict[str, Any], **_kwargs: Any) -> Any:
        return _stream(openai.AsyncStream, _arriving(chunks[: body["max_tokens"]]))

    made = openai.AsyncOpenAI(**_NOWHERE)
    made.chat.completions._post = post
    return made


def _chunks(pieces: list[str]) -> list[ChatCompletionChunk]:
    told = {"id": "c", "object": "chat.completion.chunk", "created": 1760000000, "model": "gpt-4o-mini"}
    return [
        ChatCompletionChunk.model_validate({**told, "choices": [{"index": 0, "delta": {"content": piece}}]})
        for piece in pieces
    ]


def _stream(kind: Any, chunks: Any) -> Any:
    """A stream of the package's own class, past the decoding of what came over the network."""
    made = kind.__new__(kind)
    made._iterator = chunks
    made.response = None  # nothing of it is read
    return made


async def _arriving(chunks: list[ChatCompletionChunk]) -> Any:
    for chunk in chunks:
        yield chunk
