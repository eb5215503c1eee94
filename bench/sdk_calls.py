"""One side of ``bench/sdk.py``, in a process of its own: ``sdk_calls.py ours|theirs KIND URL CALLS`` prints JSON.

The call that is decorated returns a fresh answer at once. Its content is 4 messages of 2,000 characters and an answer
of 1,000, new text in every call as in real traffic: text that comes again would be found in caches.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pydoc_data.topics import topics  # English prose that every Python has
from typing import Any

from sdk_turns import Pair, awaiting, calling, stepping, stepping_async

BURST = 500  # calls, then all is sent
PARTS = 5
SHORT_CALLS = 10  # in one turn: reading the clock takes a fraction of a microsecond, and these take hardly more
CHUNKS = 200
PACE_SECONDS = 1 / 300


def prose() -> str:
    """Some 450 KB, with the typographic quotes and dashes of real answers."""
    text = re.sub(r"\s+", " ", " ".join(topics[name] for name in sorted(topics)))
    text = re.sub(r'"(\w+)"', "\u201c\\1\u201d", text).replace(" -- ", " \u2014 ")
    return re.sub("[^\x20-\x7e\u2014\u201c\u201d]", "", text)


PROSE = prose()
SYSTEM = PROSE[1000:1500]
PIECES = [PROSE[9000 + 5 * i : 9005 + 5 * i] for i in range(CHUNKS)]
turns = {"asked": 0, "answered": 0}


def said(counter: str, step: int, *sizes: int) -> list[str]:
    turns[counter] = start = (turns[counter] + step) % (len(PROSE) - 5000)
    return [PROSE[start + 700 * i : start + 700 * i + size] for i, size in enumerate(sizes)]


def messages() -> list[dict[str, str]]:
    first, second, third = said("asked", 7919, 600, 500, 400)
    return [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": first},
        {"role": "assistant", "content": second},
        {"role": "user", "content": third},
    ]


def completion() -> dict[str, Any]:
    return {
        "id": "chatcmpl-123456789",
        "object": "chat.completion",
        "created": 1760000000,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": said("answered", 3571, 1000)[0]},
            }
        ],
        "usage": {"prompt_tokens": 512, "completion_tokens": 256, "total_tokens": 768},
    }


def chat(messages: list[dict[str, str]], model: str = "m", temperature: float = 0.2) -> dict[str, Any]:
    return completion()


async def achat(messages: list[dict[str, str]], model: str = "m", temperature: float = 0.2) -> dict[str, Any]:
    return completion()


def streamed(messages: list[dict[str, str]], model: str = "m", temperature: float = 0.2, chunks: int = 1) -> Any:
    yield from PIECES[:chunks]


async def astreamed(messages: list[dict[str, str]], model: str = "m", temperature: float = 0.2, chunks: int = 1) -> Any:
    for piece in PIECES[:chunks]:
        yield piece


class Ours:
    """A function with our decorator, a client that we wrapped."""

    def __init__(self, url: str) -> None:
        import spanglass

        spanglass.init("bench", endpoint=url)
        self.decorated = spanglass.observe(kind="llm")
        self.wrapped = spanglass.wrap
        self.flush = spanglass.flush


class Theirs:
    """The same content by hand with stock opentelemetry-sdk, as its documentation does it."""

    def __init__(self, url: str) -> None:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider = TracerProvider(resource=Resource.create({"service.name": "bench"}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url + "/v1/traces")))
        trace.set_tracer_provider(provider)
        tracer = provider.get_tracer("bench")
        self.flush = provider.force_flush
        self.span = partial(tracer.start_as_current_span, "chat", kind=trace.SpanKind.CLIENT)

    def decorated(self, function: Any) -> Any:
        import inspect

        if inspect.iscoroutinefunction(function):

            async def awaited(messages: Any, model: str, temperature: float) -> Any:
                with self.span(attributes=asked(messages, model, temperature)) as span:
                    answer = await function(messages, model=model, temperature=temperature)
                    span.set_attributes(answered(answer))
                    return answer

            return awaited
        if inspect.isgeneratorfunction(function):

            def stepped(messages: Any, model: str, temperature: float, chunks: int = 1) -> Any:
                with self.span(attributes=asked(messages, model, temperature)) as span:
                    pieces = []
                    for piece in function(messages, model=model, temperature=temperature, chunks=chunks):
                        pieces.append(piece)
                        yield piece
                    span.set_attribute("gen_ai.output.messages", json.dumps("".join(pieces)))

            return stepped

        def called(messages: Any, model: str, temperature: float) -> Any:
            with self.span(attributes=asked(messages, model, temperature)) as span:
                answer = function(messages, model=model, temperature=temperature)
                span.set_attributes(answered(answer))
                return answer

        return called

    def wrapped(self, client: Any) -> Any:
        create = client.chat.completions.create

        def created(*, messages: Any, model: str, temperature: float) -> Any:
            with self.span(attributes=asked(messages, model, temperature)) as span:
                answer = create(messages=messages, model=model, temperature=temperature)
                usage = answer.usage
                span.set_attributes(
                    {
                        "gen_ai.response.model": answer.model,
                        "gen_ai.response.id": answer.id,
                        "gen_ai.response.finish_reasons": [choice.finish_reason for choice in answer.choices],
                        "gen_ai.usage.input_tokens": usage.prompt_tokens,
                        "gen_ai.usage.output_tokens": usage.completion_tokens,
                        "gen_ai.output.messages": json.dumps([choice.message.to_dict() for choice in answer.choices]),
                    }
                )
                return answer

        client.chat.completions.create = created
        return client


def asked(messages: Any, model: str, temperature: float) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.request.temperature": temperature,
        "server.address": "api.openai.com",
        "gen_ai.input.messages": json.dumps(messages),
    }


def answered(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "gen_ai.response.model": answer["model"],
        "gen_ai.response.id": answer["id"],
        "gen_ai.response.finish_reasons": [choice["finish_reason"] for choice in answer["choices"]],
        "gen_ai.usage.input_tokens": answer["usage"]["prompt_tokens"],
        "gen_ai.usage.output_tokens": answer["usage"]["completion_tokens"],
        "gen_ai.output.messages": json.dumps(answer["choices"]),
    }


Run = Callable[[Iterable[Any]], Pair]
"""Inputs -> seconds of this thread in plain and in recorded calls, which take them in turn."""


def runs(kind: str, side: Any, **more: Any) -> Run:
    """The plain call and the recorded one of this kind; ``more`` are further arguments of both."""
    match kind:
        case "async":
            return partial(awaiting, achat, side.decorated(achat), **more)
        case "generator":
            return partial(stepping, streamed, side.decorated(streamed), **more)
        case "async_generator":
            return partial(stepping_async, astreamed, side.decorated(astreamed), **more)
        case "wrapped_client" | "wrapped_stream" | "wrapped_async_stream":
            import sdk_clients

            make, many = {
                "wrapped_client": (partial(sdk_clients.client, completion), calling),
                "wrapped_stream": (partial(sdk_clients.streaming, PIECES), stepping),
                "wrapped_async_stream": (partial(sdk_clients.streaming_async, PIECES), stepping_async),
            }[kind]
            bare, recorded = make(), side.wrapped(make())
            return partial(many, bare.chat.completions.create, recorded.chat.completions.create, **more)
        case _:
            return partial(calling, chat, side.decorated(chat), **more)


def steady(run: Run, flush: Any, calls: int, burst: int = BURST) -> dict[str, float]:
    """Bursts of plain and recorded calls, all sent after each: microseconds a call beyond the plain one."""
    for _ in range(max(1500 // burst, 2)):
        run(messages() for _ in range(2 * burst))
        flush()
    more: list[float] = []
    whole: list[float] = []
    part = max(burst // PARTS, 1)
    for _ in range(max(calls // burst, 4)):
        beyond = 0.0
        for _ in range(PARTS):
            inputs = (messages() for _ in range(2 * part))
            process, thread = time.process_time(), time.thread_time()
            plain, recorded = run(inputs)
            beyond += time.process_time() - process - (time.thread_time() - thread)  # what other threads did
            beyond += recorded - plain
            more.append((recorded - plain) / part * 1e6)
        process = time.process_time()
        flush()
        beyond += time.process_time() - process
        whole.append(beyond / (part * PARTS) * 1e6)
    return {"caller_us": statistics.median(more), "process_us": statistics.median(whole)}


def chunk_us(kind: str, side: Any, calls: int) -> float:
    """What one more chunk of a stream costs its consumer."""
    more = {True: "max_tokens", False: "chunks"}[kind.startswith("wrapped")]
    asked = {"stream": True} if kind.startswith("wrapped") else {}
    long, short = (
        steady(runs(kind, side, **{more: chunks}, **asked), side.flush, calls, 20)["caller_us"]
        for chunks in (CHUNKS, 1)
    )
    return (long - short) / (CHUNKS - 1)


def paced(side: Any, calls: int) -> dict[str, float]:
    """300 calls a second, sent in the background as it comes: caches are cold, as in a real service."""
    told = []
    for function in (chat, side.decorated(chat)):
        calling(function, function, [messages() for _ in range(300)])
        spent, start, cpu = [], time.perf_counter(), time.process_time()
        for turn in range(calls):
            time.sleep(max(start + turn * PACE_SECONDS - time.perf_counter(), 0))
            spent.append(calling(function, function, [messages()])[0] * 1e6)
        told.append((statistics.median(spent), (time.process_time() - cpu) / calls * 1e6))
    (bare, bare_process), (call, process) = told
    return {"caller_us": call - bare, "process_us": process - bare_process}


def main() -> None:
    name, kind, url, calls = sys.argv[1:]
    side = {"ours": Ours, "theirs": Theirs}[name](url)
    if kind == "paced":
        told = paced(side, int(calls))
    elif kind.startswith("chunk_"):
        told = {"chunk_us": chunk_us(kind.removeprefix("chunk_"), side, int(calls))}
    else:
        told = steady(runs(kind, side, at_once=1 if kind == "wrapped_client" else SHORT_CALLS), side.flush, int(calls))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
