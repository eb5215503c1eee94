"""An application as Traceloop's documentation shows it."""

from __future__ import annotations

import conversation
from openai import OpenAI
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import agent, tool, workflow

Traceloop.init(app_name="shop")
client = OpenAI(max_retries=0)
weather = tool(name="weather")(conversation.weather)


@agent(name="support")
def support(question: str) -> str:
    answer = conversation.asked(client, question, weather)
    conversation.streamed(client)
    conversation.refused(client)
    conversation.embedded(client)
    conversation.responded(client)
    conversation.pictured(client)
    return answer


@workflow(name="visit")
def visit() -> str:
    Traceloop.set_association_properties({"user_id": "ann", "session_id": "s1", "plan": "pro"})
    return support(conversation.QUESTION)


visit()
