"""The demo's model provider: an HTTP server with OpenAI's chat and embedding interface. Nothing leaves the machine.

::

    POST /v1/chat/completions   plain, or streamed as server-sent events (with ``stream_options.include_usage``)
    POST /v1/embeddings
    GET  /v1/models
    GET  /healthz

To use it alone: ``python -m spanglass_cli.demo.provider --port 18080``, and give any OpenAI client
``base_url="http://127.0.0.1:18080/v1"``.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from spanglass_cli.demo import model

DEFAULT_PORT: Final = 18080
SERVICE_TIER: Final = "default"
CREATED: Final = 1_732_000_000  # a fixed moment: answers depend on requests only
PIECE_CHARACTERS: Final = 18


def create_app(seed: int, *, speed: float = 1.0) -> Starlette:
    """The server as an ASGI application.

    Its answers depend on ``seed``, the requests and their order. ``speed`` divides every delay; tests use a large one.
    """
    numbers = itertools.count()

    async def chat(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
            said, name, tools = body["messages"], body["model"], body.get("tools") or []
            names = [tool["function"]["name"] for tool in tools]
            chance = random.Random(f"{seed} {next(numbers)}")
            reply = model.answer(name, said, names, changed=True, chance=chance)
        except model.Refusal as refusal:
            return _refused(refusal)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return _refused(model.Refusal(400, "invalid_request_error", f"not a chat request: {error!r}"))
        if body.get("stream"):
            with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
            return StreamingResponse(_stream(reply, with_usage, speed), media_type="text/event-stream")
        await asyncio.sleep(reply.seconds / speed)
        return JSONResponse(completion(reply))

    async def embeddings(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
            texts = [body["input"]] if isinstance(body["input"], str) else list(body["input"])
            vectors = [model.embed(text) for text in texts]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return _refused(model.Refusal(400, "invalid_request_error", f"not an embedding request: {error!r}"))
        await asyncio.sleep(0.03 / speed)
        tokens = sum(model.tokens_of(text) for text in texts)
        return JSONResponse(
            {
                "object": "list",
                "model": model.EMBEDDING_MODEL,
                "data": [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)],
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            }
        )

    async def models(_request: Request) -> Response:
        names = (*model.MODELS, model.EMBEDDING_MODEL)
        listed = [{"id": name, "object": "model", "created": CREATED, "owned_by": "demo"} for name in names]
        return JSONResponse({"object": "list", "data": listed})

    async def alive(_request: Request) -> Response:
        return Response("ok")

    return Starlette(
        routes=[
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/v1/embeddings", embeddings, methods=["POST"]),
            Route("/v1/models", models),
            Route("/healthz", alive),
        ]
    )


def completion(reply: model.Reply) -> dict[str, Any]:
    """A reply as the body of an unstreamed chat completion."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.tool_calls:
        message["tool_calls"] = [_tool_call(call) for call in reply.tool_calls]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish_reason}
    return {**_envelope(reply, "chat.completion"), "choices": [choice], "usage": _usage(reply)}


def chunks(reply: model.Reply, *, with_usage: bool) -> Iterator[dict[str, Any]]:
    """A reply as the chunks of a streamed chat completion: one with the role, the pieces, one with the finish reason,
    and, where asked for, one with the usage and no choice.
    """
    envelope = _envelope(reply, "chat.completion.chunk") | ({"usage": None} if with_usage else {})

    def chunk(delta: Mapping[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**envelope, "choices": [choice]}

    yield chunk({"role": "assistant", "content": "" if reply.text else None})
    for start in range(0, len(reply.text), PIECE_CHARACTERS):
        yield chunk({"content": reply.text[start : start + PIECE_CHARACTERS]})
    for index, call in enumerate(reply.tool_calls):
        yield chunk({"tool_calls": [{"index": index, **_tool_call(call)}]})
    yield chunk({}, reply.finish_reason)
    if with_usage:
        yield {**envelope, "choices": [], "usage": _usage(reply)}


class ProviderThread:
    """The server on a thread of its own, for as long as the ``with`` block."""

    def __init__(self, port: int, seed: int, *, host: str = "127.0.0.1", speed: float = 1.0) -> None:
        config = uvicorn.Config(
            create_app(seed, speed=speed), host=host, port=port, log_level="warning", timeout_graceful_shutdown=1
        )
        self.base_url = f"http://{host}:{port}/v1"
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="provider", daemon=True)

    def __enter__(self) -> Self:
        """Start; connections are accepted on return. Raises RuntimeError if the server cannot start."""
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)
            if not self._thread.is_alive():
                msg = f"the model provider could not listen at {self.base_url}"
                raise RuntimeError(msg)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, cutting off what still streams after a second."""
        self._server.should_exit = True
        self._thread.join()


async def _stream(reply: model.Reply, with_usage: bool, speed: float) -> AsyncIterator[bytes]:
    pieces = list(chunks(reply, with_usage=with_usage))
    await asyncio.sleep(reply.first_token_seconds / speed)
    pause = (reply.seconds - reply.first_token_seconds) / len(pieces) / speed
    for piece in pieces:
        yield b"data: " + json.dumps(piece).encode() + b"\n\n"
        await asyncio.sleep(pause)
    yield b"data: [DONE]\n\n"


def _envelope(reply: model.Reply, kind: str) -> dict[str, Any]:
    return {
        "id": reply.response_id,
        "object": kind,
        "created": CREATED,
        "model": reply.served_as,
        "service_tier": SERVICE_TIER,
        "system_fingerprint": reply.fingerprint,
    }


def _usage(reply: model.Reply) -> dict[str, Any]:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def _tool_call(call: model.ToolCall) -> dict[str, Any]:
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _refused(refusal: model.Refusal) -> JSONResponse:
    error = {"message": refusal.message, "type": refusal.code, "param": None, "code": refusal.code}
    headers = {"retry-after": "2"} if refusal.status == 429 else None
    return JSONResponse({"error": error}, status_code=refusal.status, headers=headers)


def main() -> None:
    """Serve in the foreground until Ctrl-C."""
    parser = argparse.ArgumentParser(description="The demo's model provider, by itself.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(f"OpenAI-compatible provider at http://127.0.0.1:{arguments.port}/v1 (models: {', '.join(model.MODELS)})")
    uvicorn.run(create_app(arguments.seed), host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()
