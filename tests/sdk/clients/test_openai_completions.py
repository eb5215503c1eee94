"""OpenAI's older completions, and the client that the package itself holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI
from sdk.scripted import Reply, answer, scripted

import spanglass
from spanglass import semconv
from spanglass.testing import Captured, CapturedSpan

USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
SHAPE: dict[str, Any] = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "instruct-1"}


def choice(text: str, index: int = 0, reason: str | None = None) -> dict[str, Any]:
    return {"index": index, "text": text, "finish_reason": reason, "logprobs": None}


WHOLE = {**SHAPE, "choices": [choice("It ends.", 0, "stop"), choice("So.", 1, "length")], "usage": USAGE}
CHUNKS = [
    {**SHAPE, "choices": [choice("It ")]},
    {**SHAPE, "choices": [choice("So.", 1, "length")]},
    {**SHAPE, "choices": [choice("ends.", 0, "stop")]},
]


def stream(*chunks: dict[str, Any]) -> Reply:
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return Reply(body.encode(), content_type="text/event-stream")


def said(span: CapturedSpan, name: str) -> list[str]:
    return [part["content"] for message in json.loads(span.attributes[name]) for part in message["parts"]]


def check(span: CapturedSpan) -> None:
    assert span.kind == "llm"
    assert span.attributes[semconv.OPERATION_NAME] == "text_completion"
    assert span.attributes[semconv.RESPONSE_MODEL] == "instruct-1"
    assert span.attributes[semconv.FINISH_REASONS] == ["stop", "length"]
    assert (span.attributes[semconv.INPUT_TOKENS], span.attributes[semconv.OUTPUT_TOKENS]) == (3, 5)
    assert said(span, semconv.OUTPUT_MESSAGES) == ["It ends.", "So."]


def test_a_completion(seen: Captured) -> None:
    with scripted(answer(WHOLE)) as server, OpenAI(base_url=server.url, api_key="k") as made:
        told = spanglass.wrap(made).completions.create(model="instruct", prompt=["Once", "Twice"], max_tokens=9)
    assert told.choices[0].text == "It ends."
    span = seen.span("text_completion instruct")
    check(span)
    assert said(span, semconv.INPUT_MESSAGES) == ["Once", "Twice"]
    assert span.attributes["gen_ai.request.max_tokens"] == 9


def test_a_stream_is_asked_for_its_usage_and_joined(seen: Captured) -> None:
    usage = {**SHAPE, "choices": [], "usage": USAGE}
    with scripted(stream(*CHUNKS, usage)) as server, OpenAI(base_url=server.url, api_key="k") as made:
        told = spanglass.wrap(made).completions.create(model="instruct", prompt="Once", stream=True)
        assert [chunk.choices[0].text for chunk in told] == ["It ", "So.", "ends."]
        assert server.bodies()[0]["stream_options"] == {"include_usage": True}
    check(seen.span("text_completion instruct"))


@pytest.fixture
def instrumented() -> Iterator[None]:
    spanglass.instrument("openai")
    yield
    spanglass.uninstrument()


@pytest.mark.usefixtures("instrumented")
def test_the_packages_own_client_is_recorded_by_instrument(seen: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(answer(WHOLE)) as server:
        monkeypatch.setattr(openai, "api_key", "k")
        monkeypatch.setattr(openai, "base_url", server.url)
        openai.completions.create(model="instruct", prompt="Once")
        openai._reset_client()
    check(seen.span("text_completion instruct"))
