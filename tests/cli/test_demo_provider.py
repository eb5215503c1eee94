"""The demo's model provider, asked by the real OpenAI client over HTTP."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from ports import free_port

from spanglass_cli.demo import catalogue, model
from spanglass_cli.demo.provider import ProviderThread
from spanglass_cli.demo.shop import TOOL_DEFINITIONS
from spanglass_cli.demo.topics import TOPICS

RETURNS = "I would like to return a pair of trousers. What do I have to do?"


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with (
        ProviderThread(free_port(), seed=3, speed=1000) as server,
        openai.OpenAI(base_url=server.base_url, api_key="any", max_retries=5) as client,
    ):
        yield client


def ask(question: str) -> list[Any]:
    return [{"role": "user", "content": question}]


def test_a_plain_answer_has_words_about_the_question_and_usage(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=ask(RETURNS))
    text = answer.choices[0].message.content
    assert text is not None
    assert catalogue.quality(RETURNS, text) > 0
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "gpt-4o-mini-2024-07-18"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens == model.tokens_of(text)


@pytest.mark.parametrize("with_usage", [True, False])
def test_a_streamed_answer_comes_in_pieces_and_tells_usage_only_when_asked(
    client: openai.OpenAI, with_usage: bool
) -> None:
    options: Any = {"include_usage": True} if with_usage else openai.omit
    stream = client.chat.completions.create(
        model="gpt-4.1-mini", messages=ask(RETURNS), stream=True, stream_options=options
    )
    chunks = list(stream)
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(pieces) > 3
    assert catalogue.quality(RETURNS, "".join(pieces)) > 0
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["stop"]
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    assert len(usages) == (1 if with_usage else 0)
    if with_usage:
        assert usages[0].completion_tokens == model.tokens_of("".join(pieces))


@pytest.mark.parametrize("streamed", [False, True])
def test_a_question_about_an_order_asks_for_the_tool_and_then_uses_what_it_said(
    client: openai.OpenAI, streamed: bool
) -> None:
    messages = ask("Where is my order AO-12345?")
    if streamed:
        deltas = [
            call
            for chunk in client.chat.completions.create(
                model="gpt-4o", messages=messages, tools=TOOL_DEFINITIONS, stream=True
            )
            if chunk.choices
            for call in chunk.choices[0].delta.tool_calls or []
        ]
        (name, arguments, call_id) = (deltas[0].function.name, deltas[0].function.arguments, deltas[0].id)  # type: ignore[union-attr]
    else:
        asked = client.chat.completions.create(model="gpt-4o", messages=messages, tools=TOOL_DEFINITIONS)
        assert asked.choices[0].finish_reason == "tool_calls"
        (call,) = asked.choices[0].message.tool_calls or []
        assert call.type == "function"
        (name, arguments, call_id) = (call.function.name, call.function.arguments, call.id)
    assert (name, json.loads(arguments or "")) == ("find_order", {"number": "12345"})

    order = catalogue.find_order("12345")
    messages += [{"role": "tool", "tool_call_id": call_id, "content": json.dumps(order)}]
    said = client.chat.completions.create(model="gpt-4o", messages=messages).choices[0].message.content or ""
    assert "{" not in said
    assert any(value in said for value in order.values()) or "tracking link" in said


def test_an_order_that_does_not_exist_is_admitted(client: openai.OpenAI) -> None:
    messages = [
        *ask("Where is my order AO-12347?"),
        {"role": "tool", "tool_call_id": "x", "content": '{"error": "no"}'},
    ]
    said = client.chat.completions.create(model="gpt-4o-mini", messages=messages).choices[0].message.content
    assert said == model.UNKNOWN_ORDER


def test_embeddings_depend_on_the_text_alone(client: openai.OpenAI) -> None:
    two = client.embeddings.create(model=model.EMBEDDING_MODEL, input=["tent", "boots"])
    again = client.embeddings.create(model=model.EMBEDDING_MODEL, input="tent")
    assert two.data[0].embedding == again.data[0].embedding != two.data[1].embedding
    assert sum(x * x for x in again.data[0].embedding) == pytest.approx(1, abs=1e-3)
    assert again.usage.prompt_tokens == 1


def test_errors_are_those_a_real_client_knows(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.chat.completions.create(model="gpt-9", messages=ask("Hello?"))
    with pytest.raises(openai.BadRequestError, match="not a chat request"):
        client.post("/chat/completions", body={"model": 3}, cast_to=object)
    assert {m.id for m in client.models.list()} == {*model.MODELS, model.EMBEDDING_MODEL}


def test_now_and_then_it_is_overloaded_or_broken() -> None:
    statuses: list[int] = []
    for number in range(2000):
        try:
            model.answer("gpt-4o", ask("Hello?"), changed=False, chance=random.Random(number))
        except model.Refusal as refusal:
            statuses.append(refusal.status)
    assert set(statuses) == {429, 500}
    assert 20 < len(statuses) < 140


def test_the_replaced_model_tells_less_and_says_so_nowhere_but_in_the_served_name() -> None:
    def mean_quality(*, changed: bool) -> tuple[float, set[str]]:
        seen: list[float] = []
        served: set[str] = set()
        for number in range(600):
            try:
                reply = model.answer("gpt-4o", ask(RETURNS), changed=changed, chance=random.Random(number))
            except model.Refusal:
                continue
            seen.append(catalogue.quality(RETURNS, reply.text))
            served.add(f"{reply.served_as} {reply.fingerprint}")
        return sum(seen) / len(seen), served

    before, served_before = mean_quality(changed=False)
    after, served_after = mean_quality(changed=True)
    assert before > 0.85
    assert after < 0.65
    assert len(served_before) == len(served_after) == 1
    assert served_before != served_after


@pytest.mark.parametrize(
    "question", [question for topic in TOPICS for question in topic.questions], ids=lambda text: text[:30]
)
@pytest.mark.parametrize("product", catalogue.PRODUCTS)
def test_every_question_is_understood(question: str, product: str) -> None:
    topic = next(topic for topic in TOPICS if question in topic.questions)
    asked = question.format(order="12345", product=product)
    assert catalogue.topic_of(asked) == topic
    assert topic in [found for found, _ in catalogue.search(asked)]
    complete = " ".join(topic.facts).format_map(catalogue.find_order("12345") | catalogue.check_stock(product))
    assert catalogue.quality(asked, complete) == 1.0
    assert catalogue.quality(asked, "I do not know.") == 0.0
