"""Anthropic's messages with a tool, and streamed.

To run it::

    pip install . anthropic
    ANTHROPIC_API_KEY=… python examples/anthropic_messages.py
"""

from anthropic import Anthropic
from anthropic.types import MessageParam, ToolParam

import spanglass

MODEL = "claude-haiku-4-5"
WEATHER: ToolParam = {
    "name": "weather",
    "description": "The weather at a place.",
    "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
}

client = spanglass.wrap(Anthropic())


@spanglass.observe(kind="tool")
def weather(place: str) -> str:
    """The weather at a place: always the same."""
    return f"{place}: 14 °C, rain"


@spanglass.observe(kind="agent")
def plan(wish: str) -> str:
    """An answer that may look at the weather first."""
    said: list[MessageParam] = [{"role": "user", "content": wish}]
    first = client.messages.create(model=MODEL, max_tokens=400, tools=[WEATHER], messages=said)
    for block in first.content:
        if block.type == "tool_use":
            result = weather(str(block.input.get("place", "here")))
            said += [
                {"role": "assistant", "content": first.content},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": block.id, "content": result}]},
            ]
            break
    with client.messages.stream(model=MODEL, max_tokens=400, tools=[WEATHER], messages=said) as stream:
        for piece in stream.text_stream:
            print(piece, end="", flush=True)
        print()
        return stream.get_final_text()


if __name__ == "__main__":
    spanglass.init("anthropic-messages")
    plan("What shall I wear in Bergen today?")
