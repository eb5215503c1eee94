"""What an application asks of Langfuse's server beside sending spans. Run as a program; prints what it was told."""

from __future__ import annotations

import conversation
from langfuse import get_client
from langfuse.api import Prompt_Text
from langfuse.model import TextPromptClient
from langfuse.openai import OpenAI

langfuse = get_client()
client = OpenAI(max_retries=0)
print(langfuse.auth_check())

prompt = langfuse.get_prompt("greeting", fallback="Greet {{name}}.", max_retries=0)
print(prompt.is_fallback, prompt.compile(name="Ann"))

own = Prompt_Text(name="greeting", version=3, prompt="Greet {{name}}.", type="text", config={}, labels=[], tags=[])
with langfuse.start_as_current_observation(as_type="span", name="greet"):
    conversation.pictured(client, langfuse_prompt=TextPromptClient(own), name="greeting")
    trace_id = langfuse.get_current_trace_id()
langfuse.create_score(name="accuracy", value=0.8, trace_id=trace_id, score_id="score-1", metadata={"by": "night"})
langfuse.create_score(name="happy", value=1, session_id="s9", data_type="BOOLEAN", score_id="score-2")
langfuse.flush()
print(trace_id)
