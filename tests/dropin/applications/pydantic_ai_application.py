"""An agent of Pydantic AI that records itself, and Logfire's exporter for another backend."""

from __future__ import annotations

import conversation
import logfire
from pydantic_ai import Agent

logfire.configure(console=False)
logfire.instrument_pydantic_ai()
agent = Agent(f"openai-chat:{conversation.MODEL}", name="support", instructions=conversation.SYSTEM)
agent.tool_plain(conversation.weather)
print(agent.run_sync(conversation.QUESTION).output)
