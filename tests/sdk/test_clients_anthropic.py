"""Anthropic's own package against a server on loopback: what a span says of a message."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import pytest
from pydantic import BaseModel
from sdk.anthropic_script import ASKED, MESSAGE, MODEL, TOOL_USE, Json, async_client_of, client_of, said, the_call
from sdk.conftest import new_provider
from sdk.scripted import answer, scripted
from sdk.servers import Sink

import spanglass
from spanglass import semconv
from spanglass.clients.anthropic import PROVIDER
from spanglass.clients.calls import patch_classes
from spanglass.testing import Captured, captured

ERROR = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}}


def test_a_message_tells_models_parameters_usage_ids_and_where_it_went(seen: Captured) -> None:
    with scripted(answer(MESSAGE, request_id="req_1")) as server, client_of(server) as client:
        message = client.messages.create(**ASKED, system="Be brief.", stop_sequences=["END"])
    assert message.content[0].text == "It scatters."
    span = the_call(seen)
    assert (span.kind, span.status, span.error_type) == ("llm", "unset", "")
    told = {name: value for name, value in span.attributes.items() if not name.startswith("spanglass.")}
    assert told == {
        semconv.OPERATION_NAME: "chat",
        semconv.PROVIDER_NAME: "anthropic",
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: int(server.url.rpartition(":")[2]),
        semconv.REQUEST_MODEL: MODEL,
        semconv.RESPONSE_MODEL: "claude-test-1-20260101",
        semconv.RESPONSE_ID: "msg_1",
        semconv.ANTHROPIC_REQUEST_ID: "req_1",
        semconv.ANTHROPIC_SERVICE_TIER: "priority",
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.stop_sequences": ["END"],
        semconv.FINISH_REASONS: ["end_turn"],
        semconv.INPUT_TOKENS: 340 + 1357 + 57,
        semconv.CACHE_READ_TOKENS: 1357,
        semconv.CACHE_WRITE_TOKENS: 57,
        semconv.OUTPUT_TOKENS: 90,
        semconv.REASONING_TOKENS: 32,
        semconv.SYSTEM_INSTRUCTIONS: '[{"type":"text","content":"Be brief."}]',
        semconv.INPUT_MESSAGES: '[{"role":"user","parts":[{"type":"text","content":"Why blue?"}]}]',
        semconv.OUTPUT_MESSAGES: (
            '[{"role":"assistant","parts":[{"type":"text","content":"It scatters."}],"finish_reason":"end_turn"}]'
        ),
    }


def test_without_content_the_figures_remain() -> None:
    with (
        captured(capture_content=False) as seen,
        scripted(answer(MESSAGE)) as server,
        client_of(server) as client,
    ):
        client.messages.create(**ASKED, system="secret", metadata={"user_id": "secret"})
    span = the_call(seen)
    assert span.attributes[semconv.INPUT_TOKENS] == 1754
    assert span.attributes[semconv.FINISH_REASONS] == ["end_turn"]
    assert span.attributes["gen_ai.request.max_tokens"] == 64
    assert not any("secret" in str(value) or "scatters" in str(value) for value in span.attributes.values())


def test_an_error_of_the_server_passes_unchanged_and_retries_are_one_call(seen: Captured) -> None:
    refused = answer(ERROR, 429, retry_after_ms="1")
    with scripted(refused) as server, client_of(server, max_retries=2) as client:
        with pytest.raises(anthropic.RateLimitError) as caught:
            client.messages.create(**ASKED)
        assert len(server.requests) == 3
    span = the_call(seen)
    assert (span.status, span.error_type) == ("error", "anthropic.RateLimitError")
    assert span.error_message == str(caught.value)
    assert span.attributes["http.response.status_code"] == 429
    assert semconv.INPUT_TOKENS not in span.attributes


def test_a_call_that_succeeds_at_the_second_attempt_is_one_span_and_no_error(seen: Captured) -> None:
    with scripted(answer(ERROR, 429, retry_after_ms="1"), answer(MESSAGE)) as server:
        with client_of(server, max_retries=1) as client:
            client.messages.create(**ASKED)
        assert len(server.requests) == 2
    assert the_call(seen).status == "unset"


def test_an_async_client(seen: Captured) -> None:
    async def two() -> None:
        with scripted(answer(MESSAGE)) as server:
            async with async_client_of(server) as client:
                await asyncio.gather(client.messages.create(**ASKED), client.beta.messages.create(**ASKED))

    with spanglass.span("parent"):
        asyncio.run(two())
    *calls, parent = seen.spans
    assert [span.parent_span_id for span in calls] == [parent.span_id] * 2
    assert [span.attributes[semconv.INPUT_TOKENS] for span in calls] == [1754] * 2


class Sky(BaseModel):
    colour: str


def test_a_parsed_answer_is_recorded_once_and_as_it_was_written(seen: Captured) -> None:
    message = {**MESSAGE, "content": [{"type": "text", "text": '{"colour":"blue"}'}]}
    with scripted(answer(message)) as server, client_of(server) as client:
        parsed = client.messages.parse(**ASKED, output_format=Sky)
        assert parsed.parsed_output == Sky(colour="blue")
    assert said(the_call(seen)) == [{"type": "text", "content": '{"colour":"blue"}'}]


def test_each_turn_of_a_tool_runner_is_a_call(seen: Captured) -> None:
    @anthropic.beta_tool
    def add(a: int, b: int) -> str:
        """Add.

        Args:
            a: One.
            b: Another.
        """
        return str(a + b)

    asks = {**MESSAGE, "content": [TOOL_USE], "stop_reason": "tool_use"}
    with scripted(answer(asks), answer(MESSAGE)) as server, client_of(server) as client:
        last = client.beta.messages.tool_runner(**ASKED, tools=[add]).until_done()
        assert last.content[0].text == "It scatters."
    first, second = seen.spans
    assert json.loads(first.attributes[semconv.TOOL_DEFINITIONS])[0]["name"] == "add"
    result = json.loads(second.attributes[semconv.INPUT_MESSAGES])[-1]["parts"][0]
    assert (result["type"], result["response"]) == ("tool_call_response", "3")


def test_a_raw_response_and_a_copy_of_the_client_are_recorded_too(seen: Captured) -> None:
    with scripted(answer(MESSAGE, request_id="req_9")) as server, client_of(server) as client:
        raw = client.with_options(timeout=5.0).messages.with_raw_response.create(**ASKED)
        assert raw.parse().id == "msg_1"
    assert the_call(seen).attributes[semconv.OUTPUT_TOKENS] == 90


def test_the_packages_own_span_is_a_child_of_ours_and_not_counted(sink: Sink) -> None:
    """Both tell the usage. The child ends first and may come in an earlier request, so it must say so itself."""
    provider = new_provider()
    spanglass.init("shop", endpoint=sink.url, tracer_provider=provider)
    with scripted(answer(MESSAGE)) as server, client_of(server, open_telemetry={"tracer_provider": provider}) as client:
        client.messages.create(**ASKED)
    assert spanglass.flush()
    native, ours = sink.span("anthropic.messages.create"), sink.span(f"chat {MODEL}")
    assert native["parent_span_id"] == ours["span_id"]
    assert native["attributes"]["gen_ai.usage.input_tokens"] == ours["attributes"][semconv.INPUT_TOKENS] == 1754
    assert native["attributes"][semconv.USAGE_COUNTED] is False
    assert semconv.USAGE_COUNTED not in ours["attributes"]


def test_the_packages_own_span_counts_where_there_is_none_of_ours(sink: Sink) -> None:
    provider = new_provider()
    spanglass.init("shop", endpoint=sink.url, tracer_provider=provider)
    options: Json = {"api_key": "k", "open_telemetry": {"tracer_provider": provider}}
    with (
        scripted(answer(MESSAGE)) as server,
        anthropic.Anthropic(base_url=server.url, **options) as client,
        spanglass.span("step"),
    ):
        client.messages.create(**ASKED)
    assert spanglass.flush()
    assert semconv.USAGE_COUNTED not in sink.span("anthropic.messages.create")["attributes"]


def test_async_raw_responses_are_read_only_where_the_caller_need_not(seen: Captured) -> None:
    async def two() -> None:
        with scripted(answer(MESSAGE, request_id="req_9")) as server:
            async with async_client_of(server) as client:
                raw = await client.messages.with_raw_response.create(**ASKED)
                assert (await raw.parse()).id == "msg_1"
                async with client.messages.with_streaming_response.create(**ASKED) as unread:
                    assert (await unread.parse()).id == "msg_1"

    asyncio.run(two())
    read, unread = seen.spans
    assert (read.attributes[semconv.ANTHROPIC_REQUEST_ID], read.attributes[semconv.OUTPUT_TOKENS]) == ("req_9", 90)
    assert (unread.status, semconv.OUTPUT_TOKENS in unread.attributes) == ("unset", False)


def test_instrument_records_every_client_and_with_wrap_still_once(seen: Captured) -> None:
    undo = patch_classes(PROVIDER)
    try:
        with scripted(answer(MESSAGE)) as server:
            with anthropic.Anthropic(api_key="k", base_url=server.url) as plain, client_of(server) as wrapped:
                for client in (plain, wrapped):
                    client.messages.create(**ASKED)
                    client.beta.messages.create(**ASKED)
            with anthropic.AnthropicVertex(
                access_token="t", project_id="p", region="us-east5", base_url=server.url
            ) as vertex:
                vertex.beta.messages.create(**ASKED)
    finally:
        undo()
    providers = [span.attributes[semconv.PROVIDER_NAME] for span in seen.spans]
    assert providers == ["anthropic"] * 4 + ["gcp.vertex_ai"]
    with scripted(answer(MESSAGE)) as server, anthropic.Anthropic(api_key="k", base_url=server.url) as client:
        client.messages.create(**ASKED)
    assert len(seen.spans) == 5


@pytest.mark.parametrize(
    ("make", "provider"),
    [
        (lambda url: anthropic.AnthropicFoundry(api_key="k", base_url=url), "azure.ai.inference"),
        (
            lambda url: anthropic.AnthropicVertex(access_token="t", project_id="p", region="us-east5", base_url=url),
            "gcp.vertex_ai",
        ),
        (
            lambda url: anthropic.AnthropicBedrock(
                aws_access_key="a", aws_secret_key="s", aws_region="us-east-1", base_url=url
            ),
            "aws.bedrock",
        ),
    ],
)
def test_the_same_models_at_other_houses(make: Any, provider: str, seen: Captured) -> None:
    with scripted(answer(MESSAGE)) as server, spanglass.wrap(make(server.url)) as client:
        client.messages.create(**ASKED)
        client.beta.messages.create(**ASKED)
    for span in seen.spans:
        assert span.attributes[semconv.PROVIDER_NAME] == provider
        assert span.attributes[semconv.REQUEST_MODEL] == MODEL
        assert span.attributes[semconv.INPUT_TOKENS] == 1754
    assert len(seen.spans) == 2
