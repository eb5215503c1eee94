"""What a page is narrowed to, from the address: fields, what is left out, attributes, bounds. Pure.

Everything is text that somebody may have typed. What says nothing is left out and named by ``not_understood``; the rest
reaches ClickHouse as bound parameters only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from spanglass_store.queries.trace_filters import TraceBounds
from spanglass_store.query import Filters

STATUSES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"ok": ("ok", "unset"), "error": ("error",)})
"""What can be asked for, and the statuses of spans it means: most that went well say nothing at all (OpenTelemetry)."""
MAX_TEXT: Final = 500
EXCLUDED: Final = "not"
ATTRIBUTES: Final = "attr"
SEARCH: Final = "q"
IS_NOT: Final = "!="
EQUALS: Final = "="
SCORE: Final = "score"


@dataclass(frozen=True, slots=True)
class Field:
    """A ``field`` of ``spanglass_store.filters.FIELDS``, and what the bar calls it."""

    field: str
    label: str


FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "service": Field("service", "Service"),
        "model": Field("model", "Model"),
        "env": Field("environment", "Environment"),
        "status": Field("status", "Status"),
        "user": Field("user_id", "User"),
        "session": Field("session_id", "Session"),
        "prompt": Field("prompt_name", "Prompt"),
        "version": Field("prompt_version", "Prompt version"),
        "tag": Field("tag", "Tag"),
        "release": Field("release", "Release"),
        "name": Field("name", "Span name"),
        "kind": Field("kind", "Kind"),
        "error": Field("error_type", "Error"),
        "provider": Field("provider", "Provider"),
        "asked": Field("request_model", "Model asked for"),
        "answered": Field("response_model", "Model that answered"),
    }
)
"""By the parameter of the address."""
PARAM_OF: Final[Mapping[str, str]] = MappingProxyType({each.field: param for param, each in FIELDS.items()})


@dataclass(frozen=True, slots=True)
class Bound:
    """A number of ``TraceBounds``, called ``label``; ``step`` is how far one click moves it."""

    name: str
    label: str
    step: float


BOUNDS: Final[Mapping[str, Bound]] = MappingProxyType(
    {
        "min_cost": Bound("min_cost_usd", "Cost from ($)", 0.01),
        "min_tokens": Bound("min_tokens", "Tokens from", 1000),
        "min_duration": Bound("min_duration_seconds", "Duration from (s)", 1.0),
        "max_duration": Bound("max_duration_seconds", "Duration to (s)", 1.0),
        "score_above": Bound("score_above", "Score above", 0.1),
        "score_below": Bound("score_below", "Score below", 0.1),
    }
)
OF_SCORES: Final = ("score_above", "score_below")
LISTS: Final = (*FIELDS, EXCLUDED, ATTRIBUTES)
"""Parameters that may be there several times."""
PARAMS: Final = (*LISTS, *BOUNDS, SCORE, SEARCH)
OF_THE_API: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{field: param for field, param in PARAM_OF.items() if field != param},
        **{bound.name: param for param, bound in BOUNDS.items() if bound.name != param},
        "search": SEARCH,
    }
)
"""What the API calls a parameter: an address may say it so too."""

_COUNT: Final = re.compile("\u2063 · [\\d,]+$")


def counted(value: str, count: int) -> str:
    """``value`` with how often it occurs, as an option is shown. Streamlit writes into the address what an option shows,
    so the count begins with a character that nobody types and nobody sees.
    """
    return f"{value}\u2063 · {count:,}"


def uncounted(text: str) -> str:
    """The value of ``counted``; any other text as it is."""
    return _COUNT.sub("", text)


def filters_from_state(state: Mapping[str, Any]) -> Filters:
    """Filters of a mapping URL parameter -> list of texts, with the search words under ``q``."""
    fields = {each.field: texts(state.get(param)) for param, each in FIELDS.items()}
    fields["status"] = tuple(each for asked in fields["status"] for each in STATUSES.get(asked, ()))
    excluded: dict[str, list[str]] = {}
    for field, value in filter(None, map(excluded_from_text, texts(state.get(EXCLUDED)))):
        excluded.setdefault(field, []).extend(STATUSES.get(value, (value,)) if field == "status" else (value,))
    attributes: dict[str, list[str]] = {}
    for key, value in filter(None, map(attribute_from_text, texts(state.get(ATTRIBUTES)))):
        attributes.setdefault(key, []).append(value)
    return Filters.of(search=text(state.get(SEARCH)), **fields).excluding(**excluded).with_attributes(attributes)


def bounds_from_state(state: Mapping[str, Any]) -> TraceBounds:
    """Bounds of whole traces. Those of a score hold for the one that is named, so without a name there are none."""
    name = text(state.get(SCORE))
    numbers = {param: number(state.get(param)) for param in BOUNDS}
    kept = {BOUNDS[p].name: value for p, value in numbers.items() if name or p not in OF_SCORES}
    return TraceBounds(**kept, score_name=name)  # type: ignore[arg-type]


def not_understood(state: Mapping[str, Any]) -> tuple[str, ...]:
    """Texts of the address that should leave something out or name an attribute, and do neither."""
    readers = ((EXCLUDED, excluded_from_text), (ATTRIBUTES, attribute_from_text))
    return tuple(each for param, read in readers for each in texts(state.get(param)) if read(each) is None)


def excluded_from_text(text_: str) -> tuple[str, str] | None:
    """The field and the value of ``model!=gpt-4o``; None for any other text."""
    named, sign, value = (part.strip() for part in text_.partition(IS_NOT))
    param = OF_THE_API.get(named, named)
    return (FIELDS[param].field, value) if sign and value and param in FIELDS else None


def attribute_from_text(text_: str) -> tuple[str, str] | None:
    """The key and the value of ``metadata.plan=pro``; None for any other text."""
    key, sign, value = text_.partition(EQUALS)
    return (key.strip(), value) if sign and key.strip() else None


def texts(value: Any) -> tuple[str, ...]:
    """One text or several, each once, without the empty ones and without counts."""
    values: Iterable[Any] = value if isinstance(value, (list, tuple)) else [value]
    return tuple(dict.fromkeys(each for each in map(text, values) if each))


def text(value: Any) -> str:
    """One text; of several the first."""
    first = value if not isinstance(value, (list, tuple)) else next(iter(value), "")
    return uncounted(str(first or "")).strip()[:MAX_TEXT]


def number(value: Any) -> float | None:
    """A number; None for none, and for one without an end."""
    first = value if not isinstance(value, (list, tuple)) else next(iter(value), None)
    try:
        found = float(first) if first is not None else math.nan
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None
