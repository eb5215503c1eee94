"""How an alert stands, as it is shown: a badge, a line about the last change, the table of all changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from spanglass_store.alerting.evaluate import NS, standing_from
from spanglass_store.alerting.words import duration_text, rough_text
from spanglass_store.rules import Rule, Transition

Color = Literal["red", "orange", "green", "gray"]


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in a word, an icon and a colour. ``order``: what wants attention comes first."""

    label: str
    icon: str
    color: Color
    order: int


FIRING: Final = Badge("Firing", "notifications_active", "red", 0)
PENDING: Final = Badge("Pending", "hourglass_top", "orange", 1)
NO_DATA: Final = Badge("No data", "help", "gray", 2)
OK: Final = Badge("OK", "check_circle", "green", 3)
PAUSED: Final = Badge("Paused", "pause_circle", "gray", 4)

CHANGES: Final[Mapping[tuple[str, str], str]] = {
    ("inactive", "pending"): "Pending",
    ("inactive", "firing"): "Fired",
    ("pending", "firing"): "Fired",
    ("pending", "inactive"): "Calm again",
    ("firing", "resolved"): "Resolved",
    ("firing", "inactive"): "Paused",
    ("firing", "firing"): "Notice",
    ("resolved", "resolved"): "Notice",
}
CHANGE_COLORS: Final = {
    "Fired": "red",
    "Pending": "orange",
    "Resolved": "green",
    "Calm again": "gray",
    "Paused": "gray",
    "Notice": "blue",
}


def badge_of(rule: Rule, last: Transition | None, *, has_value: bool) -> Badge:
    """The badge of a rule from its newest transition and whether its measure has a value now."""
    if not rule.enabled:
        return PAUSED
    match standing_from(last).status:
        case "firing":
            return FIRING
        case "pending":
            return PENDING
        case _:
            return OK if has_value else NO_DATA


def last_change_text(rule: Rule, last: Transition | None, now_ns: int) -> str:
    """``Firing for 12 min``, ``Resolved 3 h ago``, ``Has never fired``."""
    if last is None:
        return "Has not fired yet"
    ago = rough_text(max(0, now_ns - last.at_ns) // NS)
    if rule.enabled and last.to_state in ("pending", "firing"):
        since = rough_text(max(0, now_ns - last.since_ns) // NS)
        return f"{'Firing' if last.to_state == 'firing' else 'Over the threshold'} for {since}"
    return f"{CHANGES.get((last.from_state, last.to_state), last.to_state)} {ago} ago"


def changes_frame(transitions: Sequence[Transition], rules: Iterable[Rule], timezone: str) -> pd.DataFrame:
    """The table of changes, one row a transition. Columns: when (local), alert, change (list of one), what, lasted,
    notice. ``lasted`` is how long an alert that resolved had been bad.
    """
    names = {rule.rule_id: rule.name for rule in rules}
    return pd.DataFrame(
        {
            "when": pd.to_datetime([t.at_ns for t in transitions], utc=True, unit="ns").tz_convert(timezone),
            "alert": [names.get(t.rule_id, "deleted") for t in transitions],
            "change": [[CHANGES.get((t.from_state, t.to_state), t.to_state)] for t in transitions],
            "what": [t.message for t in transitions],
            "lasted": [
                duration_text((t.at_ns - t.since_ns) // NS) if t.from_state == "firing" != t.to_state else ""
                for t in transitions
            ],
            "notice": [t.notified for t in transitions],
        }
    )
