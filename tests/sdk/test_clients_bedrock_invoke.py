"""``invoke_model`` of boto3's ``bedrock-runtime`` against a server on loopback: bodies in everybody's words."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sdk.bedrock_script import Json, calling
from sdk.scripted import Reply, answer, aws_event_stream

from spanglass import semconv
from spanglass.testing import Captured, CapturedSpan, captured

COUNTS = {"x_amzn_bedrock_input_token_count": "7", "x_amzn_bedrock_output_token_count": "5"}
TURN = {"messages": [{"role": "user", "content": [{"type": "text", "text": "Why blue?"}]}]}
CLAUDE: Json = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "system": "Be brief.", **TURN}
CLAUDE_SAYS: Json = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-test",
    "role": "assistant",
    "content": [{"type": "text", "text": "It scatters."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 5},
}
NOVA: Json = {
    "schemaVersion": "messages-v1",
    "messages": [{"role": "user", "content": [{"text": "Why blue?"}]}],
    "inferenceConfig": {"maxTokens": 64},
}
NOVA_SAYS: Json = {
    "output": {"message": {"role": "assistant", "content": [{"text": "It scatters."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 7, "outputTokens": 5},
}
TITAN: Json = {"inputText": "Why blue?", "textGenerationConfig": {"maxTokenCount": 64}}
TITAN_SAYS: Json = {
    "inputTextTokenCount": 7,
    "results": [{"tokenCount": 5, "outputText": "It scatters.", "completionReason": "end_turn"}],
}
LLAMA: Json = {"prompt": "Why blue?", "max_gen_len": 64}
LLAMA_SAYS: Json = {
    "generation": "It scatters.",
    "prompt_token_count": 7,
    "generation_token_count": 5,
    "stop_reason": "end_turn",
}
MISTRAL_SAYS: Json = {"outputs": [{"text": "It scatters.", "stop_reason": "end_turn"}]}
OPENAI: Json = {"messages": [{"role": "user", "content": "Why blue?"}], "max_tokens": 64}
OPENAI_SAYS: Json = {
    "model": "gpt-oss",
    "choices": [{"finish_reason": "end_turn", "message": {"role": "assistant", "content": "It scatters."}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 5},
}


def invoke(client: Any, body: Json, **more: Any) -> Any:
    return client.invoke_model(modelId="m", body=json.dumps(body), **more)


def the_call(seen: Captured) -> CapturedSpan:
    return seen.span("chat m")


def texts(span: CapturedSpan, name: str) -> list[str]:
    return [part["content"] for message in json.loads(span.attributes[name]) for part in message["parts"]]


@pytest.mark.parametrize(
    ("asked", "said", "tokens", "parameter"),
    [
        (CLAUDE, CLAUDE_SAYS, 100, "max_tokens"),
        (NOVA, NOVA_SAYS, 7, "max_tokens"),
        (TITAN, TITAN_SAYS, 7, "max_token_count"),
        (LLAMA, LLAMA_SAYS, 7, "max_gen_len"),
        (LLAMA, MISTRAL_SAYS, 7, "max_gen_len"),
        (OPENAI, OPENAI_SAYS, 7, "max_tokens"),
    ],
    ids=["anthropic", "nova", "titan", "llama", "mistral", "openai"],
)
def test_the_words_of_each_maker_are_understood(
    seen: Captured, asked: Json, said: Json, tokens: int, parameter: str
) -> None:
    with calling(answer(said, x_amzn_requestid="req-1", **COUNTS)) as client:
        assert json.load(invoke(client, asked)["body"]) == said
    span = the_call(seen)
    assert (span.kind, span.status) == ("llm", "unset")
    assert span.attributes[semconv.REQUEST_MODEL] == "m"
    assert span.attributes[semconv.REQUEST_PREFIX + parameter] == 64
    assert texts(span, semconv.INPUT_MESSAGES) == ["Why blue?"]
    assert texts(span, semconv.OUTPUT_MESSAGES) == ["It scatters."]
    assert span.attributes[semconv.FINISH_REASONS] == ["end_turn"]
    assert (span.attributes[semconv.INPUT_TOKENS], span.attributes[semconv.OUTPUT_TOKENS]) == (tokens, 5)
    assert span.attributes[semconv.AWS_REQUEST_ID] == "req-1"


@pytest.mark.parametrize("amount", [1, 7, 10_000])
def test_a_body_read_in_pieces_is_the_whole_answer(seen: Captured, amount: int) -> None:
    with calling(answer(LLAMA_SAYS)) as client:
        body = invoke(client, LLAMA)["body"]
        assert json.loads(b"".join(body.iter_chunks(amount))) == LLAMA_SAYS
    assert texts(the_call(seen), semconv.OUTPUT_MESSAGES) == ["It scatters."]


def test_a_body_that_nobody_reads_ends_its_span_all_the_same(seen: Captured) -> None:
    with calling(answer(LLAMA_SAYS)) as client:
        invoke(client, LLAMA)["body"].close()
    span = the_call(seen)
    assert span.status == "unset"
    assert semconv.OUTPUT_MESSAGES not in span.attributes


def test_what_nobody_knows_is_told_as_it_is(seen: Captured) -> None:
    with calling(answer({"picture": "aGk="}, **COUNTS)) as client:
        invoke(client, {"taskType": "TEXT_IMAGE"})["body"].read()
    attributes = the_call(seen).attributes
    assert json.loads(attributes[semconv.INPUT]) == {"taskType": "TEXT_IMAGE"}
    assert json.loads(attributes[semconv.OUTPUT]) == {"picture": "aGk="}
    assert attributes[semconv.INPUT_TOKENS] == 7


def test_of_vectors_only_their_length_is_told(seen: Captured) -> None:
    with calling(answer({"embedding": [0.5] * 8, "inputTextTokenCount": 3})) as client:
        invoke(client, {"inputText": "granite"})["body"].read()
    attributes = the_call(seen).attributes
    assert (attributes[semconv.EMBEDDING_DIMENSIONS], attributes[semconv.INPUT_TOKENS]) == (8, 3)
    assert "0.5" not in str(dict(attributes))


def test_an_error_is_the_callers_and_the_spans(seen: Captured) -> None:
    with calling(answer({"message": "no"}, 400)) as client, pytest.raises(ClientError):
        invoke(client, LLAMA)
    assert the_call(seen).attributes[semconv.HTTP_STATUS] == 400


def test_without_content_only_figures_are_told() -> None:
    with captured(capture_content=False) as seen, calling(answer(LLAMA_SAYS)) as client:
        invoke(client, LLAMA)["body"].read()
    attributes = the_call(seen).attributes
    assert attributes[semconv.OUTPUT_TOKENS] == 5
    assert not any("scatters" in str(value) or "blue" in str(value) for value in attributes.values())


def streamed(*pieces: Json) -> Reply:
    return aws_event_stream(
        [("chunk", {"bytes": base64.b64encode(json.dumps(piece).encode()).decode()}) for piece in pieces]
    )


METRICS = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 7, "outputTokenCount": 5}}


@pytest.mark.parametrize(
    "pieces",
    [
        [
            {"type": "message_start", "message": {"id": "msg_1", "model": "c", "usage": {"input_tokens": 7}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "It "}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "scatters."}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
            {"type": "message_stop", **METRICS},
        ],
        [
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "It "}}},
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "scatters."}}},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {"inputTokens": 7, "outputTokens": 5}}, **METRICS},
        ],
        [
            {"outputText": "It ", "index": 0, "completionReason": None, "inputTextTokenCount": 7},
            {"outputText": "scatters.", "completionReason": "end_turn", "totalOutputTextTokenCount": 5, **METRICS},
        ],
        [
            {"generation": "It ", "prompt_token_count": 7, "generation_token_count": 1, "stop_reason": None},
            {"generation": "scatters.", "generation_token_count": 5, "stop_reason": "end_turn", **METRICS},
        ],
    ],
    ids=["anthropic", "nova", "titan", "llama"],
)
def test_a_stream_is_joined(seen: Captured, pieces: list[Json]) -> None:
    with calling(streamed(*pieces)) as client:
        told = client.invoke_model_with_response_stream(modelId="m", body=json.dumps(LLAMA))
        arrived = [json.loads(event["chunk"]["bytes"]) for event in told["body"]]
    assert arrived == pieces
    span = the_call(seen)
    assert texts(span, semconv.OUTPUT_MESSAGES) == ["It scatters."]
    assert span.attributes[semconv.REQUEST_STREAM] is True
    assert span.attributes[semconv.TIME_TO_FIRST_CHUNK] > 0
    assert span.attributes[semconv.FINISH_REASONS] == ["end_turn"]
    assert (span.attributes[semconv.INPUT_TOKENS], span.attributes[semconv.OUTPUT_TOKENS]) == (7, 5)
