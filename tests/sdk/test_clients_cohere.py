"""Cohere's own package (V2) against a server on loopback: chat, embed, rerank."""

from __future__ import annotations

import json
from typing import Any

import cohere
import pytest
from cohere.core.api_error import ApiError
from sdk.cohere_script import ASKED, CALL, MODEL, REPLY, WHOLE, client_of, the_call
from sdk.scripted import answer, scripted

from spanglass import semconv
from spanglass.testing import Captured, captured


def test_a_reply_tells_parameters_both_counts_and_where_it_went(seen: Captured) -> None:
    with scripted(answer(REPLY)) as server, client_of(server) as client:
        reply = client.chat(**ASKED, temperature=0.3, k=40, p=0.9, stop_sequences=["END"], seed=7)
    assert reply.message.content is not None
    span = the_call(seen)
    attributes = {name: value for name, value in span.attributes.items() if not name.startswith("spanglass.")}
    assert (span.kind, span.status) == ("llm", "unset")
    assert attributes == {
        semconv.OPERATION_NAME: "chat",
        semconv.PROVIDER_NAME: "cohere",
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: int(server.url.rpartition(":")[2]),
        semconv.REQUEST_MODEL: MODEL,
        "gen_ai.request.temperature": 0.3,
        "gen_ai.request.top_k": 40,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.seed": 7,
        semconv.RESPONSE_ID: "reply_1",
        semconv.FINISH_REASONS: ["COMPLETE"],
        semconv.INPUT_TOKENS: 186,
        semconv.OUTPUT_TOKENS: 289,
        semconv.CACHE_READ_TOKENS: 64,
        "cohere.billed_units.input_tokens": 126,
        "cohere.billed_units.output_tokens": 282,
        semconv.INPUT_MESSAGES: '[{"role":"user","parts":[{"type":"text","content":"Why blue?"}]}]',
        semconv.OUTPUT_MESSAGES: (
            '[{"role":"assistant","parts":[{"type":"text","content":"It scatters."}],"finish_reason":"COMPLETE"}]'
        ),
    }


def test_messages_of_every_role_as_objects_and_as_dictionaries(seen: Captured) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    messages: list[Any] = [
        cohere.SystemChatMessageV2(content="Be brief."),
        cohere.UserChatMessageV2(content=[cohere.TextContent(text="Look.")]),
        {"role": "user", "content": [image]},
        {"role": "assistant", "tool_plan": "I will look.", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "5"}]},
    ]
    tools = [{"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}]
    documents = [{"data": {"text": "page"}}]
    with scripted(answer(REPLY)) as server, client_of(server) as client:
        client.chat(model=MODEL, messages=messages, tools=tools, documents=documents)
    span = the_call(seen)
    assert [(m["role"], m["parts"]) for m in json.loads(span.attributes[semconv.INPUT_MESSAGES])] == [
        ("system", [{"type": "text", "content": "Be brief."}]),
        ("user", [{"type": "text", "content": "Look."}]),
        ("user", [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="}]),
        (
            "assistant",
            [
                {"type": "reasoning", "content": "I will look."},
                {"type": "tool_call", "id": "call_1", "name": "search", "arguments": {"query": "sky"}},
            ],
        ),
        ("tool", [{"type": "tool_call_response", "id": "call_1", "response": "5"}]),
    ]
    assert json.loads(span.attributes[semconv.TOOL_DEFINITIONS]) == tools
    assert json.loads(span.attributes["gen_ai.request.documents"]) == documents


def test_an_error_of_the_server_passes_and_retries_are_one_call(seen: Captured) -> None:
    refused = answer({"message": "Slow down."}, 429, retry_after="0", retry_after_ms="1")
    with scripted(refused) as server, client_of(server) as client, pytest.raises(ApiError) as caught:
        client.chat(**ASKED, request_options={"max_retries": 2})
    assert len(server.requests) == 3
    span = the_call(seen)
    assert (span.status, span.error_type) == (
        "error",
        "cohere.errors.too_many_requests_error.TooManyRequestsError",
    )
    assert span.error_message == str(caught.value)
    assert span.attributes["http.response.status_code"] == 429


def test_without_content_the_figures_remain() -> None:
    with captured(capture_content=False) as seen, scripted(answer(REPLY), WHOLE) as server, client_of(server) as client:
        client.chat(**ASKED, documents=["secret"], temperature=0.3)
        list(client.chat_stream(**ASKED))
    for span in seen.spans:
        assert span.attributes[semconv.INPUT_TOKENS] == 186
        told = str(span.attributes)
        assert not any(word in told for word in ("secret", "scatters", "Why blue", "Let me"))
    assert seen.spans[0].attributes["gen_ai.request.temperature"] == 0.3


def test_embeddings_have_their_texts_tokens_and_length_and_no_vectors(seen: Captured) -> None:
    body = {
        "id": "emb_1",
        "response_type": "embeddings_by_type",
        "embeddings": {"float": [[0.125, 0.25, 0.5]]},
        "texts": ["sky"],
        "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 3}},
    }
    with scripted(answer(body)) as server, client_of(server) as client:
        client.embed(model="embed-test", input_type="search_query", texts=["sky"], embedding_types=["float"])
    span = seen.span("embeddings embed-test")
    assert (span.kind, span.attributes[semconv.OPERATION_NAME]) == ("embedding", "embeddings")
    assert span.attributes[semconv.EMBEDDING_DIMENSIONS] == 3
    assert span.attributes[semconv.INPUT_TOKENS] == 3
    assert span.attributes["gen_ai.request.input_type"] == "search_query"
    assert json.loads(span.attributes[semconv.INPUT_MESSAGES])[0]["parts"] == [{"type": "text", "content": "sky"}]
    assert "0.125" not in str(span.attributes)


def test_a_rerank_has_its_query_its_documents_and_their_order(seen: Captured) -> None:
    results = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]
    body = {"id": "rank_1", "results": results, "meta": {"billed_units": {"search_units": 1}}}
    with scripted(answer(body)) as server, client_of(server) as client:
        client.v2.rerank(model="rerank-test", query="sky", documents=["a", "b"], top_n=2)
    span = seen.span("rerank rerank-test")
    assert (span.kind, span.attributes["gen_ai.request.top_n"]) == ("rerank", 2)
    assert json.loads(span.input or "") == {"query": "sky", "documents": ["a", "b"]}
    order = [(each["index"], each["relevance_score"]) for each in json.loads(span.output or "")]
    assert order == [(1, 0.9), (0, 0.1)]
    assert span.attributes["cohere.billed_units.search_units"] == 1
    assert semconv.INPUT_TOKENS not in span.attributes
