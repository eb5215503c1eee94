"""Mistral's own package against a server on loopback: what a span says of a call."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from mistralai.azure.client import MistralAzure
from mistralai.client import Mistral, errors, models
from mistralai.client.utils import BackoffStrategy, RetryConfig
from pydantic import BaseModel
from sdk.mistral_script import (
    ASK,
    BLUE,
    BLUE_SAID,
    MODEL,
    USAGE_TOLD,
    Json,
    answer_of,
    client_of,
    the_call,
    told,
    usage_of,
)
from sdk.scripted import answer, scripted

import spanglass
from spanglass import semconv
from spanglass.clients.calls import patch_classes
from spanglass.clients.mistral import PROVIDER
from spanglass.testing import Captured, captured

TOOLS: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]


def test_a_chat_tells_models_parameters_usage_ids_and_where_it_went(seen: Captured) -> None:
    with scripted(answer(BLUE)) as server, client_of(server) as client:
        answered = client.chat.complete(**ASK, temperature=0.5, random_seed=7, stop=["END"], http_headers={"x-a": "b"})
    assert type(answered) is models.ChatCompletionResponse
    span = the_call(seen)
    assert (span.kind, span.status, span.error_type) == ("llm", "unset", "")
    assert {name: value for name, value in span.attributes.items() if not name.startswith("spanglass.")} == {
        semconv.OPERATION_NAME: "chat",
        semconv.PROVIDER_NAME: "mistral_ai",
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: int(server.url.rpartition(":")[2]),
        semconv.REQUEST_MODEL: MODEL,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ["END"],
        semconv.RESPONSE_MODEL: "mistral-small-2506",
        semconv.RESPONSE_ID: "c1",
        semconv.SERVICE_TIER: "priority",
        semconv.FINISH_REASONS: ["stop"],
        semconv.INPUT_MESSAGES: '[{"role":"user","parts":[{"type":"text","content":"Why blue?"}]}]',
        semconv.OUTPUT_MESSAGES: json.dumps(BLUE_SAID, separators=(",", ":")),
        **USAGE_TOLD,
    }


def test_counts_that_the_server_did_not_tell_are_absent(seen: Captured) -> None:
    with scripted(answer(BLUE | {"usage": {"prompt_tokens": 3}})) as server, client_of(server) as client:
        assert client.chat.complete(**ASK).usage.completion_tokens == 0  # as the package fills it
    assert usage_of(the_call(seen)) == {semconv.INPUT_TOKENS: 3}


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (models.TextChunk(text="a"), {"type": "text", "content": "a"}),
        ({"type": "text", "text": "a"}, {"type": "text", "content": "a"}),
        (
            models.ImageURLChunk(image_url="https://h/i.png"),
            {"type": "uri", "modality": "image", "uri": "https://h/i.png"},
        ),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBO"},
        ),
        (
            {"type": "document_url", "document_url": "https://h/a.pdf", "document_name": "a"},
            {"type": "uri", "modality": "document", "uri": "https://h/a.pdf", "name": "a"},
        ),
        (
            {"type": "input_audio", "input_audio": "UklG"},
            {"type": "blob", "modality": "audio", "mime_type": None, "content": "UklG"},
        ),
        (
            {"type": "input_audio", "input_audio": "https://h/a.mp3"},
            {"type": "uri", "modality": "audio", "uri": "https://h/a.mp3"},
        ),
        ({"type": "file", "file_id": "f1"}, {"type": "file", "modality": "document", "file_id": "f1"}),
        ({"type": "reference", "reference_ids": [1]}, {"type": "reference", "reference_ids": [1]}),
    ],
)
def test_parts_of_a_message(seen: Captured, block: Any, part: Json) -> None:
    with scripted(answer(BLUE)) as server, client_of(server) as client:
        client.chat.complete(model=MODEL, messages=[{"role": "user", "content": [block]}])
    assert told(the_call(seen), semconv.INPUT_MESSAGES) == [{"role": "user", "parts": [part]}]


def test_tools_their_calls_and_their_results(seen: Captured) -> None:
    call: Json = {"id": "t1", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}, "type": "function"}
    part = {"type": "tool_call", "id": "t1", "name": "weather", "arguments": {"city": "Oslo"}}
    asked = [
        models.SystemMessage(content="Be brief."),
        models.AssistantMessage(tool_calls=[models.ToolCall.model_validate(call)]),
        models.ToolMessage(content="rain", tool_call_id="t1", name="weather"),
    ]
    with scripted(answer(answer_of({"content": "", "tool_calls": [call]}, "tool_calls"))) as server:
        with client_of(server) as client:
            client.chat.complete(model=MODEL, messages=iter(asked), tools=TOOLS)  # type: ignore[arg-type]
        assert len(server.bodies()[0]["messages"]) == 3
    span = the_call(seen)
    assert told(span, semconv.INPUT_MESSAGES) == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "assistant", "parts": [part]},
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "t1", "response": "rain", "name": "weather"}],
        },
    ]
    assert told(span, semconv.OUTPUT_MESSAGES)[0]["parts"] == [part]
    assert told(span, semconv.TOOL_DEFINITIONS) == TOOLS
    assert span.attributes[semconv.FINISH_REASONS] == ["tool_calls"]


class Sky(BaseModel):
    colour: str


def test_a_parsed_answer_is_one_call(seen: Captured) -> None:
    with scripted(answer(answer_of({"content": '{"colour": "blue"}'}))) as server, client_of(server) as client:
        parsed = client.chat.parse(Sky, **ASK)
    assert parsed.choices is not None
    assert parsed.choices[0].message is not None
    assert parsed.choices[0].message.parsed == Sky(colour="blue")
    assert '"colour"' in the_call(seen).attributes["gen_ai.request.response_format"]


def test_an_asynchronous_client(seen: Captured) -> None:
    async def ask(client: Mistral) -> None:
        async with client:
            await asyncio.gather(client.chat.complete_async(**ASK), client.chat.parse_async(Sky, **ASK))

    with scripted(answer(answer_of({"content": '{"colour": "blue"}'}))) as server, client_of(server) as client:
        asyncio.run(ask(client))
    assert [usage_of(span) for span in seen.spans] == [USAGE_TOLD, USAGE_TOLD]


def test_an_error_reaches_the_caller_and_the_span(seen: Captured) -> None:
    with (
        scripted(answer({"message": "Slow down."}, 429)) as server,
        client_of(server) as client,
        pytest.raises(errors.SDKError) as raised,
    ):
        client.chat.complete(**ASK)
    span = the_call(seen)
    assert raised.value.status_code == span.attributes[semconv.HTTP_STATUS] == 429
    assert (span.status, span.error_type.rpartition(".")[2]) == ("error", "SDKError")


def test_retries_are_inside_one_span(seen: Captured) -> None:
    retries = RetryConfig("backoff", BackoffStrategy(1, 1, 1.0, 1000), retry_connection_errors=False)
    with scripted(answer({}, 503), answer(BLUE)) as server, client_of(server, retry_config=retries) as client:
        client.chat.complete(**ASK)
        assert len(server.requests) == 2
    assert the_call(seen).status == "unset"


def test_embeddings_tell_their_length_and_never_the_vectors(seen: Captured) -> None:
    vectors = [{"object": "embedding", "index": index, "embedding": [0.125, 0.25]} for index in range(2)]
    usage = {"prompt_tokens": 4, "total_tokens": 4, "completion_tokens": 0}
    replied = {"id": "e1", "object": "list", "model": "mistral-embed-2312", "usage": usage, "data": vectors}
    with scripted(answer(replied)) as server, client_of(server) as client:
        client.embeddings.create(model="mistral-embed", inputs=["sky", "sea"], output_dimension=2)
        asyncio.run(embed_one(client))
    both, one = seen.spans
    assert (both.name, both.kind) == ("embeddings mistral-embed", "embedding")
    assert told(both, semconv.INPUT_MESSAGES)[0]["parts"][1] == {"type": "text", "content": "sea"}
    assert told(one, semconv.INPUT_MESSAGES)[0]["parts"] == [{"type": "text", "content": "sky"}]
    assert both.attributes[semconv.EMBEDDING_DIMENSIONS] == one.attributes[semconv.EMBEDDING_DIMENSIONS] == 2
    assert (both.attributes[semconv.EMBEDDING_COUNT], both.attributes[semconv.RESPONSE_MODEL]) == (
        2,
        "mistral-embed-2312",
    )
    assert usage_of(both) == {semconv.INPUT_TOKENS: 4, semconv.OUTPUT_TOKENS: 0}
    assert "0.125" not in str(dict(both.attributes))


async def embed_one(client: Mistral) -> None:
    async with client:
        await client.embeddings.create_async(model="mistral-embed", inputs="sky")


def test_code_around_a_gap_and_agents(seen: Captured) -> None:
    with scripted(answer(BLUE)) as server, client_of(server) as client:
        client.fim.complete(model="codestral", prompt="def f(", suffix="return x")
        client.agents.complete(agent_id="ag:1", messages=ASK["messages"])
    gap, agent = seen.spans
    assert (gap.name, gap.attributes[semconv.OPERATION_NAME]) == ("text_completion codestral", "text_completion")
    assert told(gap, semconv.INPUT_MESSAGES)[0]["parts"] == [
        {"type": "text", "content": "def f("},
        {"type": "suffix", "content": "return x"},
    ]
    assert (agent.name, agent.attributes[semconv.AGENT_ID]) == ("chat", "ag:1")
    assert usage_of(agent) == usage_of(gap) == USAGE_TOLD


def test_on_azure(seen: Captured) -> None:
    with scripted(answer(BLUE)) as server, MistralAzure(api_key="k", server_url=server.url) as client:
        spanglass.wrap(client).chat.complete(**ASK)
    assert the_call(seen).attributes[semconv.PROVIDER_NAME] == "azure.ai.inference"
    assert usage_of(the_call(seen)) == USAGE_TOLD


def test_several_messages_in_one_choice(seen: Captured) -> None:
    messages = [{"role": "assistant", "content": "Looking."}, {"role": "tool", "content": "42", "tool_call_id": "t"}]
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "messages": [*messages, {"role": "assistant", "content": "It is 42."}],
    }
    with scripted(answer(BLUE | {"choices": [choice]})) as server, client_of(server) as client:
        client.chat.complete(**ASK)
    first, tool, last = told(the_call(seen), semconv.OUTPUT_MESSAGES)
    assert tool["parts"] == [{"type": "tool_call_response", "id": "t", "response": "42"}]
    assert "finish_reason" not in first
    assert last["finish_reason"] == "stop"


def test_without_content_there_are_figures_only() -> None:
    with scripted(answer(BLUE)) as server, client_of(server) as client, captured(capture_content=False) as seen:
        client.chat.complete(**ASK, temperature=0.5, tools=TOOLS, metadata={"who": "Ada"})
        client.fim.complete(model="codestral", prompt="def f(", suffix="return x")
    span = the_call(seen)
    assert usage_of(span) == USAGE_TOLD
    assert span.attributes["gen_ai.request.temperature"] == 0.5
    assert span.attributes[semconv.FINISH_REASONS] == ["stop"]
    whole = str([dict(each.attributes) for each in seen.spans])
    assert not any(word in whole for word in ("blue", "Blue", "scatters", "weather", "Ada", "def f", "return x"))


def test_wrapped_twice_or_on_top_of_patched_classes_is_recorded_once(seen: Captured) -> None:
    undo = patch_classes(PROVIDER)
    try:
        with scripted(answer(BLUE)) as server, spanglass.wrap(client_of(server)) as client:
            client.chat.complete(**ASK)
    finally:
        undo()
    assert len(seen.spans) == 1
