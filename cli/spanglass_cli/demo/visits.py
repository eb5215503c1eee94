"""Who asks the shop what, and when. Pure: the same seed and the same hours give the same visits."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from spanglass_cli.demo.catalogue import PRODUCTS, SHOP
from spanglass_cli.demo.model import CAREFUL_PHRASE
from spanglass_cli.demo.topics import TOPICS

SEED: Final = 20_260
SECOND_NS: Final = 1_000_000_000
SLOT_SECONDS: Final = 600
SESSIONS_A_SLOT: Final = 1.25
"""On average over a day; each session asks one to three times."""

MODEL_SHARES: Final = {"gpt-4o": 0.5, "gpt-4o-mini": 0.3, "gpt-4.1-mini": 0.2}

PROMPT_NAME: Final = "support-answer"
PROMPTS: Final = {
    "3": f"You are the assistant of {SHOP}. Answer from the articles below, briefly and politely.\n\n{{articles}}",
    "4": f"You are the assistant of {SHOP}. {CAREFUL_PHRASE} that matters for the question, in plain sentences. "
    "If the articles do not say, admit it.\n\n{articles}",
}

PLANS: Final = ("free", "free", "member", "member", "guide")
USERS: Final = tuple(f"user-{number:03d}" for number in range(1, 49))


@dataclass(frozen=True, slots=True)
class Visit:
    """One question at one moment. ``number`` seeds everything that is left to chance while it is answered."""

    number: int
    at_ns: int
    user_id: str
    session_id: str
    plan: str
    question: str
    model: str
    prompt_version: str
    tags: tuple[str, ...]

    @property
    def chance(self) -> random.Random:
        """A fresh generator, the same for the same visit."""
        return random.Random(self.number)


def visits_between(start_ns: int, end_ns: int) -> Iterator[Visit]:
    """Visits with ``start_ns`` <= time < ``end_ns``, in order of time within each slot of ten minutes.

    Half-open, and every slot is seeded by its own time: two calls for adjoining spans of time give together what one
    call for the whole gives.
    """
    slot_ns = SLOT_SECONDS * SECOND_NS
    for slot in range(start_ns // slot_ns - 1, end_ns // slot_ns + 1):  # a session may run into the next slot
        for visit in sorted(_visits_of_slot(slot), key=lambda visit: visit.at_ns):
            if start_ns <= visit.at_ns < end_ns:
                yield visit


def visits_now(seed: int) -> Iterator[Visit]:
    """Visits without end and without a time of their own (``at_ns`` 0): one question a session."""
    chance = random.Random(seed)
    while True:
        yield _visit(chance, at_ns=0, session_id=f"live-{chance.getrandbits(40):010x}", user_id=chance.choice(USERS))


def busyness(hour_utc: float, weekday: int) -> float:
    """Traffic against the average of a week: quiet before dawn, busy at noon and again in the evening; a third less
    at weekends (weekday 5 and 6).
    """
    noon = math.exp(-(((hour_utc - 12.5) / 3.5) ** 2))
    evening = 0.8 * math.exp(-(((hour_utc - 19.5) / 2.0) ** 2))
    return (0.25 + 1.9 * (noon + evening)) * (0.67 if weekday >= 5 else 1.0)


def _visits_of_slot(slot: int) -> Iterator[Visit]:
    chance = random.Random(SEED * 1_000_003 + slot)
    start = datetime.fromtimestamp(slot * SLOT_SECONDS, UTC)
    sessions = _poisson(SESSIONS_A_SLOT * busyness(start.hour + start.minute / 60, start.weekday()), chance)
    for _ in range(sessions):
        at_ns = slot * SLOT_SECONDS * SECOND_NS + chance.randrange(SLOT_SECONDS * SECOND_NS)
        user_id, session_id = chance.choice(USERS), f"s-{chance.getrandbits(40):010x}"
        for _ in range(chance.choice((1, 1, 2, 3))):
            yield _visit(chance, at_ns=at_ns, session_id=session_id, user_id=user_id)
            at_ns += int(chance.uniform(25, 110) * SECOND_NS)


def _visit(chance: random.Random, *, at_ns: int, session_id: str, user_id: str) -> Visit:
    topic = chance.choice(TOPICS)
    question = chance.choice(topic.questions).format(
        order=f"{chance.randrange(10_000, 99_999)}", product=chance.choice(PRODUCTS)
    )
    plan = PLANS[USERS.index(user_id) % len(PLANS)]
    return Visit(
        number=chance.getrandbits(62),
        at_ns=at_ns,
        user_id=user_id,
        session_id=session_id,
        plan=plan,
        question=question,
        model=chance.choices(tuple(MODEL_SHARES), tuple(MODEL_SHARES.values()))[0],
        prompt_version=chance.choice(tuple(PROMPTS)),
        tags=("shop", "web" if chance.random() < 0.7 else "app"),
    )


def _poisson(mean: float, chance: random.Random) -> int:
    """A Poisson draw by Knuth's multiplication method (The Art of Computer Programming, 3.4.1): fine for small means."""
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count
