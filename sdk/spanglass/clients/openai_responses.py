"""OpenAI's responses: request and answer as JSON values -> the attributes of a span. Pure.

What goes in and what comes out is a list of items: messages, thoughts, calls of tools, answers of tools. A run of items
of the assistant is one message, as it would be in a chat completion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanglass import semconv
from spanglass.clients import facts, parts
from spanglass.clients.facts import dicts
from spanglass.usage import usage_attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]

_NO_PARAMETERS: Final = frozenset(
    {"input", "instructions", "model", "tools", "stream", "stream_options", "conversation"}
)


def responses_request(sent: Json) -> Json:
    """Of the keyword arguments of ``responses.create`` and ``parse``."""
    instructions, asked = sent.get("instructions"), sent.get("input")
    system = [parts.text(instructions)] if isinstance(instructions, str) else _said(instructions)
    said = [{"role": "user", "parts": [parts.text(asked)]}] if isinstance(asked, str) else to_messages(asked)
    told = facts.request(
        model=sent.get("model"),
        parameters={name: value for name, value in sent.items() if name not in _NO_PARAMETERS},
        stream=sent.get("stream"),
        system=system,
        messages=said,
        tools=sent.get("tools"),
    )
    return told | _conversation(sent.get("conversation"))


def responses_response(answer: Json) -> Json:
    """Of a response; without its ``output`` only of its figures."""
    reason = facts.nested(answer.get("incomplete_details")).get("reason") or answer.get("status")
    told = {
        semconv.RESPONSE_ID: answer.get("id"),
        semconv.RESPONSE_MODEL: answer.get("model"),
        semconv.SERVICE_TIER: answer.get("service_tier"),
        **_conversation(answer.get("conversation")),
    }
    output = answer.get("output")
    said = _said(output) if isinstance(output, list) else None
    return facts.response(told, usage=usage_attributes(answer.get("usage")), finish_reason=reason, parts=said)


def to_messages(items: object) -> list[Json]:
    """Items as messages, in their order."""
    messages: list[Json] = []
    for item in dicts(items):
        message = _message(item)
        if messages and message["role"] == messages[-1]["role"] == "assistant":
            messages[-1]["parts"] += message["parts"]
        else:
            messages.append(message)
    return messages


def _said(items: object) -> list[Json]:
    return [part for message in to_messages(items) for part in message["parts"]]


def _message(item: Json) -> Json:
    kind = str(item.get("type", "message"))
    if kind == "message":
        return {"role": str(item.get("role", "unknown")), "parts": _content(item.get("content"))}
    if read := _ITEMS.get(kind):
        return {"role": "assistant", "parts": read(item)}
    if kind.endswith(("_output", "_response")):
        response = next((item[name] for name in ("output", "tools", "approve") if name in item), None)
        response = _content(response) if isinstance(response, list) else response
        answered = parts.joined(response) if isinstance(response, list) else response
        call_id = item.get("call_id") or item.get("approval_request_id")
        return {"role": "tool", "parts": [parts.tool_response(call_id, answered)]}
    if kind.endswith("_call"):
        return {"role": "assistant", "parts": _built_in(item)}
    return {"role": str(item.get("role", "unknown")), "parts": [item]}


def _content(content: object) -> list[Json]:
    if isinstance(content, str):
        return [parts.text(content)] if content else []
    return [_PARTS[kind](item) if (kind := str(item.get("type"))) in _PARTS else item for item in dicts(content)]


def _text(item: Json) -> Json:
    cited = {"annotations": item["annotations"]} if item.get("annotations") else {}
    return parts.text(item.get("text", "")) | cited


def _image(item: Json) -> Json:
    detail = {"detail": item["detail"]} if item.get("detail") else {}
    if item.get("file_id"):
        return parts.file(item["file_id"], "image") | detail
    return parts.uri(str(item.get("image_url", "")), "image") | detail


def _file(item: Json) -> Json:
    name = {"name": item["filename"]} if item.get("filename") else {}
    if item.get("file_id"):
        return parts.file(item["file_id"], "document") | name
    return parts.uri(str(item.get("file_url") or item.get("file_data", "")), "document") | name


def _audio(item: Json) -> Json:
    sound = facts.nested(item.get("input_audio"))
    return parts.blob(sound.get("data", ""), f"audio/{sound.get('format', 'unknown')}", "audio")


def _reasoning(item: Json) -> list[Json]:
    """The thoughts themselves where they are told, else their summary, else that there were some."""
    thoughts = dicts(item.get("content")) or dicts(item.get("summary"))
    told = [parts.reasoning(thought.get("text", "")) for thought in thoughts]
    return told or ([parts.hidden_reasoning()] if item.get("encrypted_content") else [])


def _called(item: Json) -> list[Json]:
    arguments = item.get("arguments", item.get("input"))
    return [parts.tool_call(item.get("call_id") or item.get("id"), item.get("name"), arguments)]


def _remote(item: Json) -> list[Json]:
    """A tool that the provider called on a server: what was asked, and what came back."""
    called = parts.tool_call(item.get("id"), item.get("name"), item.get("arguments"))
    server = {"server": item["server_label"]} if item.get("server_label") else {}
    outcome = item.get("output") or item.get("error")
    return [called | server, *([parts.tool_response(item.get("id"), outcome)] if outcome else ())]


def _picture(item: Json) -> list[Json]:
    asked = {name: item[name] for name in ("revised_prompt", "size", "quality") if item.get(name)}
    made = item.get("result")
    picture = [parts.blob(made, f"image/{item.get('output_format') or 'png'}", "image")] if made else []
    return [parts.tool_call(item.get("id"), "image_generation", asked), *picture]


_BUILT_IN: Final = {
    "web_search_call": ("action", ""),
    "file_search_call": ("queries", "results"),
    "computer_call": ("action", ""),
    "code_interpreter_call": ("code", "outputs"),
    "local_shell_call": ("action", ""),
    "shell_call": ("action", ""),
    "apply_patch_call": ("operation", ""),
    "tool_search_call": ("arguments", ""),
}
"""Item of a tool of OpenAI's own -> its field that says what was asked, and the one that says what came back."""


def _built_in(item: Json) -> list[Json]:
    kind = str(item["type"])
    asks, tells = _BUILT_IN.get(kind, ("action", "output"))
    call_id = item.get("call_id") or item.get("id")
    called = parts.tool_call(call_id, kind.removesuffix("_call"), item.get(asks))
    return [called, *([parts.tool_response(call_id, item[tells])] if item.get(tells) else ())]


_ITEMS: Final[Mapping[str, Callable[[Json], list[Json]]]] = {
    "reasoning": _reasoning,
    "function_call": _called,
    "custom_tool_call": _called,
    "mcp_call": _remote,
    "mcp_approval_request": _remote,
    "image_generation_call": _picture,
}

_PARTS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "input_text": _text,
    "output_text": _text,
    "text": _text,
    "refusal": lambda item: {"type": "refusal", "content": item.get("refusal", "")},
    "input_image": _image,
    "input_file": _file,
    "input_audio": _audio,
}


def _conversation(conversation: object) -> Json:
    told = conversation.get("id") if isinstance(conversation, dict) else conversation
    return {semconv.CONVERSATION_ID: told} if isinstance(told, str) else {}
