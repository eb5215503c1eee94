"""An application as Logfire's documentation shows it for other backends."""

from __future__ import annotations

import conversation
import logfire
from openai import OpenAI

logfire.configure(console=False)
client = OpenAI(max_retries=0)
logfire.instrument_openai(client)


@logfire.instrument("weather", extract_args=True, record_return=True)
def weather(city: str) -> str:
    return conversation.weather(city)


with logfire.set_baggage(user_id="ann", session_id="s1"), logfire.span("support"):
    conversation.asked(client, conversation.QUESTION, weather)
    conversation.streamed(client)
    conversation.refused(client)
    conversation.embedded(client)
    conversation.responded(client)
