"""Objects of the openai package as the fields they have. Pure; the package itself is not needed."""

from __future__ import annotations

from typing import Any, Final

from spanglass.clients.models import plain

Json = dict[str, Any]


def fields(model: Any) -> Json:
    """The fields of a response object, the ones the package does not know included, without serialising them anew.

    It may be the object's own dictionary: not to be changed.
    """
    if isinstance(model, dict):
        return model
    extra = getattr(model, "__pydantic_extra__", None)
    return {**vars(model), **extra} if extra else vars(model)


def completion_fields(completion: Any, content: bool) -> Json:
    """A ``ChatCompletion`` as JSON values; without ``content`` only its figures."""
    told = fields(completion)
    choices = map(fields, told.get("choices") or ())
    return {
        "id": told.get("id"),
        "model": told.get("model"),
        "system_fingerprint": told.get("system_fingerprint"),
        "service_tier": told.get("service_tier"),
        "usage": usage_fields(told.get("usage")),
        "choices": [_choice(each) if content else {"finish_reason": each.get("finish_reason")} for each in choices],
    }


def usage_fields(usage: Any) -> Json | None:
    """Token counts, those that are told in an object of their own included."""
    if usage is None:
        return None
    return {name: value if type(value) in _ATOMS else fields(value) for name, value in fields(usage).items()}


def _choice(choice: Json) -> Json:
    told = {name: value for name, value in fields(choice.get("message") or {}).items() if value is not None}
    for name in _NOT_SAID & told.keys():
        del told[name]
    for name in _OBJECTS & told.keys():
        told[name] = plain(told[name])
    return {"finish_reason": choice.get("finish_reason"), "message": told}


_ATOMS: Final = frozenset({int, str, float, bool, type(None)})
_OBJECTS: Final = frozenset({"tool_calls", "function_call", "audio"})
_NOT_SAID: Final = frozenset({"parsed", "annotations"})
"""``parsed`` is the content again as the application's own type."""
