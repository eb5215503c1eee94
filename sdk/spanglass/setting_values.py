"""What is written in a variable, or given to ``init`` -> the value of a setting, or a sentence about what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which values a setting may have."""

    minimum: float
    maximum: float
    allowed: tuple[str, ...]


def is_true(text: str | None) -> bool:
    """Whether a variable says yes."""
    return (text or "").strip().lower() in _TRUE


def _read_text(value: object, bounds: Bounds) -> str:
    if not isinstance(value, str):
        message = f"a text is needed, not {type(value).__name__}"
        raise TypeError(message)
    if bounds.allowed and value.lower() not in bounds.allowed:
        message = f"{value!r} is none of {', '.join(bounds.allowed)}"
        raise ValueError(message)
    return value.lower() if bounds.allowed else value


def _read_switch(value: object, _bounds: Bounds) -> bool:
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        message = f"{text!r} is neither true nor false"
        raise ValueError(message)
    return text in _TRUE


def _read_number(kind: type[int | float]) -> Callable[[object, Bounds], float]:
    def read(value: object, bounds: Bounds) -> float:
        number = kind(str(value))
        if not bounds.minimum <= number < float("inf") or number > bounds.maximum:
            most = "" if bounds.maximum == float("inf") else f", the most {bounds.maximum:g}"
            message = f"{number} is out of range, the least is {bounds.minimum:g}{most}"
            raise ValueError(message)
        return number

    return read


def _read_list(value: object, _bounds: Bounds) -> tuple[str, ...]:
    if isinstance(value, str):
        value = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
    if not isinstance(value, Iterable) or not all(isinstance(item, str) for item in value):
        message = "a list of texts is needed"
        raise TypeError(message)
    return tuple(item.strip() for item in value if item.strip())


READ: Final[dict[type, Callable[[object, Bounds], object]]] = {  # by the type of the default
    str: _read_text,
    bool: _read_switch,
    int: _read_number(int),
    float: _read_number(float),
    tuple: _read_list,
}
