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
    own: Json = model.__dict__
    return {**own, **extra} if extra else own


def completion_values(completion: Any, content: bool) -> tuple[Json, int | None]:
    """A ``ChatCompletion`` as values of its own, and about how many bytes they take.

    Without ``content`` only its figures. The size is None when more is said in it than texts.
    """
    told = fields(completion)
    usage = told.get("usage")
    size: int | None = _FIGURES_BYTES
    choices = []
    for choice in map(fields, told.get("choices") or ()):
        reason = {"finish_reason": choice.get("finish_reason")}
        if content:
            said = fields(choice.get("message") or {})
            if _TEXTS.issuperset(map(type, said.values())):
                reason["message"] = said.copy()
                size = size and size + sum(map(len, filter(None, said.values())))
            else:
                reason["message"] = {name: plain(value) for name, value in said.items() if name not in _NOT_SAID}
                size = None
        choices.append(reason)
    return {
        "id": told.get("id"),
        "model": told.get("model"),
        "system_fingerprint": told.get("system_fingerprint"),
        "service_tier": told.get("service_tier"),
        "usage": None if usage is None else plain(usage),
        "choices": choices,
    }, size


def completion_fields(completion: Any, content: bool) -> Json:
    """The same, the values alone."""
    return completion_values(completion, content)[0]


_TEXTS: Final = frozenset({str, type(None)})
_FIGURES_BYTES: Final = 2_000  # of a completion in which nothing was said
_NOT_SAID: Final = frozenset({"parsed", "annotations"})
"""``parsed`` is the content again as the application's own type."""
