"""Objects of the openai package as the fields they have. Pure; the package itself is not needed."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def fields(model: Any) -> Json:
    """The fields of a response object, the ones the package does not know included, without serialising them anew."""
    if isinstance(model, dict):
        return model
    return {**vars(model), **(getattr(model, "__pydantic_extra__", None) or {})}


def completion_fields(completion: Any, content: bool) -> Json:
    """A ``ChatCompletion`` as JSON values; without ``content`` only its figures."""
    told = fields(completion)
    kept = {name: told.get(name) for name in ("id", "model", "system_fingerprint", "service_tier")}
    usage = told.get("usage")
    choices = [fields(choice) for choice in told.get("choices") or ()]
    return {
        **kept,
        "usage": None if usage is None else {name: _nested(value) for name, value in fields(usage).items()},
        "choices": [
            _choice(choice) if content else {"finish_reason": choice.get("finish_reason")} for choice in choices
        ],
    }


def _choice(choice: Json) -> Json:
    message = fields(choice["message"])
    told = {name: value for name, value in message.items() if value is not None and name not in _NOT_SAID}
    for name in ("tool_calls", "function_call", "audio"):
        if name in told:
            told[name] = _nested(told[name])
    return {"finish_reason": choice.get("finish_reason"), "message": told}


_NOT_SAID = frozenset({"parsed", "annotations"})
"""``parsed`` is the content again as the application's own type."""


def _nested(value: Any) -> Any:
    if isinstance(value, list):
        return [_nested(item) for item in value]
    if hasattr(value, "__pydantic_extra__"):
        return {name: _nested(item) for name, item in fields(value).items()}
    return value
