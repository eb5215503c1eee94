"""boto3's ``bedrock-runtime`` against a server on loopback: what a span says of ``converse``."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from sdk.bedrock_script import ANSWER, ASKED, MODEL, WHOLE, Json, boto, calling, the_call
from sdk.scripted import answer, scripted

import spanglass
from spanglass import semconv
from spanglass.clients import bedrock
from spanglass.clients.calls import patch_classes
from spanglass.testing import Captured, CapturedSpan, captured


def asked_parts(span: CapturedSpan) -> list[Json]:
    (message,) = json.loads(span.attributes[semconv.INPUT_MESSAGES])
    parts: list[Json] = message["parts"]
    return parts


def test_an_answer_tells_parameters_usage_ids_and_where_it_went(seen: Captured) -> None:
    with scripted(answer(ANSWER, x_amzn_requestid="req-1")) as server:
        client = spanglass.wrap(boto(server))
        told = client.converse(
            **ASKED,
            system=[{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
            inferenceConfig={"maxTokens": 64, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]},
            additionalModelRequestFields={"top_k": 40},
            toolConfig={
                "tools": [{"toolSpec": {"name": "search", "inputSchema": {"json": {"type": "object"}}}}],
                "toolChoice": {"auto": {}},
            },
            serviceTier={"type": "flex"},
        )
        client.close()
    assert told["output"]["message"]["content"] == [{"text": "It scatters."}]
    span = the_call(seen)
    assert (span.kind, span.status) == ("llm", "unset")
    attributes = {name: value for name, value in span.attributes.items() if not name.startswith("spanglass.")}
    assert attributes == {
        semconv.OPERATION_NAME: "chat",
        semconv.PROVIDER_NAME: "aws.bedrock",
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: int(server.url.rpartition(":")[2]),
        semconv.REQUEST_MODEL: MODEL,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.top_k": 40,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.tool_choice": '{"auto":{}}',
        "gen_ai.request.service_tier": "flex",
        semconv.AWS_REQUEST_ID: "req-1",
        semconv.SERVICE_TIER: "flex",
        semconv.FINISH_REASONS: ["end_turn"],
        semconv.INPUT_TOKENS: 180,
        semconv.CACHE_READ_TOKENS: 100,
        semconv.CACHE_WRITE_TOKENS: 50,
        semconv.OUTPUT_TOKENS: 12,
        semconv.SYSTEM_INSTRUCTIONS: '[{"type":"text","content":"Be brief."}]',
        semconv.TOOL_DEFINITIONS: '[{"name":"search","inputSchema":{"json":{"type":"object"}}}]',
        semconv.INPUT_MESSAGES: '[{"role":"user","parts":[{"type":"text","content":"Why blue?"}]}]',
        semconv.OUTPUT_MESSAGES: (
            '[{"role":"assistant","parts":[{"type":"text","content":"It scatters."}],"finish_reason":"end_turn"}]'
        ),
    }


def test_every_kind_of_block_has_its_part(seen: Captured) -> None:
    blocks: list[tuple[Json, Json]] = [
        (
            {"image": {"format": "png", "source": {"bytes": b"12345"}}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "size_bytes": 5},
        ),
        (
            {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://b/a.mp4"}}}},
            {"type": "uri", "modality": "video", "uri": "s3://b/a.mp4"},
        ),
        (
            {"document": {"format": "txt", "name": "page", "source": {"text": "words"}}},
            {"type": "text", "content": "words", "name": "page"},
        ),
        (
            {"toolResult": {"toolUseId": "t1", "content": [{"json": {"sum": 3}}]}},
            {"type": "tool_call_response", "id": "t1", "response": {"sum": 3}},
        ),
        (
            {"toolResult": {"toolUseId": "t2", "content": [{"text": "no"}], "status": "error"}},
            {"type": "tool_call_response", "id": "t2", "response": "no", "is_error": True},
        ),
        (
            {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
            {"type": "reasoning", "content": "Hm."},
        ),
        (
            {"reasoningContent": {"redactedContent": b"secret"}},
            {"type": "reasoning", "content": "", "redacted": True},
        ),
        (
            {"searchResult": {"source": "s", "title": "t", "content": [{"text": "c"}]}},
            {"type": "searchResult", "searchResult": {"source": "s", "title": "t", "content": [{"text": "c"}]}},
        ),
    ]
    sent = [block for block, _ in blocks]
    with calling(answer(ANSWER)) as client:
        client.converse(**{**ASKED, "messages": [{"role": "user", "content": sent}]})
    assert asked_parts(the_call(seen)) == [part for _, part in blocks]


def test_a_router_tells_which_model_it_chose(seen: Captured) -> None:
    with calling(answer({**ANSWER, "trace": {"promptRouter": {"invokedModelId": "arn:chosen"}}})) as client:
        client.converse(**ASKED)
    assert the_call(seen).attributes[semconv.RESPONSE_MODEL] == "arn:chosen"


def test_an_error_of_the_server_passes_and_retries_are_one_call(seen: Captured) -> None:
    refused = answer({"message": "Slow down."}, 429, x_amzn_errortype="ThrottlingException")
    with calling(refused, attempts=2) as client, pytest.raises(ClientError) as caught:
        client.converse(**ASKED)
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 1
    span = the_call(seen)
    assert (span.status, span.error_message) == ("error", str(caught.value))
    assert span.error_type.endswith("ThrottlingException")
    assert span.attributes["http.response.status_code"] == 429


def test_without_content_the_figures_remain() -> None:
    with captured(capture_content=False) as seen, calling(answer(ANSWER), WHOLE) as client:
        client.converse(**ASKED, inferenceConfig={"maxTokens": 64})
        list(client.converse_stream(**ASKED)["stream"])
    for span in seen.spans:
        assert (span.attributes[semconv.INPUT_TOKENS], span.attributes[semconv.REQUEST_MODEL]) == (180, MODEL)
        assert not any("scatters" in str(value) or "blue" in str(value) for value in span.attributes.values())
    assert seen.spans[0].attributes["gen_ai.request.max_tokens"] == 64


def test_instrument_records_clients_made_from_then_on_and_can_be_undone(seen: Captured) -> None:
    with scripted(answer(ANSWER)) as server:
        undo = patch_classes(bedrock.PROVIDER)
        try:
            client = spanglass.wrap(boto(server))
        finally:
            undo()
        other = boto(server)
        for each in (client, other):
            each.converse(**ASKED)
            each.close()
    assert len(seen.spans) == 1
