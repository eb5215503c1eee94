"""An application without a word of set-up: ``opentelemetry-instrument`` starts it. Its own spans are OpenTelemetry's."""

from __future__ import annotations

import conversation
from openai import OpenAI
from opentelemetry import trace

client = OpenAI(max_retries=0)
tracer = trace.get_tracer("shop")


@tracer.start_as_current_span("weather")
def weather(city: str) -> str:
    return conversation.weather(city)


with tracer.start_as_current_span("support"):
    conversation.asked(client, conversation.QUESTION, weather)
    conversation.streamed(client)
    conversation.refused(client)
    conversation.embedded(client)
    conversation.responded(client)
