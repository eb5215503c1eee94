"""An alert in words: the same sentence on the card, in the preview and in the notice. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass_store.measures import MEASURES
from spanglass_store.numbers import format_value
from spanglass_store.query import Filters
from spanglass_store.rules import Rule, Transition

FIELD_LABELS: Final[Mapping[str, str]] = {
    "service": "service",
    "environment": "environment",
    "release": "release",
    "name": "span",
    "kind": "kind",
    "status": "status",
    "provider": "provider",
    "model": "model",
    "request_model": "requested model",
    "response_model": "served model",
    "user_id": "user",
    "session_id": "session",
    "prompt_name": "prompt",
    "prompt_version": "prompt version",
    "tag": "tag",
    "error_type": "error",
    "score_name": "score",
}
"""What a filter is called in a sentence."""

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration_text(seconds: int) -> str:
    """``90`` as ``1 min 30 s``, ``300`` as ``5 min``, ``0`` as ``0 s``."""
    parts = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def rough_text(seconds: int) -> str:
    """The largest unit only: ``5400`` as ``1 h``; for how long ago something was."""
    return duration_text(next((seconds // size * size for size, _ in _UNITS if seconds >= size), 0))


def value_text(rule: Rule, value: float | None) -> str:
    """``value`` in the unit of the rule's measure; ``no data`` for None."""
    return "no data" if value is None else format_value(MEASURES[rule.measure], value)


def condition_text(rule: Rule) -> str:
    """``Latency p95 above 2.00 s over 5 min, for 10 min``."""
    words = (
        f"{MEASURES[rule.measure].label} {rule.comparison} {value_text(rule, rule.threshold)} "
        f"over {duration_text(rule.window_seconds)}"
    )
    return f"{words}, for {duration_text(rule.for_seconds)}" if rule.for_seconds else words


def scope_text(filters: Filters) -> str:
    """``service shop · model gpt-5 or gpt-5-mini · user not bot``; empty where everything is watched."""
    parts = [f"{FIELD_LABELS[field]} {' or '.join(values)}" for field, values in filters.values]
    parts += [f"{FIELD_LABELS[field]} not {' or '.join(values)}" for field, values in filters.excluded]
    parts += [f"{key} {' or '.join(values)}" for key, values in filters.attributes]
    return " · ".join([*parts, f"text “{filters.search}”"] if filters.search else parts)


def transition_text(rule: Rule, transition: Transition) -> str:
    """What was seen when the state changed: ``Latency p95 at 3.21 s, above 2.00 s``."""
    label = MEASURES[rule.measure].label
    if not rule.enabled:
        return "Paused"
    if transition.value is None:
        return f"{label} had no data"
    seen = f"{label} at {value_text(rule, transition.value)}"
    threshold = value_text(rule, transition.threshold)
    if transition.to_state in ("pending", "firing"):
        return f"{seen}, {rule.comparison} {threshold}"
    return f"{seen}, no longer {rule.comparison} {threshold}"
