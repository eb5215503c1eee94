"""Google's contents, parts and tools, in OpenTelemetry's words. Pure; a part of an unknown kind is kept as it came.

What an application may pass as contents is wide: a text, a part, a content, a file, an image, or a list of any of
these; parts that stand in a row are one message of the user, as the package itself sends them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from spanglass.clients import parts
from spanglass.clients.facts import Json, dicts, nested
from spanglass.clients.google_values import snake_keys

_ROLES: Final = {"model": "assistant", "function": "tool"}
_SCHEMA_TYPES: Final = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
}


def messages_of(contents: object) -> list[Json]:
    """The messages of ``contents`` in any of its forms."""
    messages: list[Json] = []
    loose: list[Json] = []  # parts that stand for themselves, as far as they have come
    for item in contents if isinstance(contents, list) else [contents]:
        if not _is_message(item):
            loose += parts_of(item)
            continue
        messages += _user(loose)
        messages.append(_message(item))
        loose = []
    return [*messages, *_user(loose)]


def parts_of(content: object) -> list[Json]:
    """The parts of a text, a part, a content, or a list of these."""
    match content:
        case None:
            return []
        case list():
            return [part for item in content for part in parts_of(item)]
        case {"parts": list() as held}:
            return parts_of(held)
        case dict():
            return [part_of(content)] if content else []
        case _:
            return [parts.text(content)]


def part_of(part: Json) -> Json:
    """One part."""
    known = snake_keys(part)
    for name, read in _PARTS.items():
        if name in known:
            return read(known)
    return part


def tool_definitions(tools: object) -> list[Json]:
    """Functions one by one as ``{type: function, name, description, parameters}``; Google's own tools by name."""
    return [definition for tool in dicts(tools) for definition in _definitions(snake_keys(tool))]


def _is_message(item: object) -> bool:
    return isinstance(item, list) or (isinstance(item, dict) and ("parts" in item or "role" in item))


def _message(item: Any) -> Json:
    said = parts_of(item)
    role = str(item.get("role") or "user") if isinstance(item, dict) else "user"
    if said and all(part["type"] == "tool_call_response" for part in said if "type" in part):
        role = "function"
    return {"role": _ROLES.get(role, role), "parts": said}


def _user(loose: list[Json]) -> list[Json]:
    return [{"role": "user", "parts": loose}] if loose else []


def _text(part: Json) -> Json:
    return parts.reasoning(part["text"]) if part.get("thought") else parts.text(part["text"])


def _blob(part: Json) -> Json:
    data = snake_keys(nested(part["inline_data"]))
    return parts.blob(data.get("data", ""), data.get("mime_type"), _modality(data)) | _named(data)


def _file_data(part: Json) -> Json:
    return _located(snake_keys(nested(part["file_data"])), "file_uri")


def _located(data: Json, address: str) -> Json:
    mime_type = {"mime_type": data["mime_type"]} if data.get("mime_type") else {}
    return parts.uri(str(data.get(address, "")), _modality(data)) | mime_type | _named(data)


def _named(data: Json) -> Json:
    return {"name": data["display_name"]} if data.get("display_name") else {}


def _modality(data: Json) -> str:
    family = str(data.get("mime_type") or "").partition("/")[0]
    return family if family in {"image", "audio", "video"} else "document"


def _call(part: Json) -> Json:
    called = snake_keys(nested(part["function_call"]))
    pieces = {"partial_args": called["partial_args"]} if called.get("partial_args") else {}
    return parts.tool_call(called.get("id"), called.get("name"), called.get("args")) | pieces


def _response(part: Json) -> Json:
    answered = snake_keys(nested(part["function_response"]))
    held = [_held(snake_keys(each)) for each in dicts(answered.get("parts"))]
    told = parts.tool_response(answered.get("id"), answered.get("response"))
    return told | {"name": answered.get("name")} | ({"parts": held} if held else {})


def _held(part: Json) -> Json:
    return next((read(part) for name, read in _HELD.items() if name in part), part)


def _server_call(part: Json) -> Json:
    called = snake_keys(nested(part["tool_call"]))
    return parts.tool_call(called.get("id"), str(called.get("tool_type", "")).lower(), called.get("args"))


def _server_response(part: Json) -> Json:
    answered = snake_keys(nested(part["tool_response"]))
    return parts.tool_response(answered.get("id"), answered.get("response"))


def _code(part: Json) -> Json:
    code = nested(part["executable_code"])
    arguments = {name: code[name] for name in ("language", "code") if name in code}
    return parts.tool_call(code.get("id"), "code_execution", arguments)


def _code_result(part: Json) -> Json:
    result = nested(part["code_execution_result"])
    told = {name: result[name] for name in ("outcome", "output") if name in result}
    return parts.tool_response(result.get("id"), told)


def _image(part: Json) -> Json:
    """An image object of Pillow, whose bytes the package makes when it sends it."""
    image = nested(part["image"])
    mime_type = f"image/{str(image.get('format') or 'png').lower()}"
    return {
        "type": "blob",
        "modality": "image",
        "mime_type": mime_type,
        "size": [image.get("width"), image.get("height")],
    }


_HELD: Final[Mapping[str, Callable[[Json], Json]]] = {"inline_data": _blob, "file_data": _file_data}
_PARTS: Final[Mapping[str, Callable[[Json], Json]]] = {
    **_HELD,
    "function_call": _call,
    "function_response": _response,
    "executable_code": _code,
    "code_execution_result": _code_result,
    "tool_call": _server_call,
    "tool_response": _server_response,
    "text": _text,
    "file_uri": lambda part: _located(part, "file_uri"),
    "uri": lambda part: _located(part, "uri"),
    "image": _image,
}
"""The field that says what a part is -> its reader."""


def _definitions(tool: Json) -> list[Json]:
    if "function" in tool:
        return [_function(tool)]
    if isinstance(tool.get("type"), str):
        return [tool]
    declared = [_declared(snake_keys(each)) for each in dicts(tool.pop("function_declarations", None))]
    return [*declared, *({"type": name, **nested(value)} for name, value in tool.items())]


def _declared(function: Json) -> Json:
    schema = function.get("parameters") or function.get("parameters_json_schema")
    told = {"type": "function", "name": function.get("name"), "description": function.get("description")}
    return {name: value for name, value in {**told, "parameters": schema}.items() if value is not None}


def _function(tool: Json) -> Json:
    """A Python function: what its annotations say of its parameters."""
    kinds = {name: kind for name, kind in nested(tool.get("annotations")).items() if name != "return"}
    schema = {
        "type": "object",
        "properties": {
            name: {"type": _SCHEMA_TYPES.get(str(kind).partition("[")[0], kind)} for name, kind in kinds.items()
        },
    }
    return _declared({"name": tool["function"], "description": tool.get("description"), "parameters": schema})
