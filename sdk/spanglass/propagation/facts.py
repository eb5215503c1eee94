"""Our facts (user, session, tags, metadata, prompt) as one entry of W3C baggage, and back.

One entry, so that on the far side it is known what is ours: it becomes facts again and leaves the baggage, and other
libraries there do not send it on to whomever they talk to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus

import orjson
from opentelemetry import baggage
from opentelemetry import context as otel_context

from spanglass import semconv
from spanglass.context import AMBIENT_KEY, NOTHING, ambient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context

MAX_FACTS_BYTES: Final = 3_072
"""Of the entry as it travels; servers commonly refuse headers beyond 8 KB, and the application has baggage as well."""

_TEXTS: Final = (semconv.USER_ID, semconv.SESSION_ID, semconv.PROMPT_NAME, semconv.PROMPT_VERSION)
_FOREIGN: Final = (semconv.USER_ID, semconv.SESSION_ID)  # entries of baggage that others name as OpenTelemetry does


def with_facts(context: Context) -> Context:
    """``context`` with its facts in its baggage."""
    entry = to_entry(ambient(context))
    return baggage.set_baggage(semconv.BAGGAGE_FACTS, entry, context) if entry else context


def take_facts(context: Context) -> Context:
    """``context`` with the facts that are in its baggage added to its own, and ours out of the baggage."""
    entries = baggage.get_all(context)
    told = {name: str(entries[name]) for name in _FOREIGN if entries.get(name)}
    if semconv.BAGGAGE_FACTS in entries:
        told |= from_entry(str(entries[semconv.BAGGAGE_FACTS]))
        context = baggage.remove_baggage(semconv.BAGGAGE_FACTS, context)
    if not told:
        return context
    own = ambient(context)
    tags = [*dict.fromkeys((*own.get(semconv.TAGS, ()), *told.get(semconv.TAGS, ())))]
    merged = {**own, **told, **({semconv.TAGS: tags} if tags else NOTHING)}
    return otel_context.set_value(AMBIENT_KEY, merged, context)


def to_entry(facts: Mapping[str, Any]) -> str:
    """The facts as JSON text, short enough; what has no room is left out, metadata first. Empty without any."""
    order = (*_TEXTS, semconv.TAGS, *(name for name in facts if name.startswith(semconv.METADATA_PREFIX)))
    kept: dict[str, Any] = {}
    room = MAX_FACTS_BYTES - _travelling_bytes({})
    for name in order:
        if name in facts and (size := _travelling_bytes({name: facts[name]})) <= room:
            kept[name] = facts[name]
            room -= size
    return orjson.dumps(kept).decode() if kept else ""


def from_entry(entry: str) -> dict[str, Any]:
    """The facts of an entry. Anyone may have sent it: what is not of the right sort is left out."""
    try:
        told = orjson.loads(entry)
    except orjson.JSONDecodeError:
        return {}
    return {name: value for name, value in told.items() if _is_fact(name, value)} if isinstance(told, dict) else {}


def _is_fact(name: str, value: object) -> bool:
    if name in _TEXTS:
        return isinstance(value, str)
    if name == semconv.TAGS:
        return isinstance(value, list) and all(isinstance(tag, str) for tag in value)
    return name.startswith(semconv.METADATA_PREFIX) and isinstance(value, str | int | float | bool)


def _travelling_bytes(facts: Mapping[str, Any]) -> int:
    return len(quote_plus(orjson.dumps(facts)))
