"""An application as Langfuse's documentation shows it. Run as a program; prints the id of its trace."""

from __future__ import annotations

import conversation
from langfuse import get_client, observe, propagate_attributes
from langfuse.openai import OpenAI

client = OpenAI(max_retries=0)
langfuse = get_client()


@observe(as_type="tool")
def weather(city: str) -> str:
    return conversation.weather(city)


@observe(as_type="agent")
def support(question: str) -> str:
    answer = conversation.asked(client, question, weather)
    conversation.streamed(client)
    conversation.refused(client)
    conversation.embedded(client)
    conversation.responded(client)
    langfuse.score_current_span(name="on topic", value=1, data_type="BOOLEAN")
    langfuse.score_current_trace(name="tone", value="kind", comment="read by hand")
    print(langfuse.get_current_trace_id())
    return answer


print(langfuse.auth_check())
with propagate_attributes(user_id="ann", session_id="s1", tags=["beta"], metadata={"plan": "pro"}):
    support(conversation.QUESTION)
langfuse.flush()
