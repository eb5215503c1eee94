"""A wrapped OpenAI client over real HTTP: what is recorded, and that the caller notices nothing."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import gc
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pydantic
import pytest
from openai import AsyncOpenAI, AzureOpenAI, OpenAI
from openai.types.chat import ChatCompletionChunk
from sdk.servers import CHUNKS, COMPLETION, USAGE_CHUNK, Provider, Sink, chunk

import spanglass
from spanglass import semconv
from spanglass.clients import openai as openai_calls
from spanglass.clients.calls import wrap_client
from spanglass.testing import Captured, CapturedSpan

ASK: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Sky?"}]
USAGE = {
    semconv.INPUT_TOKENS: 120,
    semconv.OUTPUT_TOKENS: 45,
    semconv.CACHE_READ_TOKENS: 64,
    semconv.REASONING_TOKENS: 20,
    semconv.INPUT_AUDIO_TOKENS: 3,
    semconv.OUTPUT_AUDIO_TOKENS: 0,
}


@pytest.fixture
def client(provider: Provider) -> Iterator[OpenAI]:
    with OpenAI(base_url=provider.url + "/v1", api_key="k", max_retries=0) as made:
        yield spanglass.wrap(made)


@pytest.fixture
def async_client(provider: Provider) -> AsyncOpenAI:
    return spanglass.wrap(AsyncOpenAI(base_url=provider.url + "/v1", api_key="k", max_retries=0))


def stream_of(client: OpenAI, **more: Any) -> Any:
    return client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True, **more)


def messages_of(span: CapturedSpan, name: str) -> Any:
    return json.loads(span.attributes[name])


def usage_of(span: CapturedSpan) -> dict[str, int]:
    return {key: value for key, value in span.attributes.items() if key.startswith("gen_ai.usage.")}


def test_a_plain_call(client: OpenAI, provider: Provider, seen: Captured) -> None:
    with spanglass.span("outer") as outer:
        answer = client.chat.completions.create(
            model="gpt-4o-mini", messages=ASK, temperature=0.2, stop=["\n"], seed=openai.omit, user="u"
        )
    assert answer.choices[0].message.content == "Blue."
    span = seen.span("chat gpt-4o-mini")
    assert (span.kind, span.parent_span_id, span.status) == ("llm", outer.span_id, "unset")
    told = dict(span.attributes)
    port = int(provider.url.rsplit(":", 1)[1])
    assert messages_of(span, semconv.INPUT_MESSAGES) == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Sky?"}]},
    ]
    assert messages_of(span, semconv.OUTPUT_MESSAGES) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Blue."}], "finish_reason": "stop"}
    ]
    del told[semconv.INPUT_MESSAGES], told[semconv.OUTPUT_MESSAGES]
    assert told == {
        semconv.SPAN_KIND: "llm",
        semconv.OPERATION_NAME: "chat",
        semconv.PROVIDER_NAME: "openai",
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: port,
        semconv.REQUEST_MODEL: "gpt-4o-mini",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.stop": ["\n"],
        "gen_ai.request.user": "u",
        semconv.RESPONSE_MODEL: "gpt-4o-mini-2024-07-18",
        semconv.RESPONSE_ID: "chatcmpl-1",
        semconv.SYSTEM_FINGERPRINT: "fp_1",
        semconv.SERVICE_TIER: "default",
        semconv.FINISH_REASONS: ["stop"],
        **USAGE,
    }
    assert "stream_options" not in provider.requests[0]


def test_it_keeps_its_type_and_is_wrapped_once(client: OpenAI, seen: Captured) -> None:
    assert type(client) is OpenAI
    assert spanglass.wrap(client) is client
    client.chat.completions.create(model="m", messages=ASK)
    client.with_options(timeout=5).chat.completions.create(model="m", messages=ASK)
    client.copy().chat.completions.create(model="m", messages=ASK)
    assert len(seen.spans) == 3


def test_a_stream(client: OpenAI, provider: Provider, seen: Captured) -> None:
    stream = stream_of(client)
    assert isinstance(stream, openai.Stream)
    assert seen.spans == []
    got = list(stream)
    assert [each.choices[0].delta.content for each in got] == ["", "Bl", "ue.", None]  # and no usage chunk
    assert provider.requests[0]["stream_options"] == {"include_usage": True}
    span = seen.span("chat gpt-4o-mini")
    assert messages_of(span, semconv.OUTPUT_MESSAGES) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Blue."}], "finish_reason": "stop"}
    ]
    assert usage_of(span) == USAGE
    assert span.attributes[semconv.REQUEST_STREAM] is True
    assert span.attributes[semconv.RESPONSE_ID] == "chatcmpl-2"
    assert span.attributes[semconv.SYSTEM_FINGERPRINT] == "fp_2"
    assert 0 < span.attributes[semconv.TIME_TO_FIRST_CHUNK] <= (span.end_ns - span.start_ns) / 1e9


def test_a_caller_who_asks_for_usage_gets_it(client: OpenAI, seen: Captured) -> None:
    got = list(stream_of(client, stream_options={"include_usage": True}))
    assert got[-1].usage.total_tokens == 165
    assert usage_of(seen.span("chat gpt-4o-mini")) == USAGE


def test_a_caller_who_wants_none_is_obeyed(client: OpenAI, provider: Provider, seen: Captured) -> None:
    list(stream_of(client, stream_options={"include_usage": False}))
    assert provider.requests[0]["stream_options"] == {"include_usage": False}
    assert usage_of(seen.span("chat gpt-4o-mini")) == {}


def test_other_stream_options_are_kept(client: OpenAI, provider: Provider, seen: Captured) -> None:
    list(stream_of(client, stream_options={"include_obfuscation": False}))
    assert provider.requests[0]["stream_options"] == {"include_obfuscation": False, "include_usage": True}


def test_a_server_that_does_not_know_the_option_is_not_asked_again(
    client: OpenAI, provider: Provider, seen: Captured
) -> None:
    refusal = (400, {"error": {"message": "Unrecognized request argument supplied: stream_options"}})
    provider.replies.append(refusal)
    for _ in range(2):
        assert len(list(stream_of(client))) == 4
    assert ["stream_options" in request for request in provider.requests] == [True, False, False]
    assert [span.status for span in seen.spans] == ["unset", "unset"]


def test_a_stream_let_go_of_ends_its_span(client: OpenAI, seen: Captured) -> None:
    gc.disable()
    try:
        for number, _ in enumerate(stream_of(client)):
            if number == 1:
                break
        span = seen.span("chat gpt-4o-mini")
    finally:
        gc.enable()
    assert messages_of(span, semconv.OUTPUT_MESSAGES)[0]["parts"] == [{"type": "text", "content": "Bl"}]
    assert span.status == "unset"


def test_a_stream_never_read_ends_its_span(client: OpenAI, seen: Captured) -> None:
    stream = stream_of(client)
    stream.close()
    assert seen.span("chat gpt-4o-mini").attributes[semconv.REQUEST_STREAM] is True


def test_a_stream_looked_at_and_then_read_is_one_whole_answer(client: OpenAI, seen: Captured) -> None:
    stream = stream_of(client)
    for _ in stream:
        break
    assert seen.spans == []
    assert len(list(stream)) == 3
    assert messages_of(seen.span("chat gpt-4o-mini"), semconv.OUTPUT_MESSAGES)[0]["parts"][0]["content"] == "Blue."


def test_an_asynchronous_stream_is_open_as_long_as_somebody_may_read_it(
    async_client: AsyncOpenAI, seen: Captured
) -> None:
    async def ask() -> Any:
        return await async_client.chat.completions.create(model="m", messages=ASK, stream=True)

    async def go() -> None:
        assert [len(seen.spans) async for _ in await ask()] == [0, 0, 0, 0]  # only the loop holds it
        async for _ in await ask():
            break
        assert len(seen.spans) == 2
        stream = await ask()
        async for _ in stream:
            break
        assert len(seen.spans) == 2
        assert (await anext(stream)).choices[0].delta.content == "Bl"
        assert [each.choices[0].delta.content async for each in stream] == ["ue.", None]

    gc.disable()
    try:
        asyncio.run(go())
    finally:
        gc.enable()
    whole, let_go, read_on = (messages_of(span, semconv.OUTPUT_MESSAGES) for span in seen.spans)
    assert whole == read_on
    assert whole[0]["parts"] == [{"type": "text", "content": "Blue."}]
    assert let_go != whole


@pytest.mark.parametrize("kind", ["passes on", "changes"])
def test_a_stream_s_own_loop_is_left_out_only_where_all_it_does_is_pass_items_on(
    client: OpenAI, seen: Captured, kind: str
) -> None:
    class Louder(openai.Stream[Any]):
        def __iter__(self) -> Any:
            for item in self._iterator:
                yield item.choices[0].delta.content

    made = openai.Stream if kind == "passes on" else Louder
    stream = made.__new__(made)
    stream._iterator, stream.response = iter(map(ChatCompletionChunk.model_validate, CHUNKS)), None  # type: ignore[assignment]
    client.chat.completions._post = lambda *_args, **_kwargs: stream  # type: ignore[method-assign]
    got = stream_of(client)
    assert (type(got).__name__, type(got).__qualname__) == (made.__name__, made.__qualname__)
    assert (iter(got) is got._iterator) == (kind == "passes on")
    texts = [each.choices[0].delta.content if kind == "passes on" else each for each in got]
    assert texts == ["", "Bl", "ue.", None]


def test_a_stream_as_context_manager(client: OpenAI, seen: Captured) -> None:
    with stream_of(client) as stream:
        next(stream)
        assert stream.response.status_code == 200
        assert seen.spans == []
    assert seen.span("chat gpt-4o-mini").end_ns > 0


def test_what_is_done_between_chunks_is_not_below(client: OpenAI, seen: Captured) -> None:
    with spanglass.span("outer") as outer:
        for number, _ in enumerate(stream_of(client)):
            with spanglass.span(f"between {number}"):
                pass
    assert {span.parent_span_id for span in seen.spans if span.name.startswith("between")} == {outer.span_id}


def test_the_stream_helper_of_the_package(client: OpenAI, seen: Captured) -> None:
    with client.chat.completions.stream(model="gpt-4o-mini", messages=ASK) as events:
        final = events.get_final_completion()
    assert final.choices[0].message.content == "Blue."
    assert usage_of(seen.span("chat gpt-4o-mini")) == USAGE


def test_an_error_passes_and_is_recorded(client: OpenAI, provider: Provider, seen: Captured) -> None:
    provider.replies.append((429, {"error": {"message": "Too fast.", "code": "rate_limit_exceeded"}}))
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="gpt-4o-mini", messages=ASK)
    span = seen.span("chat gpt-4o-mini")
    assert (span.status, span.error_type) == ("error", "openai.RateLimitError")
    assert "Too fast." in span.error_message
    assert messages_of(span, semconv.INPUT_MESSAGES)[1]["parts"][0]["content"] == "Sky?"


def test_an_error_in_a_stream_passes_and_is_recorded(client: OpenAI, provider: Provider, seen: Captured) -> None:
    provider.replies.append([*CHUNKS[:2], {"error": {"message": "Overloaded."}}])
    with pytest.raises(openai.APIError, match="Overloaded"):
        list(stream_of(client))
    span = seen.span("chat gpt-4o-mini")
    assert (span.status, span.error_message) == ("error", "Overloaded.")
    assert messages_of(span, semconv.OUTPUT_MESSAGES)[0]["parts"] == [{"type": "text", "content": "Bl"}]


def test_the_raw_response_works_and_is_recorded(client: OpenAI, seen: Captured) -> None:
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ASK)
    assert raw.headers["content-type"] == "application/json"
    assert raw.parse().choices[0].message.content == "Blue."
    assert usage_of(seen.span("chat gpt-4o-mini")) == USAGE


def test_raw_streams_stay_the_caller_s(client: OpenAI, provider: Provider, seen: Captured) -> None:
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ASK, stream=True)
    assert len(list(raw.parse())) == 4
    with client.chat.completions.with_streaming_response.create(model="gpt-4o-mini", messages=ASK) as response:
        assert json.loads(b"".join(response.iter_bytes()))["id"] == "chatcmpl-1"
    assert ["stream_options" in request for request in provider.requests] == [False, False]
    assert [span.status for span in seen.spans] == ["unset", "unset"]


def test_tools(client: OpenAI, provider: Provider, seen: Captured) -> None:
    called = copy.deepcopy(COMPLETION)
    called["choices"][0] |= {"finish_reason": "tool_calls"}
    called["choices"][0]["message"] = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
        ],
    }
    provider.replies.append(called)
    tools: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    asked = client.chat.completions.create(model="m", messages=ASK, tools=tools)
    result = {"role": "tool", "tool_call_id": "t1", "content": "rain"}
    client.chat.completions.create(model="m", messages=[*ASK, asked.choices[0].message, result], tools=tools)
    first, second = seen.spans
    call = {"type": "tool_call", "id": "t1", "name": "weather", "arguments": {"city": "Oslo"}}
    assert messages_of(first, semconv.TOOL_DEFINITIONS) == tools
    assert messages_of(first, semconv.OUTPUT_MESSAGES) == [
        {"role": "assistant", "parts": [call], "finish_reason": "tool_calls"}
    ]
    assert messages_of(second, semconv.INPUT_MESSAGES)[2:] == [
        {"role": "assistant", "parts": [call]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "t1", "response": "rain"}]},
    ]


def test_tools_and_reasoning_in_a_stream(client: OpenAI, provider: Provider, seen: Captured) -> None:
    def call(index: int, **function: str) -> dict[str, Any]:
        return {"tool_calls": [{"index": index, "id": f"t{index}", "type": "function", "function": function}]}

    provider.replies.append(
        [
            chunk({"role": "assistant", "reasoning_content": "Look "}),
            chunk({"reasoning_content": "it up."}),
            chunk(call(0, name="weather", arguments="")),
            chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]}),
            chunk(call(1, name="time", arguments="{}")),
            chunk({"tool_calls": [{"index": 0, "function": {"arguments": '"Oslo"}'}}]}),
            chunk({}, "tool_calls"),
        ]
    )
    list(stream_of(client))
    span = seen.span("chat gpt-4o-mini")
    assert messages_of(span, semconv.OUTPUT_MESSAGES) == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "Look it up."},
                {"type": "tool_call", "id": "t0", "name": "weather", "arguments": {"city": "Oslo"}},
                {"type": "tool_call", "id": "t1", "name": "time", "arguments": {}},
            ],
            "finish_reason": "tool_calls",
        }
    ]


def test_a_parsed_answer(client: OpenAI, provider: Provider, seen: Captured) -> None:
    class Colour(pydantic.BaseModel):
        name: str

    answer = copy.deepcopy(COMPLETION)
    answer["choices"][0]["message"]["content"] = '{"name": "blue"}'
    provider.replies.append(answer)
    parsed = client.chat.completions.parse(model="m", messages=ASK, response_format=Colour)
    assert parsed.choices[0].message.parsed == Colour(name="blue")
    span = seen.span("chat m")
    assert messages_of(span, semconv.OUTPUT_MESSAGES)[0]["parts"][0]["content"] == '{"name": "blue"}'
    assert "Colour" in span.attributes["gen_ai.request.response_format"]


def test_messages_may_be_an_iterator_and_secrets_are_not_kept(
    client: OpenAI, provider: Provider, seen: Captured
) -> None:
    client.chat.completions.create(
        model="m",
        messages=iter(ASK),
        extra_headers={"x-token": "hidden"},
        extra_query={"q": "hidden"},
        extra_body={"top_k": 5},
    )
    assert provider.requests[0]["messages"] == ASK
    told = seen.span("chat m").attributes
    assert told["gen_ai.request.top_k"] == 5
    assert "hidden" not in str(told)


def test_content_off_leaves_the_figures(client: OpenAI) -> None:
    with spanglass.testing.captured(capture_content=False) as seen:
        client.chat.completions.create(model="m", messages=ASK, temperature=0.2)
        list(stream_of(client))
    for span in seen.spans:
        assert usage_of(span) == USAGE
        assert span.attributes[semconv.FINISH_REASONS] == ["stop"]
        assert "Sky" not in str(span.attributes)
        assert "Blue" not in str(span.attributes)
        assert "Bl" not in str(span.attributes.get(semconv.OUTPUT_MESSAGES))


def test_a_huge_message_costs_only_itself(client: OpenAI, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_CONTENT_BYTES", "2000")
    with spanglass.testing.captured() as seen:
        client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "x" * 9_000}, {"role": "user", "content": "Sky?"}]
        )
    assert len(provider.requests[0]["messages"][0]["content"]) == 9_000
    long, short = messages_of(seen.span("chat m"), semconv.INPUT_MESSAGES)
    assert long["parts"][0]["content"].endswith("more characters]")
    assert short["parts"][0]["content"] == "Sky?"
    assert usage_of(seen.span("chat m")) == USAGE


def test_several_choices(client: OpenAI, provider: Provider, seen: Captured) -> None:
    def second(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        told = chunk(delta, reason)
        told["choices"][0]["index"] = 1
        return told

    provider.replies.append([second({"role": "assistant", "content": "B"}, "length"), *CHUNKS])
    list(stream_of(client, n=2))
    span = seen.span("chat gpt-4o-mini")
    texts = [message["parts"][0]["content"] for message in messages_of(span, semconv.OUTPUT_MESSAGES)]
    assert texts == ["Blue.", "B"]
    assert span.attributes[semconv.FINISH_REASONS] == ["stop", "length"]


def test_async_plain_and_streamed(async_client: AsyncOpenAI, provider: Provider, seen: Captured) -> None:
    async def main() -> None:
        async with async_client:
            answer = await async_client.chat.completions.create(model="m", messages=ASK)
            assert answer.choices[0].message.content == "Blue."
            stream = await async_client.chat.completions.create(model="m", messages=ASK, stream=True)
            assert isinstance(stream, openai.AsyncStream)
            assert [each.choices[0].delta.content async for each in stream] == ["", "Bl", "ue.", None]
            async with await async_client.chat.completions.create(model="m", messages=ASK, stream=True) as held:
                await anext(held)
            raw = await async_client.chat.completions.with_raw_response.create(model="m", messages=ASK)
            assert raw.parse().id == "chatcmpl-1"
            provider.replies.append((500, {"error": {"message": "Down."}}))
            with pytest.raises(openai.InternalServerError):
                await async_client.chat.completions.create(model="m", messages=ASK)

    asyncio.run(main())
    plain, streamed, held, raw, failed = seen.spans
    assert usage_of(plain) == usage_of(streamed) == usage_of(raw) == USAGE
    assert messages_of(streamed, semconv.OUTPUT_MESSAGES)[0]["parts"][0]["content"] == "Blue."
    assert streamed.attributes[semconv.TIME_TO_FIRST_CHUNK] > 0
    assert usage_of(held) == {}
    assert failed.error_type == "openai.InternalServerError"


def test_async_calls_at_once_nest_below_their_own(async_client: AsyncOpenAI, seen: Captured) -> None:
    @spanglass.observe
    async def visit(name: str) -> AsyncIterator[str]:
        stream = await async_client.chat.completions.create(model=name, messages=ASK, stream=True)
        async for each in stream:
            yield each.choices[0].delta.content or ""

    async def read(name: str) -> str:
        return "".join([piece async for piece in visit(name)])

    async def main() -> list[str]:
        async with async_client:
            return await asyncio.gather(*(read(f"m{n}") for n in range(4)))

    assert asyncio.run(main()) == ["Blue."] * 4
    visits = {span.span_id: span for span in seen.spans if span.name == "visit"}
    calls = [span for span in seen.spans if span.kind == "llm"]
    assert len(calls) == 4
    for call in calls:
        assert visits[call.parent_span_id].input == json.dumps({"name": call.name[5:]}, separators=(",", ":"))


def test_a_failure_of_our_own_leaves_the_answer_alone(provider: Provider) -> None:
    def broken(*_args: object) -> Any:
        raise ZeroDivisionError

    broken_readers: dict[str, Any] = {"fields": broken, "values": broken, "joined": broken}
    calls = tuple(dataclasses.replace(call, **broken_readers) for call in openai_calls.PROVIDER.calls)
    table = dataclasses.replace(openai_calls.PROVIDER, calls=calls)
    with (
        OpenAI(base_url=provider.url + "/v1", api_key="k", max_retries=0) as client,
        spanglass.testing.captured(raise_errors=False) as seen,
    ):
        wrap_client(client, table)
        answer = client.chat.completions.create(model="m", messages=ASK)
        assert answer.choices[0].message.content == "Blue."
        assert len(list(stream_of(client))) == 4
        assert [span.output for span in seen.spans] == [None, None]
    assert spanglass.stats().errors >= 2


def test_azure_and_other_servers_are_named() -> None:
    azure = AzureOpenAI(api_key="k", api_version="2024-10-21", azure_endpoint="https://shop.openai.azure.com")
    groq = OpenAI(api_key="k", base_url="https://api.groq.com/openai/v1")
    told = [openai_calls.constants(made) for made in (azure, groq, OpenAI(api_key="k"))]
    assert [each[semconv.PROVIDER_NAME] for each in told] == ["azure.ai.openai", "groq", "openai"]
    assert told[1][semconv.SERVER_ADDRESS] == "api.groq.com"
    assert told[1][semconv.SERVER_PORT] == 443
    for made in (azure, groq):
        made.close()


def test_what_cannot_be_wrapped_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    thing = object()
    assert spanglass.wrap(thing) is thing
    assert "no way to wrap a object is known" in caplog.text


def test_switched_off_the_client_is_as_it_was(client: OpenAI, provider: Provider) -> None:
    spanglass.init(enabled=False)
    got = list(stream_of(client))
    assert len(got) == 4
    assert "stream_options" not in provider.requests[0]


def test_from_end_to_end(client: OpenAI, exporting: Sink) -> None:
    @spanglass.observe(kind="chain")
    def answer(question: str) -> str:
        pieces = stream_of(client)
        return "".join(each.choices[0].delta.content or "" for each in pieces)

    assert answer("Sky?") == "Blue."
    assert spanglass.flush()
    call = exporting.span("chat gpt-4o-mini")
    assert call["parent_span_id"] == exporting.span("answer")["span_id"]
    assert call["attributes"][semconv.FINISH_REASONS] == ["stop"]
    assert {key: call["attributes"][key] for key in USAGE} == USAGE
    assert call["span_kind"] == 3  # client
    assert USAGE_CHUNK["usage"]["prompt_tokens"] == call["attributes"][semconv.INPUT_TOKENS]


def test_what_is_done_to_the_answer_afterwards_is_not_recorded(client: OpenAI, seen: Captured) -> None:
    asked = copy.deepcopy(ASK)
    answer = client.chat.completions.create(model="m", messages=asked)
    asked[1]["content"] = "Sea?"
    answer.choices[0].message.content = "Green."
    answer.model = "other"
    assert answer.usage is not None
    answer.usage.prompt_tokens = 1
    (span,) = seen.spans
    assert messages_of(span, semconv.INPUT_MESSAGES)[-1]["parts"][0]["content"] == "Sky?"
    assert messages_of(span, semconv.OUTPUT_MESSAGES)[0]["parts"][0]["content"] == "Blue."
    assert usage_of(span) == USAGE
    assert span.attributes[semconv.RESPONSE_MODEL] != "other"
