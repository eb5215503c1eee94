"""What a page, a rule or a request is narrowed to, as a value: hashable, comparable, nothing of SQL in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

MODEL: Final = "if(response_model != '', response_model, request_model)"

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "service": "service",
        "environment": "environment",
        "release": "release",
        "name": "name",
        "kind": "kind",
        "status": "status",
        "provider": "provider",
        "model": MODEL,
        "request_model": "request_model",
        "response_model": "response_model",
        "user_id": "user_id",
        "session_id": "session_id",
        "prompt_name": "prompt_name",
        "prompt_version": "prompt_version",
        "tag": "tags",
        "error_type": "error_type",
    }
)
"""What can be filtered by and grouped by, and the expression that gives it. ``tag`` is a list: any of them."""

SCORE_NAME: Final = "score_name"  # a filter of scores only

Values = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """All of these hold. ``values``: sorted (field, accepted values) pairs; ``search``: what the text contains (see
    ``search``); ``excluded``: fields and values they must not have; ``attributes``: keys and accepted values, where a
    key is that of a span's attribute, or ``metadata.`` or ``resource.`` and a key of those.
    """

    values: Values = ()
    search: str = ""
    excluded: Values = ()
    attributes: Values = ()

    @staticmethod
    def of(search: str = "", **fields: Iterable[str]) -> Filters:
        """Filters by keyword. Empty values filter nothing. Raises ValueError for a field that does not exist."""
        return Filters(_known(fields, [*FIELDS, SCORE_NAME]), search)

    def excluding(self, **fields: Iterable[str]) -> Filters:
        """The same filters without what has one of these values. Raises ValueError for a field that does not exist."""
        return replace(self, excluded=_known(fields, list(FIELDS)))

    def with_attributes(self, attributes: Mapping[str, Iterable[str]]) -> Filters:
        """The same filters for what has these attributes, each with one of the values."""
        return replace(self, attributes=_sorted(attributes))

    @staticmethod
    def from_plain(data: Mapping[str, Any]) -> Filters:
        """The filters of ``dataclasses.asdict``, also after JSON made lists of its tuples; parts may be missing.

        Raises ValueError for a field that does not exist, ValueError or TypeError for another shape.
        """
        parts = {name: dict(data.get(name, ())) for name in ("values", "excluded", "attributes")}
        wanted = Filters.of(str(data.get("search", "")), **parts["values"])
        return wanted.excluding(**parts["excluded"]).with_attributes(parts["attributes"])

    def get(self, field: str) -> tuple[str, ...]:
        """The accepted values of ``field``; empty where it is not filtered."""
        return dict(self.values).get(field, ())

    def with_(self, field: str, values: Iterable[str]) -> Filters:
        """The same filters with ``field`` set to ``values``; no values remove it. Raises ValueError as ``of``."""
        return replace(self, values=Filters.of("", **{**dict(self.values), field: tuple(values)}).values)

    def without_status(self) -> Filters:
        """The same filters without the status, wanted or not: a trace has one of its own."""
        kept = tuple((field, values) for field, values in self.excluded if field != "status")
        return replace(self.with_("status", ()), excluded=kept)


def _known(pairs: Mapping[str, Iterable[str]], names: Sequence[str]) -> Values:
    for name in pairs:
        if name not in names:
            msg = f"unknown filter {name!r}; known: {', '.join(names)}"
            raise ValueError(msg)
    return _sorted(pairs)


def _sorted(pairs: Mapping[str, Iterable[str]]) -> Values:
    taken = ((name, tuple(values)) for name, values in sorted(pairs.items()))
    return tuple((name, values) for name, values in taken if values)
