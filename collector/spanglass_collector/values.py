"""Readers: from an attribute value, as some client sent it, to the type a canonical field has. Pure.

Each returns None for "this says nothing usable", never raises, and never guesses.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import orjson

from spanglass_collector.attributes import Value

MAX_TOKENS: Final = 2**32 - 1
MAX_COST_USD: Final = Decimal(10) ** 8


def text(value: Value) -> str | None:
    """The value as text where it is one; numbers and booleans as they are written in JSON."""
    if isinstance(value, str):
        return value or None
    return as_text(value) if isinstance(value, bool | int | float) else None


def as_text(value: Value) -> str:
    """Any value as text: a string as it is, nothing as the empty string, everything else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value)


def said(value: Value) -> str | None:
    """Any value as text; None where that is empty."""
    return as_text(value) or None


def to_json(value: Any) -> str:
    """JSON text; bytes become base64. What is nested deeper than JSON writers go becomes a sentence saying so."""
    try:
        return orjson.dumps(value, default=_plain).decode()
    except orjson.JSONEncodeError:
        return '"[nested too deeply to be kept]"'


def _plain(value: object) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def from_json(value: Value) -> Any:
    """What JSON text holds; the value itself where it is structured already; None for text that is no JSON."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def whole(value: Value) -> int | None:
    """A count from 0 to 2^32 - 1. A float counts where it is whole (126.0), a text where it is digits."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 11 else None
    if isinstance(value, float):
        value = int(value) if math.isfinite(value) and value.is_integer() else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MAX_TOKENS else None


def number(value: Value) -> float | None:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def weight(value: Value) -> float | None:
    """How many calls a sampled one stands for: at least 1."""
    found = number(value)
    return found if found is not None and found >= 1 else None


def dollars(value: Value) -> Decimal | None:
    """US dollars, 0 and up. Reads the digits that were written, not those of the binary fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 <= found < MAX_COST_USD else None


def dollars_not_zero(value: Value) -> Decimal | None:
    """US dollars of a client that writes 0 where it has no price."""
    return dollars(value) or None


def seconds_as_ns(value: Value) -> int | None:
    """Nanoseconds of a duration told in seconds, 0 and up to a day."""
    found = number(value)
    return round(found * 1e9) if found is not None and 0 <= found <= 86_400 else None


def flag(value: Value) -> bool | None:
    """A boolean, also where it is told as text."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def texts(value: Value) -> tuple[str, ...] | None:
    """A list of texts: an array, a JSON array in a text, or one text."""
    items = from_json(value) if isinstance(value, str) and value.startswith("[") else value
    if isinstance(items, str):
        items = [items] if items else []
    if not isinstance(items, list):
        return None
    return tuple(as_text(item) for item in items if item not in (None, "")) or None


def text_map(value: Value) -> Mapping[str, str] | None:
    """A map of texts, from a map or from a JSON object in a text. Names without a value are left out."""
    found = from_json(value)
    if not isinstance(found, dict):
        return None
    return {str(key): as_text(item) for key, item in found.items() if item is not None}


def lower(value: Value) -> str | None:
    """Text in lower case, without surrounding space."""
    found = text(value)
    return found.strip().lower() or None if found else None
