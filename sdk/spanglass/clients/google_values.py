"""Arguments and answers of the google-genai package as JSON values. Runs on the caller's thread.

Signatures and tokens that only Google can read are left out. A Python function given as a tool is told by its name,
its docstring and its annotations; the schema that the package makes of it with every request costs too much to make twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from spanglass.clients.sparse import given, sparse

Json = dict[str, Any]

_UNREADABLE: Final = frozenset({"thought_signature", "continuation_token"})
_NOT_SENT: Final = frozenset(
    {
        "automatic_continuation",
        "automatic_function_calling",
        "http_options",
        "include_all_fields",
        "should_return_http_response",
    }
)
_CONTENT: Final = frozenset(
    {"system_instruction", "tools", "response_schema", "response_json_schema", "labels", "title"}
)
_TIER_HEADER: Final = "x-gemini-service-tier"


def request_values(arguments: Mapping[str, Any], content: bool) -> Json:
    """``model``, ``contents`` and ``config`` as far as they are given; without ``content`` model and parameters."""
    config = _fields(arguments.get("config"))
    left_out = _NOT_SENT if content else _NOT_SENT | _CONTENT
    kept = {name: value for name, value in config.items() if value is not None and name not in left_out}
    if "tools" in kept:
        kept["tools"] = [_tool(tool) for tool in kept["tools"]]
    told = {"model": arguments.get("model"), "config": sparse(kept, _UNREADABLE)}
    return told | ({"contents": _contents(arguments.get("contents"))} if content else {})


def answer_values(response: Any, content: bool) -> Json:
    """A ``GenerateContentResponse``; without ``content`` its figures."""
    fields = _fields(response)
    http = _fields(fields.get("sdk_http_response"))
    if http.get("body"):  # the caller asked for the HTTP response as it came
        fields = _fields(orjson.loads(http["body"]))
    headers = http.get("headers") or {}
    told = {
        "id": fields.get("response_id"),
        "model": fields.get("model_version"),
        "usage": sparse(given(_fields(fields.get("usage_metadata")))),
        "tier": next((tier for name, tier in headers.items() if name.lower() == _TIER_HEADER), None),
        "blocked": _fields(fields.get("prompt_feedback")).get("block_reason"),
        "candidates": [_candidate(each, content) for each in fields.get("candidates") or ()],
    }
    return given(told)


def embedding_values(response: Any, content: bool) -> Json:  # noqa: ARG001  vectors are not recorded either way
    """Of an ``EmbedContentResponse`` how many vectors of which length, and the tokens they took; never the vectors."""
    fields = _fields(response)
    vectors = [_fields(each) for each in fields.get("embeddings") or ()]
    counts = [_fields(each.get("statistics")).get("token_count") for each in vectors]
    return {
        "vectors": len(vectors),
        "dimensions": len(vectors[0].get("values") or ()) if vectors else None,
        "usage": sparse(fields.get("usage_metadata")),
        "counts": counts if counts and None not in counts else None,
    }


def snake_keys(told: Json) -> Json:
    """Google takes and gives both ``finishReason`` and ``finish_reason``."""
    return {"".join(f"_{c.lower()}" if c.isupper() else c for c in name): value for name, value in told.items()}


def _fields(value: Any) -> Json:
    if isinstance(value, dict):
        return snake_keys(value)
    return vars(value) if hasattr(value, "__dict__") else {}


def _candidate(candidate: Any, content: bool) -> Json:
    fields = _fields(candidate)
    told: Json = {"index": fields.get("index"), "finish_reason": fields.get("finish_reason")}
    if content:
        parts = _fields(fields.get("content")).get("parts") or ()
        told["parts"] = [sparse(part, _UNREADABLE) for part in parts]
        told["finish_message"] = fields.get("finish_message")
    return given(told)


def _contents(contents: Any) -> Any:
    if isinstance(contents, list):
        return [_contents(item) for item in contents]
    if type(contents).__module__.startswith("PIL."):
        return {"image": {"format": contents.format, "width": contents.width, "height": contents.height}}
    return sparse(contents, _UNREADABLE)


def _tool(tool: Any) -> Any:
    """A tool as it is, or what is plain to see of a Python function; anything else by the name of its kind."""
    if isinstance(tool, dict) or hasattr(type(tool), "__pydantic_fields__"):
        return tool
    if not callable(tool):
        return {"type": type(tool).__name__}
    annotations = getattr(tool, "__annotations__", {})
    return {
        "function": getattr(tool, "__name__", type(tool).__name__),
        "description": getattr(tool, "__doc__", None),
        "annotations": {name: getattr(kind, "__name__", str(kind)) for name, kind in annotations.items()},
    }
