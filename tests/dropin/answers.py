"""What the model provider answers to the conversation of the applications."""

from __future__ import annotations

from typing import Any

from sdk.openai_script import CALL, REASONING, embeddings, message, response
from sdk.servers import CHUNKS, COMPLETION

TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Lyon"}'}}
TOOL_CALLED: dict[str, Any] = {
    **COMPLETION,
    "id": "chatcmpl-3",
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "logprobs": None,
            "message": {"role": "assistant", "content": None, "refusal": None, "tool_calls": [TOOL_CALL]},
        }
    ],
}
REFUSAL = {"message": "Too many requests.", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
CONVERSATION = (
    TOOL_CALLED,
    COMPLETION,
    CHUNKS,
    (429, {"error": REFUSAL}),
    embeddings([0.1, 0.2]),
    response(output=[REASONING, message("Because."), CALL]),
)
