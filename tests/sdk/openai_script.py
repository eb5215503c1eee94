"""What OpenAI's responses and embeddings endpoints answer, written down."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

CITATION: Json = {"type": "url_citation", "start_index": 0, "end_index": 7, "title": "T", "url": "https://x.test"}
REASONING: Json = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Think first."}],
    "encrypted_content": None,
}
HIDDEN: Json = {"id": "rs_2", "type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}
CALL: Json = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city":"Oslo"}',
    "status": "completed",
}
SEARCH: Json = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search", "query": "Oslo weather"},
}
MCP: Json = {
    "id": "mcp_1",
    "type": "mcp_call",
    "server_label": "docs",
    "name": "lookup",
    "arguments": '{"q": 1}',
    "output": "found",
}
CODE: Json = {
    "id": "ci_1",
    "type": "code_interpreter_call",
    "code": "print(1)",
    "container_id": "c",
    "status": "completed",
    "outputs": [{"type": "logs", "logs": "1"}],
}
DRAWING: Json = {
    "id": "ig_1",
    "type": "image_generation_call",
    "status": "completed",
    "result": "aGk=",
    "size": "1024x1024",
}
PICTURE: Json = {"type": "input_image", "image_url": "https://x.test/a.png", "detail": "low"}
PAPER: Json = {"type": "input_file", "file_id": "file_1"}


def message(text: str, *annotations: Json) -> Json:
    part = {"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": []}
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def response(**more: Any) -> Json:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1760000000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": "gpt-5-2025-08-07",
        "output": [REASONING, message("Because.", CITATION)],
        "parallel_tool_calls": True,
        "service_tier": "default",
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 75,
            "input_tokens_details": {"cached_tokens": 32, "cache_write_tokens": 8},
            "output_tokens": 1186,
            "output_tokens_details": {"reasoning_tokens": 1024},
            "total_tokens": 1261,
        },
        **more,
    }


def events() -> list[Json]:
    """A thought, a text, a call of a tool; at last the whole response, which says it without the call."""
    begun = response(status="in_progress", output=[], usage=None)
    thought = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
    said = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
    called = {"item_id": "fc_1", "output_index": 2}
    told: list[Json] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": {**REASONING, "summary": []}},
        {"type": "response.reasoning_summary_text.delta", **thought, "delta": "Think "},
        {"type": "response.reasoning_summary_text.delta", **thought, "delta": "first."},
        {"type": "response.output_item.done", "output_index": 0, "item": REASONING},
        {"type": "response.output_item.added", "output_index": 1, "item": {**message(""), "content": []}},
        {"type": "response.content_part.added", **said, "part": message("")["content"][0]},
        {"type": "response.output_text.delta", **said, "delta": "Be", "logprobs": []},
        {"type": "response.output_text.delta", **said, "delta": "cause.", "logprobs": []},
        {"type": "response.output_item.added", "output_index": 2, "item": {**CALL, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", **called, "delta": '{"city":'},
        {"type": "response.function_call_arguments.delta", **called, "delta": '"Oslo"}'},
        {"type": "response.completed", "response": response()},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(told)]


def embeddings(*vectors: Any) -> Json:
    return {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"object": "embedding", "index": place, "embedding": each} for place, each in enumerate(vectors)],
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
    }
