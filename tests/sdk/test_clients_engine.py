"""What holds for every provider: calls inside calls, classes patched and put back, streams of any shape."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, AzureOpenAI, OpenAI
from sdk.servers import CHUNKS, Provider, chunk

import spanglass
from spanglass import semconv
from spanglass.clients import provider_of, streams
from spanglass.clients.calls import MARK, patch_classes
from spanglass.testing import Captured

ASK: list[Any] = [{"role": "user", "content": "Sky?"}]


@pytest.fixture
def patched() -> Iterator[None]:
    undo = patch_classes(provider_of("openai"))
    yield
    undo()


def ask(client: OpenAI, **more: Any) -> Any:
    return client.chat.completions.create(model="m", messages=ASK, **more)


def test_clients_of_patched_classes_are_recorded_where_they_are(
    provider: Provider, seen: Captured, patched: None
) -> None:
    with (
        OpenAI(base_url=provider.url + "/v1", api_key="k") as plain,
        AzureOpenAI(base_url=provider.url + "/v1", api_key="k", api_version="1") as azure,
    ):
        ask(plain)
        ask(plain, stream=False)
        ask(azure)
        ask(plain.with_options(timeout=5))
    assert [span.attributes[semconv.PROVIDER_NAME] for span in seen.spans] == [
        "openai",
        "openai",
        "azure.ai.openai",
        "openai",
    ]
    assert {span.attributes[semconv.SERVER_PORT] for span in seen.spans} == {int(provider.url.rsplit(":", 1)[1])}


def test_what_is_patched_is_put_back(provider: Provider, seen: Captured) -> None:
    from openai.resources.chat.completions import AsyncCompletions, Completions  # noqa: PLC0415

    before = Completions.create, AsyncCompletions.create
    undo = patch_classes(provider_of("openai"))
    again = patch_classes(provider_of("openai"))
    assert hasattr(Completions.create, MARK)
    again()
    assert hasattr(Completions.create, MARK)
    undo()
    assert (Completions.create, AsyncCompletions.create) == before
    with OpenAI(base_url=provider.url + "/v1", api_key="k") as client:
        ask(client)
    assert seen.spans == []


def test_wrapped_and_patched_is_recorded_once(provider: Provider, seen: Captured) -> None:
    with OpenAI(base_url=provider.url + "/v1", api_key="k") as client:
        spanglass.wrap(client)
        undo = patch_classes(provider_of("openai"))
        try:
            ask(client)
            list(ask(client, stream=True))
        finally:
            undo()
    assert len(seen.spans) == 2


def test_a_stream_of_a_patched_class(provider: Provider, seen: Captured, patched: None) -> None:
    with OpenAI(base_url=provider.url + "/v1", api_key="k") as client:
        assert len(list(ask(client, stream=True))) == 4
    assert seen.spans[0].attributes[semconv.INPUT_TOKENS] == 120


def test_a_refusal_is_remembered_for_each_client(provider: Provider, seen: Captured, patched: None) -> None:
    provider.replies.append((400, {"error": {"message": "Unknown argument: stream_options"}}))
    with (
        OpenAI(base_url=provider.url + "/v1", api_key="k", max_retries=0) as old,
        OpenAI(base_url=provider.url + "/v1", api_key="k", max_retries=0) as new,
    ):
        for client in (old, old, new):
            list(ask(client, stream=True))
    assert ["stream_options" in request for request in provider.requests] == [True, False, False, True]


def test_the_beta_way_to_the_same_calls(provider: Provider, seen: Captured) -> None:
    with OpenAI(base_url=provider.url + "/v1", api_key="k") as client:
        made: Any = spanglass.wrap(client)
        made.beta.chat.completions.parse(model="m", messages=ASK)
        with made.beta.chat.completions.stream(model="m", messages=ASK) as stream:
            stream.get_final_completion()
    assert len(seen.spans) == 2


def test_what_an_observed_tool_calls_is_recorded_below_it(provider: Provider, seen: Captured) -> None:
    """A client that calls the application back in the middle of a call, as those with automatic tools do."""
    with OpenAI(base_url=provider.url + "/v1", api_key="k", max_retries=0) as inner:
        spanglass.wrap(inner)

        @spanglass.observe(kind="tool")
        def tool() -> str:
            return str(ask(inner).id)

        def called_back(*_args: object, **_more: object) -> None:
            tool()
            ask(inner)  # nobody's tool: part of the call itself

        with OpenAI(base_url=provider.url + "/v1", api_key="k", max_retries=0) as outer:
            outer._prepare_options = lambda options: (called_back(), options)[1]  # type: ignore[method-assign, func-returns-value]
            ask(spanglass.wrap(outer))
    below, observed, above = seen.spans
    assert (below.parent_span_id, observed.parent_span_id) == (observed.span_id, above.span_id)
    assert len(provider.requests) == 3


def test_async_methods_stay_coroutine_functions(provider: Provider) -> None:
    client = spanglass.wrap(AsyncOpenAI(base_url=provider.url + "/v1", api_key="k"))
    assert inspect.iscoroutinefunction(client.chat.completions.create)
    assert client.chat.completions.create.__name__ == "create"


def test_the_caller_s_exception_comes_with_its_own_cause(provider: Provider, seen: Captured) -> None:
    provider.replies.append((404, {"error": {"message": "No such model."}}))
    with OpenAI(base_url=provider.url + "/v1", api_key="k") as client, pytest.raises(openai.NotFoundError) as caught:
        ask(spanglass.wrap(client), stream=True)
    assert caught.value.__cause__ is None
    assert seen.spans[0].attributes[semconv.HTTP_STATUS] == 404


def test_chunks_of_another_shape_reach_the_caller(provider: Provider) -> None:
    """Some servers send more than the protocol has."""
    odd: list[Any] = [{"ping": 1}, {**chunk({}), "choices": [{"index": 0, "delta": None}]}, *CHUNKS]
    provider.replies += [odd, odd]

    async def read() -> int:
        async with AsyncOpenAI(base_url=provider.url + "/v1", api_key="k") as client:
            stream = await spanglass.wrap(client).chat.completions.create(model="m", messages=ASK, stream=True)
            return len([each async for each in stream])

    with (
        OpenAI(base_url=provider.url + "/v1", api_key="k") as client,
        spanglass.testing.captured(raise_errors=False) as seen,
    ):
        assert len(list(ask(spanglass.wrap(client), stream=True))) == 6
        assert asyncio.run(read()) == 6
    assert ["Blue." in str(span.output) for span in seen.spans] == [True, True]
    assert [span.attributes[semconv.INPUT_TOKENS] for span in seen.spans] == [120, 120]


def test_an_answer_of_another_shape_reaches_the_caller(provider: Provider, seen: Captured) -> None:
    provider.replies.append({"id": "x", "choices": [{"index": 0}], "usage": {"prompt_tokens": 3}})
    with OpenAI(base_url=provider.url + "/v1", api_key="k") as client:
        assert ask(spanglass.wrap(client)).id == "x"
    assert seen.spans[0].attributes[semconv.INPUT_TOKENS] == 3


def test_a_very_long_stream_is_joined_at_its_end(
    provider: Provider, seen: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_MOST_KEPT", 2)
    with OpenAI(base_url=provider.url + "/v1", api_key="k") as client:
        list(ask(spanglass.wrap(client), stream=True))
    assert "Blue." in str(seen.spans[0].output)


def test_a_stream_never_begun_and_let_go_of_ends_its_span(provider: Provider, seen: Captured) -> None:
    with OpenAI(base_url=provider.url + "/v1", api_key="k") as client:
        stream = ask(spanglass.wrap(client), stream=True)
        assert seen.spans == []
        del stream
        gc.collect()
        assert seen.span("chat m").attributes[semconv.REQUEST_STREAM] is True
