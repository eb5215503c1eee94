"""How good an answer was: the shop's own check, and what some customers say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from spanglass_cli.demo import catalogue
from spanglass_cli.demo.visits import Visit

OPINION_SHARE: Final = 0.45
"""Share of customers who press one of the two buttons below an answer."""

COMPLAINTS: Final = (
    "That did not answer my question.",
    "Half of it is missing.",
    "I had to write to you by mail anyway.",
)
PRAISE: Final = ("Quick and clear!", "Just what I needed.", "", "", "")


@dataclass(frozen=True, slots=True)
class Score:
    """One score, as ``spanglass.score`` takes it."""

    name: str
    value: float | bool
    source: str
    comment: str = ""


def judge(visit: Visit, answer: str) -> list[Score]:
    """``quality`` (0 to 1, by code) for every answer, ``helpful`` (yes or no, by the user) for some.

    The same visit and answer get the same scores.
    """
    quality = catalogue.quality(visit.question, answer)
    scores = [Score("quality", quality, source="code")]
    chance = visit.chance
    if chance.random() < OPINION_SHARE:
        helpful = chance.random() < 0.15 + 0.83 * quality
        scores.append(Score("helpful", helpful, "user", chance.choice(PRAISE if helpful else COMPLAINTS)))
    return scores
