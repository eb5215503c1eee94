"""OpenAI's chat completions, request and response as JSON values -> the attributes of a span. Pure.

Messages become OpenTelemetry's shape (https://github.com/open-telemetry/semantic-conventions-genai): a role and a
list of parts. What this module does not know is kept as it came, so that a new kind of content is seen and not lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from spanglass import semconv
from spanglass.capture import wire_value
from spanglass.clients import parts
from spanglass.usage import usage_attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Json = dict[str, Any]

_MAX_PARAMETER_BYTES: Final = 16_384
_NO_PARAMETERS: Final = frozenset(
    {"messages", "model", "tools", "functions", "stream", "stream_options", "prompt", "input"}
)
_SPEAKERS: Final = frozenset({"system", "developer", "user", "assistant"})
_RESPONSE: Final = {
    "id": semconv.RESPONSE_ID,
    "model": semconv.RESPONSE_MODEL,
    "system_fingerprint": semconv.SYSTEM_FINGERPRINT,
    "service_tier": semconv.SERVICE_TIER,
}


def request_attributes(request: Mapping[str, Any]) -> Json:
    """Requested model, parameters, messages and tools of the keyword arguments of ``chat.completions.create``."""
    found: Json = {
        semconv.REQUEST_PREFIX + name: wire_value(value, _MAX_PARAMETER_BYTES)
        for name, value in request.items()
        if name not in _NO_PARAMETERS and value is not None
    }
    if isinstance(request.get("model"), str):
        found[semconv.REQUEST_MODEL] = request["model"]
    if request.get("stream"):
        found[semconv.REQUEST_STREAM] = True
    if isinstance(request.get("messages"), list):
        found[semconv.INPUT_MESSAGES] = to_json(map(to_message, request["messages"]))
    tools = request.get("tools") or request.get("functions")
    if isinstance(tools, list):
        found[semconv.TOOL_DEFINITIONS] = to_json(tools)
    return found


def response_attributes(response: Mapping[str, Any]) -> Json:
    """Served model, id, fingerprint, tier, usage, finish reasons and messages of a chat completion."""
    found: Json = {name: response[key] for key, name in _RESPONSE.items() if isinstance(response.get(key), str)}
    found |= usage_attributes(response.get("usage"))
    choices = [choice for choice in _list(response.get("choices")) if isinstance(choice, dict)]
    reasons = [str(choice["finish_reason"]) for choice in choices if choice.get("finish_reason")]
    if reasons:
        found[semconv.FINISH_REASONS] = reasons
    messages = [_choice_message(choice) for choice in choices if isinstance(choice.get("message"), dict)]
    if messages:
        found[semconv.OUTPUT_MESSAGES] = to_json(messages)
    return found


def to_json(value: Iterable[object]) -> bytes:
    """A JSON list, as UTF-8: what sends it needs it so, and text of other letters than ASCII's takes twice the memory."""
    return orjson.dumps(list(value))


def text_message(role: str, content: str) -> Json:
    """A message of one text."""
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def to_message(message: object) -> Json:
    """One chat message with its parts in the order in which they are read."""
    if not isinstance(message, dict):
        return text_message("unknown", str(message))
    role = str(message.get("role", "unknown"))
    content = message.get("content")
    if len(message) == 2 and type(content) is str and content and role in _SPEAKERS:  # most messages are this plain
        return {"role": role, "parts": [{"type": "text", "content": content}]}
    if role in {"tool", "function"}:
        return {"role": role, "parts": [parts.tool_response(message.get("tool_call_id"), _joined(content))]}
    said = [
        *_reasoning(message),
        *_content_parts(content),
        *([{"type": "refusal", "content": message["refusal"]}] if message.get("refusal") else ()),
        *_sound(message.get("audio")),
        *map(_tool_call, _list(message.get("tool_calls"))),
        *([_called(None, message["function_call"])] if isinstance(message.get("function_call"), dict) else ()),
    ]
    named = {"name": message["name"]} if message.get("name") else {}
    return {"role": role, **named, "parts": said}


def _choice_message(choice: Json) -> Json:
    message = to_message({name: said for name, said in choice["message"].items() if said is not None})
    return message | ({"finish_reason": choice["finish_reason"]} if choice.get("finish_reason") else {})


def _reasoning(message: Json) -> list[Json]:
    """Told by DeepSeek, vLLM and others as ``reasoning_content``, by OpenRouter as ``reasoning``."""
    thought = message.get("reasoning_content") or message.get("reasoning")
    return [parts.reasoning(thought)] if isinstance(thought, str) else []


def _content_parts(content: object) -> list[Json]:
    match content:
        case str():
            return [parts.text(content)] if content else []
        case list():
            return [_part(item) for item in content]
        case _:
            return []


def _part(item: object) -> Json:
    if not isinstance(item, dict):
        return parts.text(item)
    read = _PARTS.get(str(item.get("type")))
    return read(item) if read else item


def _image(item: Json) -> Json:
    image = item.get("image_url")
    image = image if isinstance(image, dict) else {"url": image}
    detail = {"detail": image["detail"]} if image.get("detail") else {}
    return parts.uri(str(image.get("url", "")), "image") | detail


def _audio(item: Json) -> Json:
    sound = _object(item.get("input_audio"))
    return parts.blob(sound.get("data", ""), f"audio/{sound.get('format', 'unknown')}", "audio")


def _file(item: Json) -> Json:
    file = _object(item.get("file"))
    name = {"name": file["filename"]} if file.get("filename") else {}
    if file.get("file_id"):
        return parts.file(file["file_id"], "document") | name
    return parts.uri(str(file.get("file_data", "")), "document") | name


_PARTS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "text": lambda item: parts.text(item.get("text", "")),
    "refusal": lambda item: {"type": "refusal", "content": item.get("refusal", "")},
    "image_url": _image,
    "input_audio": _audio,
    "file": _file,
}


def _sound(audio: object) -> list[Json]:
    """The model's spoken answer: what was said, and the name the provider keeps the recording under."""
    if not isinstance(audio, dict):
        return []
    said = {"transcript": audio["transcript"]} if audio.get("transcript") else {}
    return [{**parts.file(audio.get("id"), "audio"), **said}]


def _tool_call(call: object) -> Json:
    if not isinstance(call, dict):
        return {"type": "tool_call", "name": str(call)}
    return _called(call.get("id"), _object(call.get("function") or call.get("custom")))


def _called(call_id: object, called: Json) -> Json:
    return parts.tool_call(call_id, called.get("name"), called.get("arguments", called.get("input")))


def _joined(content: object) -> object:
    """A tool's answer in text parts is that text; anything else is kept as it is."""
    if isinstance(content, list) and all(isinstance(item, dict) and item.get("type") == "text" for item in content):
        return "".join(str(item.get("text", "")) for item in content)
    return content


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
