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
    own: Json = model.__dict__
    extra = getattr(model, "__pydantic_extra__", None)
    return {**own, **extra} if extra else own


def completion_values(completion: Any, content: bool) -> tuple[Json, int | None]:
    """A ``ChatCompletion`` as values of its own, and about how many bytes they take.

    Without ``content`` only its figures. The size is None when more is said in it than texts.
    """
    told = fields(completion)
    size: int | None = _FIGURES_BYTES
    choices = []
    for choice in told.get("choices") or ():
        kept = fields(choice)
        reason = {"finish_reason": kept.get("finish_reason")}
        if content:
            message = kept.get("message")
            reason["message"], characters = _said(fields(message)) if message else ({}, 0)
            size = None if size is None or characters is None else size + characters
        choices.append(reason)
    get, usage = told.get, told.get("usage")
    if usage is not None:
        usage = fields(usage)
        usage = usage.copy() if _FIGURES.issuperset(map(type, usage.values())) else plain(usage)
    return {
        "id": get("id"),
        "model": get("model"),
        "system_fingerprint": get("system_fingerprint"),
        "service_tier": get("service_tier"),
        "usage": usage,
        "choices": choices,
    }, size


def _said(message: Json) -> tuple[Json, int | None]:
    """A copy of a message, and how many characters are in it; None when there is more than texts."""
    characters = 0
    for value in message.values():
        if type(value) is str:
            characters += len(value)
        elif value is not None:
            return {name: plain(value) for name, value in message.items() if name not in _NOT_SAID}, None
    return message.copy(), characters


def completion_fields(completion: Any, content: bool) -> Json:
    """The same, the values alone."""
    return completion_values(completion, content)[0]


_FIGURES: Final = frozenset({int, type(None)})
_FIGURES_BYTES: Final = 2_000  # of a completion in which nothing was said
_NOT_SAID: Final = frozenset({"parsed", "annotations"})
"""``parsed`` is the content again as the application's own type."""
