"""Contents, parts, tools and counts of google-genai in every form they may have -> OpenTelemetry's words."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from spanglass import semconv
from spanglass.capture import snapshot
from spanglass.clients.facts import value_of
from spanglass.clients.google_fields import model_name, request_attributes, response_attributes, usage_attributes
from spanglass.clients.google_parts import messages_of, part_of, tool_definitions
from spanglass.clients.google_values import answer_values, request_values

Json = dict[str, Any]
HI = {"type": "text", "content": "hi"}


def as_taken(**arguments: Any) -> Json:
    """What the reader gets of arguments: by way of the snapshot, as in a call."""
    found: Json = value_of(snapshot(request_values(arguments, content=True), 100_000))
    return found


def messages(contents: Any) -> list[Json]:
    return messages_of(as_taken(contents=contents)["contents"])


@pytest.mark.parametrize(
    "contents",
    [
        "hi",
        ["hi"],
        types.Part(text="hi"),
        {"text": "hi"},
        types.Content(role="user", parts=[types.Part(text="hi")]),
        types.UserContent("hi"),
        {"role": "user", "parts": [{"text": "hi"}]},
        [{"parts": [{"text": "hi"}]}],
        [[types.Part(text="hi")]],
    ],
)
def test_a_text_in_any_form_is_a_message_of_the_user(contents: Any) -> None:
    assert messages(contents) == [{"role": "user", "parts": [HI]}]


def test_parts_in_a_row_are_one_message() -> None:
    turn = types.ModelContent("ho")
    assert messages(["hi", types.Part(text="hi"), turn, "hi"]) == [
        {"role": "user", "parts": [HI, HI]},
        {"role": "assistant", "parts": [{"type": "text", "content": "ho"}]},
        {"role": "user", "parts": [HI]},
    ]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (
            types.Part.from_bytes(data=b"12345", mime_type="image/png"),
            {"type": "blob", "modality": "image", "mime_type": "image/png", "size_bytes": 5},
        ),
        (
            {"inlineData": {"data": "MTIz", "mimeType": "audio/wav"}},
            {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "MTIz"},
        ),
        (
            types.Part.from_uri(file_uri="gs://b/a.pdf", mime_type="application/pdf"),
            {"type": "uri", "modality": "document", "uri": "gs://b/a.pdf", "mime_type": "application/pdf"},
        ),
        (
            types.File(uri="https://g/files/1", name="files/1", mime_type="video/mp4", display_name="a film"),
            {
                "type": "uri",
                "modality": "video",
                "uri": "https://g/files/1",
                "mime_type": "video/mp4",
                "name": "a film",
            },
        ),
        (
            Image.new("RGB", (4, 3)),
            {"type": "blob", "modality": "image", "mime_type": "image/png", "size": [4, 3]},
        ),
        (
            types.Part.from_function_response(name="f", response={"result": 1}),
            {"type": "tool_call_response", "id": None, "response": {"result": 1}, "name": "f"},
        ),
        (
            types.Part(executable_code=types.ExecutableCode(code="1+1", language=types.Language.PYTHON, id="c")),
            {
                "type": "tool_call",
                "id": "c",
                "name": "code_execution",
                "arguments": {"language": "PYTHON", "code": "1+1"},
            },
        ),
        (
            types.Part(code_execution_result=types.CodeExecutionResult(outcome=types.Outcome.OUTCOME_OK, output="2")),
            {"type": "tool_call_response", "id": None, "response": {"outcome": "OUTCOME_OK", "output": "2"}},
        ),
        (
            types.Part(tool_call=types.ToolCall(id="s", tool_type=types.ToolType.URL_CONTEXT, args={"u": 1})),
            {"type": "tool_call", "id": "s", "name": "url_context", "arguments": {"u": 1}},
        ),
        ({"hologram": {"angle": 3}}, {"hologram": {"angle": 3}}),
    ],
)
def test_parts(content: Any, part: Json) -> None:
    ((told,),) = (message["parts"] for message in messages(content))
    assert told == part


def test_a_tools_answer_may_hold_files() -> None:
    held = types.FunctionResponsePart(
        file_data=types.FunctionResponseFileData(file_uri="gs://b/x.png", mime_type="image/png")
    )
    answered = types.Part(function_response=types.FunctionResponse(id="1", name="f", response={}, parts=[held]))
    ((told,),) = (message["parts"] for message in messages(answered))
    assert told["parts"] == [{"type": "uri", "modality": "image", "uri": "gs://b/x.png", "mime_type": "image/png"}]


def test_tools_of_every_kind() -> None:
    def annotated(city: str, tags: list[str], deep: dict[str, int]) -> str:
        """Says something."""
        raise NotImplementedError(city, tags, deep)

    class Session:
        """Neither a function nor a tool of Google's."""

    schema = types.Schema(type=types.Type.OBJECT)
    declared = types.FunctionDeclaration(name="g", description="G.", parameters=schema)
    tools = [
        annotated,
        types.Tool(function_declarations=[declared], google_search=types.GoogleSearch()),
        {"functionDeclarations": [{"name": "h", "parametersJsonSchema": {"type": "object"}}]},
        Session(),
    ]
    told = tool_definitions(as_taken(config={"tools": tools})["config"]["tools"])
    properties = {"city": {"type": "string"}, "tags": {"type": "array"}, "deep": {"type": "object"}}
    assert told == [
        {
            "type": "function",
            "name": "annotated",
            "description": "Says something.",
            "parameters": {"type": "object", "properties": properties},
        },
        {"type": "function", "name": "g", "description": "G.", "parameters": {"type": "OBJECT"}},
        {"type": "google_search"},
        {"type": "function", "name": "h", "parameters": {"type": "object"}},
        {"type": "Session"},
    ]


@pytest.mark.parametrize("of", [dict, types.GenerateContentConfig])
def test_parameters_are_the_same_of_an_object_and_of_a_dictionary(of: Any) -> None:
    config = of(max_output_tokens=5, top_k=3, candidate_count=2, thinking_config={"thinking_budget": 9}, seed=None)
    assert request_attributes(as_taken(model="m", config=config)) == {
        semconv.REQUEST_MODEL: "m",
        "gen_ai.request.max_tokens": 5,
        "gen_ai.request.top_k": 3,
        "gen_ai.request.choice.count": 2,
        "gen_ai.request.thinking_config": '{"thinking_budget":9}',
    }


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        ({}, {}),
        ({"prompt_token_count": 0}, {semconv.INPUT_TOKENS: 0}),
        ({"thoughts_token_count": 9}, {semconv.OUTPUT_TOKENS: 9, semconv.REASONING_TOKENS: 9}),
        (
            {"candidates_token_count": 4, "thoughts_token_count": 0},
            {semconv.OUTPUT_TOKENS: 4, semconv.REASONING_TOKENS: 0},
        ),
        ({"prompt_token_count": None, "candidates_token_count": True}, {}),
    ],
)
def test_counts_that_are_not_told_are_absent(usage: Json, told: Json) -> None:
    found = response_attributes({"usage": usage})
    assert found == told
    assert {name for name, count in usage_attributes(usage).items() if count is not None} >= told.keys()


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gemini-3", "gemini-3"),
        ("models/gemini-3", "gemini-3"),
        ("projects/p/locations/l/publishers/google/models/gemini-3", "gemini-3"),
        ("tunedModels/17", "tunedModels/17"),
        ("google/gemini-3", "google/gemini-3"),
    ],
)
def test_the_name_of_a_model(model: str, name: str) -> None:
    assert model_name(model) == name


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
known = st.sampled_from(["text", "inline_data", "file_data", "function_call", "functionResponse", "thought", "uri"])


@given(st.dictionaries(known | st.text(max_size=5), json_values, max_size=4))
def test_any_part_is_told(part: Json) -> None:
    assert isinstance(part_of(part), dict)


@given(json_values, json_values, json_values)
def test_any_request_and_answer_is_read(contents: Any, config: Any, candidates: Any) -> None:
    request_attributes(
        {"model": "m", "contents": contents, "config": {"tools": config, "system_instruction": contents}}
    )
    response_attributes({"candidates": candidates, "usage": config})


def test_an_answer_with_nothing_in_it_tells_nothing() -> None:
    assert response_attributes(answer_values(types.GenerateContentResponse(), content=True)) == {}
