"""LiteLLM over real HTTP: one span a call, whoever's client makes it underneath; provider, cost and usage as told."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import os
import time
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from sdk.scripted import answer, event_stream, scripted
from sdk.servers import CHUNKS, COMPLETION, Provider

import spanglass
from sdk import openai_script as script
from spanglass import semconv
from spanglass.clients import provider_of
from spanglass.clients.calls import MARK, patch_classes
from spanglass.testing import Captured, CapturedSpan

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch prices from the internet when imported
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    litellm: Any = pytest.importorskip("litellm")

pytestmark = pytest.mark.filterwarnings("ignore")  # it has many of its own, and leaves sockets to the collector

needs_mcp = pytest.mark.skipif(find_spec("mcp") is None, reason="litellm wants its extra 'mcp' for tools and responses")

ASK: list[Any] = [{"role": "user", "content": "Sky?"}]
USAGE = {
    semconv.INPUT_TOKENS: 120,
    semconv.OUTPUT_TOKENS: 45,
    semconv.CACHE_READ_TOKENS: 64,
    semconv.REASONING_TOKENS: 20,
    semconv.INPUT_AUDIO_TOKENS: 3,
    semconv.OUTPUT_AUDIO_TOKENS: 0,
}


@pytest.fixture(autouse=True)
def patched() -> Iterator[None]:
    """LiteLLM and the client it calls underneath, both recorded, and put back."""
    undo = [patch_classes(provider_of(package)) for package in ("litellm", "openai")]
    yield
    for each in undo:
        each()
    clients = litellm.in_memory_llm_clients_cache
    for client in clients.cache_dict.values():
        close = getattr(client, "close", None)
        if close is not None and not inspect.iscoroutinefunction(close):
            close()
    clients.flush_cache()


def asked(provider: Provider, **more: Any) -> dict[str, Any]:
    return {
        "model": "openai/gpt-4o-mini",
        "messages": ASK,
        "api_base": provider.url + "/v1",
        "api_key": "sk-hidden",
        "max_retries": 0,
        **more,
    }


def usage_of(span: CapturedSpan) -> dict[str, int]:
    return {name: value for name, value in span.attributes.items() if name.startswith("gen_ai.usage.")}


def told(span: CapturedSpan, name: str) -> Any:
    return json.loads(span.attributes[name])


def test_a_plain_call(provider: Provider, seen: Captured) -> None:
    given = litellm.completion(**asked(provider, temperature=0.2, metadata={"trace": "hidden"}))
    assert given.choices[0].message.content == "Blue."
    span = seen.span("chat openai/gpt-4o-mini")
    attributes = dict(span.attributes)
    assert attributes.pop(semconv.COST_USD) == pytest.approx(given._hidden_params["response_cost"])
    assert told(span, semconv.INPUT_MESSAGES) == [
        {"role": "user", "parts": [{"type": "text", "content": "Sky?"}]},
    ]
    assert told(span, semconv.OUTPUT_MESSAGES) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Blue."}], "finish_reason": "stop"}
    ]
    del attributes[semconv.INPUT_MESSAGES], attributes[semconv.OUTPUT_MESSAGES]
    assert attributes == {
        semconv.SPAN_KIND: "llm",
        semconv.OPERATION_NAME: "chat",
        semconv.PROVIDER_NAME: "openai",
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: int(provider.url.rsplit(":", 1)[1]),
        semconv.REQUEST_MODEL: "openai/gpt-4o-mini",
        "gen_ai.request.temperature": 0.2,
        semconv.RESPONSE_MODEL: "gpt-4o-mini-2024-07-18",
        semconv.RESPONSE_ID: "chatcmpl-1",
        semconv.SYSTEM_FINGERPRINT: "fp_1",
        semconv.SERVICE_TIER: "default",
        semconv.FINISH_REASONS: ["stop"],
        **USAGE,
    }


def test_arguments_by_position(provider: Provider, seen: Captured) -> None:
    more = asked(provider)
    litellm.completion(more.pop("model"), more.pop("messages"), **more)
    assert "Sky?" in str(seen.span("chat openai/gpt-4o-mini").input)


def test_a_stream_tells_its_usage_and_hides_the_question(provider: Provider, seen: Captured) -> None:
    stream = litellm.completion(**asked(provider, stream=True))
    assert isinstance(stream, litellm.CustomStreamWrapper)
    got = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in got) == "Blue."
    assert not any(getattr(chunk, "usage", None) for chunk in got)
    assert provider.requests[0]["stream_options"] == {"include_usage": True}
    span = seen.span("chat openai/gpt-4o-mini")
    assert told(span, semconv.OUTPUT_MESSAGES) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Blue."}], "finish_reason": "stop"}
    ]
    assert usage_of(span) == USAGE
    assert span.attributes[semconv.RESPONSE_MODEL] == "gpt-4o-mini-2024-07-18"
    assert span.attributes[semconv.COST_USD] > 0
    assert span.attributes[semconv.TIME_TO_FIRST_CHUNK] > 0


def test_a_caller_who_asks_for_usage_gets_it(provider: Provider, seen: Captured) -> None:
    got = list(litellm.completion(**asked(provider, stream=True, stream_options={"include_usage": True})))
    assert got[-1].usage.total_tokens == 165
    assert usage_of(seen.spans[0]) == USAGE


def test_a_stream_let_go_of_ends_its_span(provider: Provider, seen: Captured) -> None:
    for number, _ in enumerate(litellm.completion(**asked(provider, stream=True))):
        if number == 1:
            break
    deadline = time.monotonic() + 10
    while not seen.spans and time.monotonic() < deadline:  # its own logging threads hold the stream for a moment
        gc.collect()
        time.sleep(0.01)
    span = seen.span("chat openai/gpt-4o-mini")
    assert told(span, semconv.OUTPUT_MESSAGES)[0]["parts"] == [{"type": "text", "content": "Bl"}]


def test_an_error_passes_and_is_recorded(provider: Provider, seen: Captured) -> None:
    provider.replies.append((429, {"error": {"message": "Too fast."}}))
    with pytest.raises(litellm.RateLimitError):
        litellm.completion(**asked(provider))
    span = seen.span("chat openai/gpt-4o-mini")
    assert (span.error_type, span.attributes[semconv.HTTP_STATUS]) == ("litellm.exceptions.RateLimitError", 429)
    assert span.attributes[semconv.PROVIDER_NAME] == "openai"
    assert "sk-hidden" not in str(span.attributes)


def test_retries_are_one_span(provider: Provider, seen: Captured) -> None:
    provider.replies.append((500, {"error": {"message": "Down."}}))
    litellm.completion(**asked(provider, num_retries=1))
    assert len(provider.requests) == 2
    assert len(seen.spans) == 1
    assert seen.spans[0].status == "unset"


@needs_mcp
def test_tools(provider: Provider, seen: Captured) -> None:
    call = {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
    said = {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [call]}}
    provider.replies.append({**COMPLETION, "choices": [said]})
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    litellm.completion(**asked(provider, tools=tools))
    assert told(seen.spans[0], semconv.TOOL_DEFINITIONS) == tools
    assert told(seen.spans[0], semconv.OUTPUT_MESSAGES)[0]["parts"] == [
        {"type": "tool_call", "id": "t1", "name": "weather", "arguments": {"city": "Oslo"}}
    ]


def test_content_off_leaves_the_figures(provider: Provider) -> None:
    with spanglass.testing.captured(capture_content=False) as seen:
        litellm.completion(**asked(provider))
        list(litellm.completion(**asked(provider, stream=True)))
    for span in seen.spans:
        assert usage_of(span) == USAGE
        assert "Sky" not in str(span.attributes)
        assert "Blue" not in str(span.attributes)


def test_embeddings(seen: Captured) -> None:
    with scripted(answer(script.embeddings([0.125, -0.5, 0.75]))) as server:
        litellm.embedding("openai/text-embedding-3-small", ["one"], api_base=server.url + "/v1", api_key="k")
    span = seen.span("embeddings openai/text-embedding-3-small")
    assert (span.kind, span.attributes[semconv.INPUT_TOKENS]) == ("embedding", 8)
    assert (span.attributes[semconv.EMBEDDING_DIMENSIONS], span.attributes[semconv.EMBEDDING_COUNT]) == (3, 1)
    assert semconv.OUTPUT_TOKENS not in span.attributes


@needs_mcp
@pytest.mark.parametrize("streamed", [False, True])
def test_responses(seen: Captured, *, streamed: bool) -> None:
    with scripted(event_stream(script.events()) if streamed else answer(script.response())) as server:
        made = litellm.responses(
            input="Why?", model="openai/gpt-5", stream=streamed, api_base=server.url + "/v1", api_key="k"
        )
        if streamed:
            list(made)
    span = seen.span("chat openai/gpt-5")
    assert [part["content"] for part in told(span, semconv.OUTPUT_MESSAGES)[0]["parts"]] == ["Think first.", "Because."]
    assert (span.attributes[semconv.INPUT_TOKENS], span.attributes[semconv.REASONING_TOKENS]) == (75, 1024)


def test_async_calls_at_once(provider: Provider, seen: Captured) -> None:
    @spanglass.observe
    async def visit(number: int) -> str:
        if number % 2:
            given = await litellm.acompletion(**asked(provider))
            return str(given.choices[0].message.content)
        stream = await litellm.acompletion(**asked(provider, stream=True))
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    async def main() -> list[str]:
        said = await asyncio.gather(*map(visit, range(4)))
        await litellm.close_litellm_async_clients()
        return said

    assert asyncio.run(main()) == ["Blue."] * 4
    visits = {span.span_id for span in seen.spans if span.name == "visit"}
    calls = [span for span in seen.spans if span.kind == "llm"]
    assert {call.parent_span_id for call in calls} == visits
    assert [usage_of(call) for call in calls] == [USAGE] * 4


def test_the_module_itself_can_be_wrapped(provider: Provider, seen: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("completion", "acompletion", "embedding", "aembedding", "responses", "aresponses"):
        monkeypatch.setattr(litellm, name, getattr(litellm, name).__wrapped__)
    assert not hasattr(litellm.completion, MARK)
    assert spanglass.wrap(litellm) is litellm
    litellm.completion(**asked(provider))
    assert seen.span("chat openai/gpt-4o-mini").attributes[semconv.OUTPUT_TOKENS] == 45


def test_a_router_is_one_span_with_its_fallbacks(provider: Provider, seen: Captured) -> None:
    provider.replies.append((500, {"error": {"message": "Down."}}))
    parameters = asked(provider)
    del parameters["messages"]
    router = litellm.Router(
        model_list=[{"model_name": name, "litellm_params": parameters} for name in ("first", "second")],
        fallbacks=[{"first": ["second"]}],
        num_retries=0,
    )
    given = spanglass.wrap(router).completion(model="first", messages=ASK)
    assert given.choices[0].message.content == "Blue."
    assert len(provider.requests) == 2
    assert seen.span("chat first").attributes[semconv.RESPONSE_MODEL] == "gpt-4o-mini-2024-07-18"
    assert len(CHUNKS) == 4
