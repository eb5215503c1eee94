"""google-genai's own package against a server on loopback: what a span says of a request."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials
from pydantic import BaseModel
from sdk.google_script import (
    BLUE,
    BLUE_SAID,
    MODEL,
    USAGE_TOLD,
    answer_of,
    candidate,
    client_of,
    the_call,
    told,
    usage_of,
)
from sdk.scripted import answer, scripted

import spanglass
from spanglass import semconv
from spanglass.clients.calls import patch_classes
from spanglass.clients.google import PROVIDER
from spanglass.testing import Captured, captured

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")  # theirs

FAILED = {"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}}
CALL = answer_of(candidate({"functionCall": {"id": "f1", "name": "weather", "args": {"city": "Oslo"}}}))


def test_a_request_tells_models_parameters_usage_ids_and_where_it_went(seen: Captured) -> None:
    config = types.GenerateContentConfig(
        temperature=0.5, max_output_tokens=64, stop_sequences=["END"], system_instruction="Be brief."
    )
    with scripted(answer(BLUE, x_gemini_service_tier="flex")) as server, client_of(server) as client:
        response = client.models.generate_content(model=MODEL, contents="Why blue?", config=config)
    assert response.text == "Blue."
    span = the_call(seen)
    assert (span.kind, span.status, span.error_type) == ("llm", "unset", "")
    assert {name: value for name, value in span.attributes.items() if not name.startswith("spanglass.")} == {
        semconv.OPERATION_NAME: "generate_content",
        semconv.PROVIDER_NAME: "gcp.gemini",
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: int(server.url.rpartition(":")[2]),
        semconv.REQUEST_MODEL: MODEL,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.stop_sequences": ["END"],
        semconv.RESPONSE_MODEL: "gemini-test-002",
        semconv.RESPONSE_ID: "r1",
        semconv.SERVICE_TIER: "flex",
        semconv.FINISH_REASONS: ["stop"],
        semconv.SYSTEM_INSTRUCTIONS: '[{"type":"text","content":"Be brief."}]',
        semconv.INPUT_MESSAGES: '[{"role":"user","parts":[{"type":"text","content":"Why blue?"}]}]',
        semconv.OUTPUT_MESSAGES: json.dumps(BLUE_SAID, separators=(",", ":")),
        **USAGE_TOLD,
    }


def test_python_functions_make_several_requests_and_each_is_a_span(seen: Captured) -> None:
    @spanglass.observe(kind="tool", name="weather")
    def weather(city: str, days: int = 1) -> str:
        """The weather of a city."""
        return f"{city}: rain for {days} days"

    with scripted(answer(CALL), answer(BLUE)) as server, client_of(server) as client, spanglass.span("turn") as turn:
        config = types.GenerateContentConfig(tools=[weather])
        response = client.models.generate_content(model=MODEL, contents="Rain?", config=config)
    assert response.text == "Blue."
    asked, tool, answered, _ = seen.spans
    assert [span.name for span in (asked, tool, answered)] == [f"generate_content {MODEL}", "weather", asked.name]
    assert {span.parent_span_id for span in (asked, tool, answered)} == {turn.span_id}
    assert usage_of(asked) == usage_of(answered) == USAGE_TOLD
    call = {"type": "tool_call", "id": "f1", "name": "weather", "arguments": {"city": "Oslo"}}
    assert told(asked, semconv.OUTPUT_MESSAGES)[0]["parts"] == [call]
    result = {"type": "tool_call_response", "id": None, "response": {"result": "Oslo: rain for 1 days"}}
    assert told(answered, semconv.INPUT_MESSAGES) == [
        {"role": "user", "parts": [{"type": "text", "content": "Rain?"}]},
        {"role": "assistant", "parts": [call]},
        {"role": "tool", "parts": [{**result, "name": "weather"}]},
    ]
    (definition,) = told(asked, semconv.TOOL_DEFINITIONS)
    assert (definition["name"], definition["description"]) == ("weather", "The weather of a city.")
    assert definition["parameters"]["properties"] == {"city": {"type": "string"}, "days": {"type": "integer"}}


def test_an_answer_that_goes_on_in_a_second_request_is_two_spans(seen: Captured) -> None:
    half = answer_of(candidate({"text": "Bl"}, reason="CONTINUATION") | {"continuationToken": "dG9rZW4="})
    with scripted(answer(half), answer(answer_of(candidate({"text": "ue."})))) as server, client_of(server) as client:
        response = client.models.generate_content(model=MODEL, contents="Why?")
    assert response.text == "Blue."
    first, second = seen.spans
    assert first.attributes[semconv.FINISH_REASONS] == ["continuation"]
    assert second.attributes[semconv.FINISH_REASONS] == ["stop"]
    assert usage_of(first) == usage_of(second) == USAGE_TOLD


def test_chats_are_recorded_with_what_was_said_before(seen: Captured) -> None:
    with scripted(answer(BLUE)) as server, client_of(server) as client:
        chat = client.chats.create(model=MODEL)
        chat.send_message("Why blue?")
        chat.send_message("And at dusk?")
    roles = [[message["role"] for message in told(span, semconv.INPUT_MESSAGES)] for span in seen.spans]
    assert roles == [["user"], ["user", "assistant", "user"]]


def test_an_asynchronous_client(seen: Captured) -> None:
    async def ask(client: genai.Client) -> str | None:
        async with client.aio as asynchronous:
            return (await asynchronous.models.generate_content(model=MODEL, contents="Why blue?")).text

    with scripted(answer(BLUE)) as server, client_of(server) as client:
        assert asyncio.run(ask(client)) == "Blue."
    assert told(the_call(seen), semconv.OUTPUT_MESSAGES) == BLUE_SAID
    assert usage_of(the_call(seen)) == USAGE_TOLD


def test_vertex_ai_is_another_provider_and_tells_its_traffic(seen: Captured) -> None:
    options: dict[str, Any] = {"api_key": None, "vertexai": True, "project": "p", "location": "l"}
    usage = {"promptTokenCount": 3, "trafficType": "PROVISIONED_THROUGHPUT"}
    with (
        scripted(answer(answer_of(usageMetadata=usage))) as server,
        client_of(server, credentials=Credentials("token"), **options) as client,
    ):
        client.models.generate_content(model=f"publishers/google/models/{MODEL}", contents="Why?")
    (span,) = seen.spans
    assert span.attributes[semconv.PROVIDER_NAME] == "gcp.vertex_ai"
    assert span.attributes[semconv.REQUEST_MODEL] == MODEL
    assert span.attributes[semconv.SERVICE_TIER] == "provisioned_throughput"
    assert usage_of(span) == {semconv.INPUT_TOKENS: 3}


def test_a_refused_prompt_tells_why(seen: Captured) -> None:
    refused = answer_of(promptFeedback={"blockReason": "PROHIBITED_CONTENT"})
    with scripted(answer(refused)) as server, client_of(server) as client:
        client.models.generate_content(model=MODEL, contents="Why?")
    span = the_call(seen)
    assert span.attributes[semconv.FINISH_REASONS] == ["prohibited_content"]
    assert semconv.OUTPUT_MESSAGES not in span.attributes


def test_an_error_reaches_the_caller_and_the_span(seen: Captured) -> None:
    with (
        scripted(answer(FAILED, 429)) as server,
        client_of(server) as client,
        pytest.raises(errors.ClientError) as raised,
    ):
        client.models.generate_content(model=MODEL, contents="Why?")
    span = the_call(seen)
    assert raised.value.code == 429
    assert (span.status, span.error_type) == ("error", "google.genai.errors.ClientError")
    assert span.attributes[semconv.HTTP_STATUS] == 429


def test_retries_are_inside_one_span(seen: Captured) -> None:
    retry = {"attempts": 2, "initial_delay": 0.001, "http_status_codes": [429]}
    with (
        scripted(answer(FAILED, 429), answer(BLUE)) as server,
        client_of(server, http_options={"base_url": server.url, "retry_options": retry}) as client,
    ):
        client.models.generate_content(model=MODEL, contents="Why?")
    assert len(server.requests) == 2
    assert the_call(seen).status == "unset"


def test_without_content_there_are_figures_only() -> None:
    config = {"system_instruction": "Be brief.", "temperature": 0.5, "tools": [{"google_search": {}}]}
    with scripted(answer(BLUE)) as server, client_of(server) as client, captured(capture_content=False) as seen:
        client.models.generate_content(model=MODEL, contents="Why blue?", config=config)
        list(client.models.embed_content(model=MODEL, contents="Why blue?").embeddings or ())
    span = the_call(seen)
    assert usage_of(span) == USAGE_TOLD
    assert span.attributes["gen_ai.request.temperature"] == 0.5
    assert span.attributes[semconv.FINISH_REASONS] == ["stop"]
    whole = str([dict(each.attributes) for each in seen.spans])
    assert not any(word in whole for word in ("blue", "Blue", "brief", "scatters", "google_search"))


def test_a_raw_http_response_is_read_too(seen: Captured) -> None:
    config = types.GenerateContentConfig(should_return_http_response=True)
    with scripted(answer(BLUE)) as server, client_of(server) as client:
        response = client.models.generate_content(model=MODEL, contents="Why?", config=config)
    assert response.candidates is None
    assert told(the_call(seen), semconv.OUTPUT_MESSAGES) == BLUE_SAID
    assert usage_of(the_call(seen)) == USAGE_TOLD


class Sky(BaseModel):
    colour: str


def test_structured_output_is_asked_for_and_parsed(seen: Captured) -> None:
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Sky)
    with scripted(answer(answer_of(candidate({"text": '{"colour": "blue"}'})))) as server, client_of(server) as client:
        response = client.models.generate_content(model=MODEL, contents="Why?", config=config)
    assert response.parsed == Sky(colour="blue")
    assert the_call(seen).attributes["gen_ai.request.response_schema"].endswith("Sky>")


def test_embeddings_tell_their_length_and_never_the_vectors(seen: Captured) -> None:
    vectors = {"embeddings": [{"values": [0.125, 0.25, 0.5]}, {"values": [1.0, 2.0, 4.0]}]}
    with scripted(answer(vectors)) as server, client_of(server) as client:
        client.models.embed_content(model=MODEL, contents=["sky", "sea"], config={"output_dimensionality": 3})
    span = seen.span(f"embeddings {MODEL}")
    assert span.kind == "embedding"
    assert told(span, semconv.INPUT_MESSAGES) == [
        {"role": "user", "parts": [{"type": "text", "content": "sky"}, {"type": "text", "content": "sea"}]}
    ]
    assert (span.attributes[semconv.EMBEDDING_COUNT], span.attributes[semconv.EMBEDDING_DIMENSIONS]) == (2, 3)
    assert span.attributes["gen_ai.request.output_dimensionality"] == 3
    assert "0.125" not in str(dict(span.attributes))


def test_wrapped_twice_or_on_top_of_patched_classes_is_recorded_once(seen: Captured) -> None:
    undo = patch_classes(PROVIDER)
    try:
        with scripted(answer(BLUE)) as server, client_of(server) as client:
            spanglass.wrap(spanglass.wrap(client).aio)
            client.models.generate_content(model=MODEL, contents="Why?")
    finally:
        undo()
    assert len(seen.spans) == 1
