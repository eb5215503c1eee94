"""What every application here asks of its model, in this order. Nothing in it knows that it is watched."""

from __future__ import annotations

import base64
import json
from typing import Any

from openai import OpenAI, RateLimitError

MODEL = "gpt-4o-mini"
SYSTEM = "You are terse."
QUESTION = "What is the weather in Lyon?"
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def weather(city: str) -> str:
    """The tool that the model asks for."""
    return f"Sun in {city}."


def asked(client: OpenAI, question: str, call_tool: Any = weather) -> str:
    """The answer to a question, by way of a tool: two calls."""
    messages: list[Any] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    first = client.chat.completions.create(
        model=MODEL, messages=messages, tools=[TOOL], temperature=0.2, max_tokens=100
    )
    (call,) = first.choices[0].message.tool_calls
    messages += [
        {"role": "assistant", "tool_calls": [call.model_dump(include={"id", "type", "function"})]},
        {"role": "tool", "tool_call_id": call.id, "content": call_tool(**json.loads(call.function.arguments))},
    ]
    last = client.chat.completions.create(model=MODEL, messages=messages)
    return str(last.choices[0].message.content)


def streamed(client: OpenAI) -> str:
    """What came in pieces."""
    chunks = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "Which colour?"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def pictured(client: OpenAI, **more: Any) -> None:
    """A question with an image in it."""
    url = "data:image/png;base64," + base64.b64encode(b"not much of an image").decode()
    content = [{"type": "text", "text": "Who is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": content}], **more)


def refused(client: OpenAI) -> None:
    """A call that fails."""
    try:
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Too much?"}])
    except RateLimitError:
        return
    msg = "the provider was to refuse"
    raise AssertionError(msg)


def embedded(client: OpenAI) -> None:
    """An embedding."""
    client.embeddings.create(model="text-embedding-3-small", input="granite")


def responded(client: OpenAI) -> str:
    """A call of the newer API."""
    answer = client.responses.create(model="gpt-5", instructions=SYSTEM, input="Why?", reasoning={"effort": "low"})
    return str(answer.output_text)
