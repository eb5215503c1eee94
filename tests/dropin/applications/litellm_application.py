"""An application as LiteLLM's documentation shows it, with the callback for OpenTelemetry. Each call is its own trace."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import conversation
import litellm

litellm.callbacks = ["otel"]
completions = SimpleNamespace(create=partial(litellm.completion, max_retries=0))
client = SimpleNamespace(chat=SimpleNamespace(completions=completions))
conversation.asked(client, conversation.QUESTION)
conversation.streamed(client)
conversation.refused(client)
litellm.embedding(model="text-embedding-3-small", input=["granite"])
