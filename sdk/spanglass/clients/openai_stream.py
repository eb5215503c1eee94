"""The chunks of a streamed chat completion, put together again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spanglass.clients.openai_fields import fields

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]


def completion_from_chunks(chunks: Iterable[Any], content: bool) -> Json:
    """The completion that these ``ChatCompletionChunk`` objects tell in pieces, as JSON values.

    Texts and arguments are joined, the last of everything else counts. Choices come in the order of their index.
    """
    completion: Json = {}
    choices: dict[int, Json] = {}
    for chunk in chunks:
        for name in ("id", "model", "system_fingerprint", "service_tier", "usage"):
            value = getattr(chunk, name, None)
            if value is not None:
                completion[name] = value
        for choice in map(fields, getattr(chunk, "choices", None) or ()):
            new: Json = {"finish_reason": None, "message": {"role": "assistant"}}
            told = choices.setdefault(choice.get("index") or 0, new)
            told["finish_reason"] = choice.get("finish_reason") or told["finish_reason"]
            _add(told["message"], fields(choice.get("delta") or {}))
    if "usage" in completion:
        completion["usage"] = fields(completion["usage"])
    told_by_index = [choices[index] for index in sorted(choices)]
    completion["choices"] = [
        _joined(told) if content else {"finish_reason": told["finish_reason"]} for told in told_by_index
    ]
    return completion


def _add(message: Json, delta: Json) -> None:
    """Texts are collected in lists, tool calls by their index."""
    for name, value in delta.items():
        match name, value:
            case _, None:
                continue
            case "role", str():
                message[name] = value
            case "tool_calls", list():
                calls = message.setdefault(name, {})
                for call in value:
                    told = fields(call)
                    _add_call(calls.setdefault(told.get("index", len(calls)), {"function": {}}), told)
            case "function_call", _:
                _add_call(message.setdefault(name, {"function": {}}), {"function": value})
            case "audio", _:
                audio = message.setdefault(name, {"transcript": []})
                told = fields(value)
                audio["id"] = told.get("id") or audio.get("id")
                audio["transcript"].append(told.get("transcript") or "")
            case _, str():
                message.setdefault(name, []).append(value)


def _add_call(call: Json, told: Json) -> None:
    call["id"] = told.get("id") or call.get("id")
    function = fields(told.get("function") or {})
    if function.get("name"):
        call["function"]["name"] = function["name"]
    call["function"].setdefault("arguments", []).append(function.get("arguments") or "")


def _joined(choice: Json) -> Json:
    message = choice["message"]
    whole: Json = {name: "".join(value) if isinstance(value, list) else value for name, value in message.items()}
    if "audio" in message:
        whole["audio"] = {**message["audio"], "transcript": "".join(message["audio"]["transcript"])}
    if "tool_calls" in message:
        whole["tool_calls"] = [_joined_call(message["tool_calls"][index]) for index in sorted(message["tool_calls"])]
    if "function_call" in message:
        whole["function_call"] = _joined_call(message["function_call"])["function"]
    return {**choice, "message": whole}


def _joined_call(call: Json) -> Json:
    function = call["function"]
    return {**call, "function": {**function, "arguments": "".join(function.get("arguments", ()))}}
