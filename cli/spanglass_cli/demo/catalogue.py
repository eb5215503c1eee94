"""What the shop can look up: help articles, products, orders, and how complete an answer is. Pure."""

from __future__ import annotations

import random
import re
from typing import Final

from spanglass_cli.demo.topics import TOPICS, Topic

SHOP: Final = "Alder Outdoor"

ORDER_NUMBER: Final = re.compile(r"\bAO-(\d{5})\b")

PRODUCTS: Final = (
    "Ridge 2 tent",
    "Larch 2 tent",
    "Moss 400 sleeping bag",
    "Drizzle jacket",
    "Granite boots",
    "Fir 38 backpack",
)
STATUSES: Final = ("being packed", "on its way", "out for delivery", "delivered", "waiting for the payment")
AVAILABILITIES: Final = (
    "in stock, 14 pieces",
    "in stock, the last 2 pieces",
    "sold out until the 12th",
    "in stock in two colours",
)

STOP_WORDS: Final = frozenset(
    "a an and are be before can do does for have how i if in is it me my of on or the to what which will you".split()  # noqa: SIM905 - a list to read, not to edit
)


def words_of(text: str) -> frozenset[str]:
    """The words that carry meaning, in lower case."""
    return frozenset(re.findall(r"[a-z]{2,}", text.lower())) - STOP_WORDS


def relevance(topic: Topic, question: str) -> float:
    """0 (nothing in common) to 1: how well the topic's article fits the question."""
    words = words_of(question)
    hits = 2 * len(words & topic.keywords) + len(words & words_of(topic.article))
    return min(1.0, hits / 6)


def search(question: str, limit: int = 3) -> list[tuple[Topic, float]]:
    """The best articles with their relevance, best first; ties in the order of the catalogue."""
    ranked = sorted(((topic, relevance(topic, question)) for topic in TOPICS), key=lambda pair: -pair[1])
    return [(topic, round(score, 3)) for topic, score in ranked[:limit]]


def topic_of(question: str) -> Topic:
    """The topic a question is about: the one most of its keywords point at."""
    words = words_of(question)
    return max(TOPICS, key=lambda topic: (len(words & topic.keywords), relevance(topic, question)))


def find_order(number: str) -> dict[str, str]:
    """The order with this number. Raises LookupError for one that does not exist (those ending in 7)."""
    if number.endswith("7"):
        msg = f"no order {number}"
        raise LookupError(msg)
    chance = random.Random(number)
    return {
        "order": number,
        "item": chance.choice(PRODUCTS),
        "status": chance.choice(STATUSES),
        "expected": f"{chance.choice(('Monday', 'Tuesday', 'Thursday', 'Friday'))}, before 18:00",
    }


def check_stock(product: str) -> dict[str, str]:
    """Availability of a product of the catalogue. Raises LookupError for any other."""
    if product not in PRODUCTS:
        msg = f"no product {product!r}"
        raise LookupError(msg)
    return {"item": product, "availability": random.Random(product).choice(AVAILABILITIES)}


def quality(question: str, answer: str) -> float:
    """0 to 1: the share of the facts a complete answer has that are in this one. What the shop's own check computes."""
    facts = topic_of(question).facts
    return round(sum(_is_told(fact, answer) for fact in facts) / len(facts), 3)


def _is_told(fact: str, answer: str) -> bool:
    """Whether the words around the places to fill are there."""
    return all(piece in answer for piece in re.split(r"\{\w+\}", fact))
