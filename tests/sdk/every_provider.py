"""One server that answers in every protocol the examples speak. What it says is the same each time: "Blue."."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sdk.scripted import Reply, answer, aws_event_stream
from sdk.servers import CHUNKS, COMPLETION, USAGE_CHUNK, Json, Request, _Handler, serving

TEXT = "Blue."
PIECES = ("Bl", "ue.")


@dataclass
class EveryProvider:
    url: str = ""
    requests: list[Request] = field(default_factory=list)


def openai_chat(body: Json) -> Reply:
    """Mistral's chat is told apart by its models: its usage comes unasked, in the last chunk."""
    if not body.get("stream"):
        return answer(COMPLETION)
    if body["model"].startswith("mistral"):
        return _events(*CHUNKS[:-1], {**CHUNKS[-1], "usage": COMPLETION["usage"]})
    asked = (body.get("stream_options") or {}).get("include_usage")
    return _events(*CHUNKS, *([USAGE_CHUNK] if asked else []))


def openai_responses(body: Json) -> Reply:
    said = {"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}
    message = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [said]}
    usage = {
        "input_tokens": 30,
        "input_tokens_details": {"cached_tokens": 10},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 35,
    }
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1760000000,
        "status": "completed",
        "model": "gpt-4o-mini-2024-07-18",
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
    }
    if not body.get("stream"):
        return answer(response)
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    events = [
        {"type": "response.created", "response": {**response, "status": "in_progress", "output": [], "usage": None}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**message, "content": []}},
        {"type": "response.content_part.added", **place, "part": {**said, "text": ""}},
        *({"type": "response.output_text.delta", **place, "delta": each, "logprobs": []} for each in PIECES),
        {"type": "response.output_text.done", **place, "text": TEXT, "logprobs": []},
        {"type": "response.output_item.done", "output_index": 0, "item": message},
        {"type": "response.completed", "response": response},
    ]
    return _events(*({**event, "sequence_number": number} for number, event in enumerate(events)))


def openai_embeddings(body: Json) -> Reply:
    data = [
        {"object": "embedding", "index": place, "embedding": "AACAPwAAAEA="} for place, _ in enumerate(body["input"])
    ]
    usage = {"prompt_tokens": 8, "total_tokens": 8}
    return answer({"object": "list", "model": body["model"], "data": data, "usage": usage})


def anthropic_messages(body: Json) -> Reply:
    """The first time it wants the tool."""
    wants_tool = bool(body.get("tools")) and "tool_result" not in json.dumps(body["messages"])
    tool = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"place": "Bergen"}}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        "content": [tool if wants_tool else {"type": "text", "text": TEXT}],
        "stop_reason": "tool_use" if wants_tool else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 20, "cache_read_input_tokens": 100, "output_tokens": 5},
    }
    if not body.get("stream"):
        return answer(message)
    begun = {**message, "content": [], "stop_reason": None}
    return _events(
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": t}} for t in PIECES),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    )


def google_generate(_body: Json) -> Reply:
    return answer(_google(TEXT, finishReason="STOP"))


def google_stream(_body: Json) -> Reply:
    return _events(_google(PIECES[0]), _google(PIECES[1], finishReason="STOP"))


def _google(text: str, **more: str) -> Json:
    return {
        "candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0, **more}],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13},
        "modelVersion": "gemini-2.0-flash-001",
        "responseId": "g1",
    }


def cohere_chat(_body: Json) -> Reply:
    message = {"role": "assistant", "content": [{"type": "text", "text": TEXT}]}
    tokens = {"input_tokens": 50, "output_tokens": 6}
    return answer(
        {
            "id": "c1",
            "finish_reason": "COMPLETE",
            "message": message,
            "usage": {"billed_units": tokens, "tokens": tokens},
        }
    )


def cohere_rerank(body: Json) -> Reply:
    results = [{"index": place, "relevance_score": 0.9 - place / 10} for place in range(body["top_n"])]
    meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}
    return answer({"id": "r1", "results": results, "meta": meta})


_BEDROCK_USAGE = {"usage": {"inputTokens": 11, "outputTokens": 3, "totalTokens": 14}, "metrics": {"latencyMs": 40}}


def bedrock_converse(_body: Json) -> Reply:
    message = {"role": "assistant", "content": [{"text": TEXT}]}
    return answer({"output": {"message": message}, "stopReason": "end_turn", **_BEDROCK_USAGE})


def bedrock_stream(_body: Json) -> Reply:
    return aws_event_stream(
        [
            ("messageStart", {"role": "assistant"}),
            *(("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": piece}}) for piece in PIECES),
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("messageStop", {"stopReason": "end_turn"}),
            ("metadata", _BEDROCK_USAGE),
        ]
    )


ROUTES: tuple[tuple[str, Callable[[Json], Reply]], ...] = (
    (r"/chat/completions", openai_chat),
    (r"/v1/responses", openai_responses),
    (r"/v1/embeddings", openai_embeddings),
    (r"/v1/messages", anthropic_messages),
    (r":generateContent", google_generate),
    (r":streamGenerateContent", google_stream),
    (r"/v2/chat", cohere_chat),
    (r"/v2/rerank", cohere_rerank),
    (r"/converse", bedrock_converse),
    (r"/converse-stream", bedrock_stream),
)


@contextmanager
def every_provider() -> Iterator[EveryProvider]:
    found = EveryProvider()

    class Handler(_Handler):
        def do_POST(self) -> None:  # noqa: N802  http.server finds it by this name
            request = self.received()
            found.requests.append(request)
            reply = _reply(request)
            self.answer(reply.status, reply.body, reply.content_type)

    with serving(Handler) as found.url:
        yield found


def _reply(request: Request) -> Reply:
    path = re.split(r"[?#]", request.path)[0]
    for end, reply in ROUTES:
        if re.search(rf"{end}\Z", path):
            return reply(json.loads(request.body))
    return answer({"error": {"message": f"no such path: {path}"}}, 404)


def _events(*events: Any) -> Reply:
    """Server-sent events; each that has a type is named by it, others end as OpenAI's do."""
    named = [f"event: {event['type']}\n" if "type" in event else "" for event in events]
    body = "".join(f"{name}data: {json.dumps(event)}\n\n" for name, event in zip(named, events, strict=True))
    done = "data: [DONE]\n\n" if "choices" in events[0] else ""
    return Reply((body + done).encode(), content_type="text/event-stream")
