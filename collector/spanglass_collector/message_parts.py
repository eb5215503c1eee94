"""Parts of chat messages, as every provider and library writes them, to OpenTelemetry's. Pure.

Parts are those of the GenAI conventions (v1.41.1, ``gen-ai-input-messages.json``): ``text`` (content), ``reasoning``
(content), ``tool_call`` (id, name, arguments), ``tool_call_response`` (id, response), ``uri``, ``blob`` and ``file``
(modality, …). Anything else a client sent as a part is kept as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from spanglass_collector.values import as_text, from_json

Part: TypeAlias = dict[str, Any]
ReadPart: TypeAlias = Callable[[Part], Part]


def text_part(content: object) -> Part:
    """A part of plain text."""
    return {"type": "text", "content": content if isinstance(content, str) else as_text(content)}  # type: ignore[arg-type]


def reasoning_part(content: object) -> Part:
    """What a model thought, as one text: it may be told as a list of paragraphs, also as JSON text of one."""
    if isinstance(content, str) and content.startswith("[{"):
        content = from_json(content) or content
    if isinstance(content, list):
        content = "\n\n".join(as_text(each.get("text") if isinstance(each, dict) else each) for each in content)
    return {"type": "reasoning", "content": as_text(content)}  # type: ignore[arg-type]


def tool_call(call_id: object, name: object, arguments: object) -> Part:
    """A model asking for a tool. Arguments that are a JSON object in a text are unpacked."""
    if isinstance(arguments, str):
        unpacked = from_json(arguments)
        arguments = unpacked if isinstance(unpacked, dict | list) else arguments
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": arguments}


def tool_response(call_id: object, response: object) -> Part:
    """What a tool answered; parts that are nothing but text are that text."""
    if isinstance(response, list) and response:
        parts = list(parts_of(response))
        if all(part.get("type") == "text" for part in parts):
            response = plain_text(parts)
        elif len(parts) == 1 and "json" in parts[0]:
            response = parts[0]["json"]
    return {"type": "tool_call_response", "id": call_id, "response": response}


def parts_of(content: Any) -> Iterator[Part]:
    """The parts of a message's content: one text, one part, or a list of both."""
    if content is None or content == "":
        return
    for item in content if isinstance(content, list) else [content]:
        if isinstance(item, dict):
            yield _part(item)
        elif item not in (None, ""):
            yield text_part(item)


def tool_calls_of(calls: Any) -> Iterator[Part]:
    """Tool calls that a message has beside its content: OpenAI's, with a function in each, and LangChain's without."""
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            inner = call.get("function")
            function = inner if isinstance(inner, dict) else call
            arguments = function.get("arguments", function.get("args"))
            yield tool_call(call.get("id") or call.get("call_id"), function.get("name"), arguments)


def plain_text(parts: Iterable[Part]) -> str:
    """The contents of text parts, a line each."""
    return "\n".join(as_text(part.get("content")) for part in parts)


def _part(item: Part) -> Part:
    read = _BY_TYPE.get(str(item.get("type", "")))
    if read is not None:
        return read(item)
    if "type" not in item:
        for key, read_key in _BY_KEY.items():
            if item.get(key) is not None:
                return read_key(item)
    return item


def _text(item: Part) -> Part:
    content = item.get("content", item.get("text"))
    return reasoning_part(content) if item.get("thought") is True else text_part(content)


def _reasoning(item: Part) -> Part:
    return reasoning_part(item.get("content") or item.get("text") or item.get("thinking") or item.get("summary"))


def _image(item: Part) -> Part:
    image = item.get("image_url", item)
    return {"type": "uri", "modality": "image", "uri": image.get("url") if isinstance(image, dict) else image}


def _image_source(item: Part) -> Part:
    """Anthropic's image: by address or as base64."""
    source = item.get("source")
    if not isinstance(source, dict):
        return item
    if source.get("type") == "url":
        return {"type": "uri", "modality": "image", "uri": source.get("url")}
    return {
        "type": "blob",
        "modality": "image",
        "mime_type": source.get("media_type"),
        "content": source.get("data"),
    }


def _tool_result(item: Part) -> Part:
    """The AI SDK's: the result lies in ``output.value``, in old releases in ``result``."""
    output = item.get("output", item.get("result"))
    value = output.get("value", output) if isinstance(output, dict) and "type" in output else output
    return tool_response(item.get("toolCallId"), value)


def _inside(key: str, read: ReadPart) -> ReadPart:
    """The reader of a part that lies under a key of its own."""

    def read_inside(item: Part) -> Part:
        inner = item[key]
        return read(inner) if isinstance(inner, dict) else item

    return read_inside


def _bedrock_reasoning(inner: Part) -> Part:
    text = inner.get("reasoningText")
    return reasoning_part(text.get("text") if isinstance(text, dict) else inner.get("text"))


def _function_call(inner: Part) -> Part:
    return tool_call(inner.get("id"), inner.get("name"), inner.get("args", inner.get("arguments")))


def _function_response(inner: Part) -> Part:
    return tool_response(inner.get("id"), inner.get("response"))


_BY_TYPE: Final[Mapping[str, ReadPart]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "refusal": lambda p: text_part(p.get("refusal")),
    "reasoning": _reasoning,
    "thinking": _reasoning,
    "image": _image_source,
    "image_url": _image,
    "input_image": _image,
    "tool_call": lambda p: tool_call(p.get("id"), p.get("name"), p.get("arguments", p.get("args"))),
    "tool-call": lambda p: tool_call(p.get("toolCallId"), p.get("toolName"), p.get("input", p.get("args"))),
    "tool_use": lambda p: tool_call(p.get("id"), p.get("name"), p.get("input")),
    "function_call": lambda p: tool_call(p.get("call_id") or p.get("id"), p.get("name"), p.get("arguments")),
    "tool_call_response": lambda p: tool_response(p.get("id"), p.get("response", p.get("result"))),
    "tool-result": _tool_result,
    "tool_result": lambda p: tool_response(p.get("tool_use_id"), p.get("content")),
    "function_call_output": lambda p: tool_response(p.get("call_id"), p.get("output")),
}
"""Part type on the wire to the reader of it: OpenTelemetry's own, OpenAI's (both interfaces), Anthropic's, the AI
SDK's, LangChain's."""

_BY_KEY: Final[Mapping[str, ReadPart]] = {
    "text": _text,
    "toolUse": _inside("toolUse", lambda p: tool_call(p.get("toolUseId"), p.get("name"), p.get("input"))),
    "toolResult": _inside("toolResult", lambda p: tool_response(p.get("toolUseId"), p.get("content"))),
    "reasoningContent": _inside("reasoningContent", _bedrock_reasoning),
    "functionCall": _inside("functionCall", _function_call),
    "function_call": _inside("function_call", _function_call),
    "functionResponse": _inside("functionResponse", _function_response),
    "function_response": _inside("function_response", _function_response),
    "toolRequest": _inside("toolRequest", lambda p: tool_call(p.get("ref"), p.get("name"), p.get("input"))),
    "toolResponse": _inside("toolResponse", lambda p: tool_response(p.get("ref"), p.get("output"))),
    "reasoning": lambda p: reasoning_part(p["reasoning"]),
    "media": _inside("media", lambda p: {"type": "uri", "modality": "", "uri": p.get("url")}),
}
"""Of parts without a type, the key that says what they are: Bedrock's, Google's and Genkit's."""
